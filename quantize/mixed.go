package quantize

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"time"
)

// ErrTarget is returned when no choice of schemes that was found reaches a Target.
var ErrTarget = errors.New("target out of reach")

// Target is a bound for which the schemes of layers that no rule names are chosen.
//
// With Drop as many layers as the bound allows get 4-bit weights, those first that change the model's answers least for the bytes that
// they save; with Bytes as few as are needed, and with both as few as are needed within the bound. The scheme of the 4-bit layers
// is Options.Weights where that has 4 bits, else Int4.
//
// With Time or Latency as many layers as the bound allows stay float, those first whose quantization changes the answers most for the
// time that it saves; the others are quantized by Options.Weights. With Drop besides, the result is refused where it loses more.
// Bytes does not go together with a bound on time.
type Target struct {
	// Drop is how many of a hundred answers may become wrong on the calibration inputs; where the data have no labels (Labelled),
	// how many may change. 0 means no such bound.
	Drop float64
	// Bytes bounds the weights with their scales and biases as they are stored; 0 means no bound.
	Bytes int
	// Time bounds the time of one input relative to the float model's, as measured on this machine with Options.Threads; 0 means no
	// bound. What is chosen depends on the machine, and may differ from run to run where choices take about the same time.
	Time float64
	// Latency bounds the time of one input instead.
	Latency time.Duration
}

// Labelled is Data that knows the right answers.
type Labelled interface {
	Data
	// Label returns the index of the output that input i should make the greatest.
	Label(i int) int
}

// bits reports whether the target decides between 4 and 8 bits.
func (t Target) bits() bool { return (t.Drop > 0 || t.Bytes > 0) && !t.timed() }

// timed reports whether there is a bound on time.
func (t Target) timed() bool { return t.Time > 0 || t.Latency > 0 }

func (t Target) check(o Options) error {
	switch {
	case !(t.Drop >= 0 && t.Drop <= 100 && t.Time >= 0) || t.Bytes < 0 || t.Latency < 0:
		return fmt.Errorf("%w: target of %v of a hundred answers, %d bytes, %v of the time, %v", ErrOption, t.Drop, t.Bytes, t.Time, t.Latency)
	case t.bits() && (o.Weights == Float || o.Rounding != Reconstruct):
		return fmt.Errorf("%w: a target for bit widths wants quantized weights that are reconstructed", ErrOption)
	case t.timed() && o.Weights == Float:
		return fmt.Errorf("%w: a target for time wants quantized weights", ErrOption)
	case t.timed() && t.Bytes > 0:
		return fmt.Errorf("%w: a target for time and one for bytes: want one of them", ErrOption)
	case t.Time > 0 && t.Latency > 0:
		return fmt.Errorf("%w: two targets for time, %v of the float model's and %v: want one", ErrOption, t.Time, t.Latency)
	}
	return nil
}

// Search is how the bit widths were found.
type Search struct {
	Low    string  `json:"low"`    // scheme of the 4-bit layers
	Judge  string  `json:"judge"`  // what Drop counts
	Inputs int     `json:"inputs"` // that it is counted on
	Trials []Trial `json:"trials"` // in order; the last one is the result
}

// Trial is one choice of bit widths that was measured.
type Trial struct {
	Layers     int     `json:"low_layers"` // with 4 bits
	Bytes      int     `json:"bytes"`      // of the weights
	Drop       float64 `json:"drop"`       // of a hundred answers
	Divergence float64 `json:"divergence"` // mean, from the float model's answers
	Final      bool    `json:"final"`      // measured with all layers rounded one after the other
}

// mostJudged bounds the inputs that answers are counted on.
const mostJudged = 1024

// judge measures answers of models against those of the float model.
type judge struct {
	j      *job
	w      walker // over the inputs judged, spread over all
	inputs int
	right  int         // answers of the float model that are right, of inputs; all of them where there are no labels
	want   []int       // right answers, or those of the float model
	scores [][]float64 // logarithms of the float model's probabilities
}

// newJudge runs the float model.
func (j *job) newJudge() (*judge, error) {
	d := &judge{j: j, w: *j.w}
	d.w.order, d.w.kept = nil, nil
	every := (len(j.w.order) + mostJudged - 1) / mostJudged
	for i := 0; i < len(j.w.order); i += every {
		d.w.order, d.w.kept = append(d.w.order, j.w.order[i]), append(d.w.kept, j.w.kept[i])
	}
	d.inputs = len(d.w.order)
	d.want, d.scores = make([]int, d.inputs), make([][]float64, d.inputs)
	labelled, _ := j.w.data.(Labelled)
	rights := make([]bool, d.inputs)
	err := d.run(nil, func(i int, y []float32) {
		d.scores[i] = logarithms(y)
		d.want[i] = greatest(y)
		rights[i] = true
		if labelled != nil {
			label := labelled.Label(d.w.order[i])
			rights[i] = d.want[i] == label
			d.want[i] = label
		}
	})
	for _, ok := range rights {
		if ok {
			d.right++
		}
	}
	return d, err
}

// run calls visit with the first output of the model with given weights, nil meaning the float model, for every input judged.
func (d *judge) run(weights map[*layer]*packed, visit func(i int, y []float32)) error {
	g := d.j.m.graph
	if weights != nil {
		var err error
		if g, _, err = d.j.m.emit(weights, d.j.quants); err != nil {
			return err
		}
	}
	m, err := d.w.compile(g, g.Outputs[0].Name)
	if err != nil {
		return err
	}
	return d.w.walk([]*machine{m}, func(worker, i, _ int) error {
		visit(i, m.output(worker, 0, nil))
		return nil
	}, nil)
}

// measure returns the drop and the divergence of given weights.
func (d *judge) measure(weights map[*layer]*packed) (drop, divergence float64, err error) {
	rights, parts := make([]bool, d.inputs), make([]float64, d.inputs)
	err = d.run(weights, func(i int, y []float32) {
		rights[i] = greatest(y) == d.want[i]
		for k, q := range logarithms(y) {
			p := d.scores[i][k]
			parts[i] += math.Exp(p) * (p - q)
		}
	})
	right := 0
	for i, ok := range rights {
		if ok {
			right++
		}
		divergence += parts[i] / float64(d.inputs)
	}
	return 100 * float64(d.right-right) / float64(d.inputs), divergence, err
}

// answers are what judge.measure finds.
type answers struct{ Drop, Divergence float64 }

// measureOnce returns the drop and the divergence of given weights, as an earlier run measured them, where it did under this key.
func (d *judge) measureOnce(key string, weights map[*layer]*packed) (drop, divergence float64, err error) {
	var a answers
	if found, err := d.j.kept.get(key, &a); found || err != nil {
		return a.Drop, a.Divergence, err
	}
	if a.Drop, a.Divergence, err = d.measure(weights); err != nil {
		return 0, 0, err
	}
	return a.Drop, a.Divergence, d.j.kept.put(key, a)
}

// greatest returns the index of the greatest number, the first of several.
func greatest(y []float32) int {
	best := 0
	for i, v := range y {
		if v > y[best] {
			best = i
		}
	}
	return best
}

// leastProbability keeps logarithms finite where rounding made a probability 0.
const leastProbability = 1e-6

// logarithms returns the logarithms of the probabilities that scores stand for: of the scores themselves where they sum to 1 and none
// is negative, else of their softmax.
func logarithms(y []float32) []float64 {
	var sum float64
	most, negative := math.Inf(-1), false
	for _, v := range y {
		sum += float64(v)
		most = max(most, float64(v))
		negative = negative || v < 0
	}
	out := make([]float64, len(y))
	if !negative && math.Abs(sum-1) < 0.02 {
		for i, v := range y {
			out[i] = math.Log(max(float64(v), leastProbability))
		}
		return out
	}
	sum = 0
	for _, v := range y {
		sum += math.Exp(float64(v) - most)
	}
	for i, v := range y {
		out[i] = max(float64(v)-most-math.Log(sum), math.Log(leastProbability))
	}
	return out
}

// bytes returns the size of a layer's weights, scales and bias by a scheme.
func (l *layer) bytes(s Scheme) int {
	if s == Float {
		return 4 * l.oc * (l.depth + 1)
	}
	return (l.oc*l.depth*s.Bits()+7)/8 + 8*l.oc
}

// search chooses the bit widths and rounds the weights.
func (j *job) search() error {
	low := Int4
	if j.o.Weights.Bits() == 4 {
		low = j.o.Weights
	}
	d, err := j.newJudge()
	if err != nil {
		return err
	}
	j.searched = &Search{Low: low.String(), Judge: "answers that changed", Inputs: d.inputs}
	if _, ok := j.w.data.(Labelled); ok {
		j.searched.Judge = "right answers lost"
	}
	free := j.freeLayers()
	if len(free) == 0 {
		return fmt.Errorf("%w: rules fix the bits of every layer that does not stay float", ErrOption)
	}
	for _, l := range free {
		j.schemes[l] = Int8
	}
	high, lows, err := j.bothForms(free, low)
	if err != nil {
		return err
	}
	if err := j.sensitivities(d, free, high, lows); err != nil {
		return err
	}
	slices.SortStableFunc(free, func(a, b *layer) int {
		saved := func(l *layer) float64 { return float64(l.bytes(Int8) - l.bytes(low)) }
		return cmp.Compare(j.sensitivity[a]/saved(a), j.sensitivity[b]/saved(b))
	})
	n, err := j.choose(d, free, high, lows, low)
	if err != nil {
		return err
	}
	return j.settle(d, free, n, low)
}

// freeLayers returns the layers whose schemes may be chosen: those that no rule names and that nothing leaves float.
func (j *job) freeLayers() []*layer {
	var free []*layer
	for i, l := range j.m.layers {
		named := slices.ContainsFunc(j.o.Rules, func(r Rule) bool {
			ok, _ := r.matches(l, i, len(j.m.layers))
			return ok
		})
		if !named && j.schemes[l] != Float {
			free = append(free, l)
		}
	}
	return free
}

// bothForms returns the weights with 8 bits in the free layers, and those of the free layers with 4 bits, each fitted to what the
// model with 8 bits hands it.
func (j *job) bothForms(free []*layer, low Scheme) (high, lows map[*layer]*packed, err error) {
	j.roundNearest()
	lows = make(map[*layer]*packed)
	for i, l := range j.m.layers {
		if j.schemes[l] == Float {
			continue
		}
		forms := []*packed{j.weights[l]}
		if slices.Contains(free, l) {
			lows[l] = l.round(low)
			forms = append(forms, lows[l])
		}
		if _, err := j.fit("both forms", l, forms...); err != nil {
			return nil, nil, fmt.Errorf("%s: %w", l.node.Where(), err)
		}
		j.o.Progress("weights with 8 and 4 bits", i+1, len(j.m.layers))
	}
	return maps.Clone(j.weights), lows, nil
}

// sensitivities measures each free layer with 4 bits alone.
func (j *job) sensitivities(d *judge, free []*layer, high, lows map[*layer]*packed) error {
	_, base, err := d.measureOnce("high", high)
	if err != nil {
		return err
	}
	j.sensitivity = make(map[*layer]float64)
	for i, l := range free {
		one := maps.Clone(high)
		one[l] = lows[l]
		_, divergence, err := d.measureOnce(layerKey("sensitivity", l), one)
		if err != nil {
			return err
		}
		j.sensitivity[l] = max(divergence-base, 0)
		j.o.Progress("sensitivity", i+1, len(free))
	}
	return nil
}

// bytes returns the size of all weights with 4 bits in the first n of the free layers.
func (j *job) bytes(free []*layer, n int, low Scheme) (sum int) {
	for _, l := range j.m.layers {
		s := j.schemes[l]
		if at := slices.Index(free, l); at >= 0 {
			if s = Int8; at < n {
				s = low
			}
		}
		sum += l.bytes(s)
	}
	return sum
}

// choose returns how many of the free layers, the first ones, get 4 bits.
func (j *job) choose(d *judge, free []*layer, high, lows map[*layer]*packed, low Scheme) (int, error) {
	needed := 0
	if most := j.o.Target.Bytes; most > 0 {
		for needed <= len(free) && j.bytes(free, needed, low) > most {
			needed++
		}
		if needed > len(free) {
			return 0, fmt.Errorf("%w: %d bytes: with 4 bits in all layers that may have them the weights take %d", ErrTarget, most, j.bytes(free, len(free), low))
		}
		return needed, nil
	}
	allowed := func(n int) (bool, error) {
		w := maps.Clone(high)
		for _, l := range free[:n] {
			w[l] = lows[l]
		}
		drop, divergence, err := d.measureOnce(fmt.Sprintf("%d low layers", n), w)
		j.searched.Trials = append(j.searched.Trials, Trial{Layers: n, Bytes: j.bytes(free, n, low), Drop: drop, Divergence: divergence})
		return drop <= j.o.Target.Drop, err
	}
	from, to := 0, len(free) // the answer is in between
	for from < to {
		n := (from + to + 1) / 2
		ok, err := allowed(n)
		if err != nil {
			return 0, err
		}
		if ok {
			from = n
		} else {
			to = n - 1
		}
	}
	return from, nil
}

// settle rounds the weights with 4 bits in the first n of the free layers, and in fewer while the drop is too great.
func (j *job) settle(d *judge, free []*layer, n int, low Scheme) error {
	for {
		for i, l := range free {
			if j.schemes[l] = Int8; i < n {
				j.schemes[l] = low
			}
		}
		stage := fmt.Sprintf("weights with %d low layers", n)
		if err := j.roundAll(stage); err != nil {
			return err
		}
		drop, divergence, err := d.measureOnce(stage, j.weights)
		if err != nil {
			return err
		}
		size := j.bytes(free, n, low)
		j.searched.Trials = append(j.searched.Trials, Trial{Layers: n, Bytes: size, Drop: drop, Divergence: divergence, Final: true})
		most := j.o.Target.Drop
		switch {
		case most == 0 || drop <= most:
			return nil
		case n == 0:
			return fmt.Errorf("%w: with 8 bits in all layers %.2f of a hundred answers are lost, want at most %v", ErrTarget, drop, most)
		case j.o.Target.Bytes > 0:
			return fmt.Errorf("%w: within %d bytes %.2f of a hundred answers are lost, want at most %v", ErrTarget, j.o.Target.Bytes, drop, most)
		}
		n -= max(1, n/8)
	}
}
