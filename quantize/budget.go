package quantize

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"time"
)

// bound is the most time that one input may take, by a Target.
type bound struct {
	ratio float64 // to the float model's time
	ms    float64 // on this machine
}

// bound returns the target's bound on time.
func (t Target) bound() bound {
	return bound{ratio: t.Time, ms: float64(t.Latency) / float64(time.Millisecond)}
}

// holds reports whether times, measured together with the float model's, are within the bound.
func (b bound) holds(t, float runTimes) bool {
	if b.ms > 0 {
		return median(t.Whole) <= b.ms
	}
	return ratio(t.Whole, float.Whole) <= b.ratio
}

// String says what the bound is.
func (b bound) String() string {
	if b.ms > 0 {
		return fmt.Sprintf("%.4g ms", b.ms)
	}
	return fmt.Sprintf("%.4g of the float model's time", b.ratio)
}

// missed returns the error for a bound that the best of the trials does not hold.
func (j *job) missed(b bound) error {
	best := slices.MinFunc(j.times.Trials, func(a, b TimeTrial) int { return cmp.Compare(a.Ratio, b.Ratio) })
	return fmt.Errorf("%w: the best is %.4g ms, %.3f of the float model's %.4g ms, with %d layers float; want at most %v", ErrTarget, best.Time, best.Ratio, j.times.Float, len(best.Layers), b)
}

// decideByTime leaves layers float as Options.OptimizeTime and the target's bound on time say, rounding weights where the latter is
// set.
func (j *job) decideByTime() error {
	j.roundNearest()
	if err := j.timeLayers(j.weights); err != nil {
		return err
	}
	j.o.Progress("time", 1, 1)
	free := j.freeLayers()
	if len(free) == 0 {
		return fmt.Errorf("%w: rules fix the scheme of every layer", ErrOption)
	}
	slow := choice{}
	b := j.o.Target.bound()
	j.note(slow, j.wholeTimes, j.floatTimes)
	bounded := j.o.Target.timed()
	if bounded && b.holds(j.floatTimes, j.floatTimes) {
		return fmt.Errorf("%w: the float model takes %.4g ms, which is within the bound of %v", ErrNothing, j.times.Float, b)
	}
	if j.o.OptimizeTime || bounded && !b.holds(j.wholeTimes, j.floatTimes) {
		var err error
		if slow, err = j.slower(free, j.weights); err != nil {
			return err
		}
	}
	if !bounded {
		return j.stay(slow)
	}
	t, err := j.try(j.weights, slow)
	if err != nil {
		return err
	}
	if !b.holds(t[1], t[0]) {
		return j.missed(b)
	}
	return j.spend(b, free, slow)
}

// stay makes the layers of a choice float.
func (j *job) stay(c choice) error {
	for l := range c {
		j.schemes[l] = Float
	}
	for _, l := range j.m.layers {
		if j.schemes[l] != Float {
			return nil
		}
	}
	return fmt.Errorf("%w: no layer is faster as integers on this machine", ErrNothing)
}

// spend leaves float, beside the layers that are faster so, those that change the answers most for the time that they take, as many
// as the bound allows, and rounds the weights of the others.
func (j *job) spend(b bound, free []*layer, slow choice) error {
	d, err := j.newJudge()
	if err != nil {
		return err
	}
	if err := j.roundAll("weights of all layers"); err != nil {
		return err
	}
	all := maps.Clone(j.weights)
	order, err := j.byWorth(d, slices.DeleteFunc(slices.Clone(free), func(l *layer) bool { return slow[l] }), all)
	if err != nil {
		return err
	}
	first := func(n int) choice {
		c := maps.Clone(slow)
		for _, l := range order[:n] {
			c[l] = true
		}
		return c
	}
	from, to := 0, len(order)
	if len(all) == len(order)+len(slow) {
		to-- // something is to be quantized
	}
	for from < to {
		n := (from + to + 1) / 2
		t, err := j.try(all, first(n))
		if err != nil {
			return err
		}
		if b.holds(t[1], t[0]) {
			from = n
		} else {
			to = n - 1
		}
	}
	schemes := maps.Clone(j.schemes)
	for n := from; ; n -= max(1, n/8) {
		j.schemes = maps.Clone(schemes)
		if err := j.stay(first(n)); err != nil {
			return err
		}
		ok, err := j.affordable(d, b, first(n))
		if err != nil || ok {
			return err
		}
		if n == 0 {
			return j.missed(b)
		}
	}
}

// byWorth measures each of the layers quantized alone, with the weights that it has where all are, and returns them sorted: those
// whose quantization changes the answers most for the time that it saves come first.
func (j *job) byWorth(d *judge, layers []*layer, weights map[*layer]*packed) ([]*layer, error) {
	j.sensitivity = make(map[*layer]float64)
	worth := make(map[*layer]float64)
	for i, l := range layers {
		_, divergence, err := d.measureOnce(layerKey("alone", l), map[*layer]*packed{l: weights[l]})
		if err != nil {
			return nil, err
		}
		j.sensitivity[l] = divergence
		saved := median(j.floatTimes.Layers[l.index]) - median(j.wholeTimes.Layers[l.index])
		worth[l] = divergence / max(saved, leastSaved*j.times.Float)
		j.o.Progress("sensitivity", i+1, len(layers))
	}
	slices.SortStableFunc(layers, func(a, b *layer) int { return cmp.Compare(worth[b], worth[a]) })
	return layers, nil
}

// leastSaved is the share of the float model's time that quantizing a layer counts as saving at least.
const leastSaved = 1e-3

// affordable rounds the weights of the layers that a choice does not leave float and reports whether the model is within the bound.
func (j *job) affordable(d *judge, b bound, c choice) (bool, error) {
	stage := fmt.Sprint("weights without ", j.places(c))
	if err := j.roundAll(stage); err != nil {
		return false, err
	}
	g, err := j.quantizedForm(j.weights)
	if err != nil {
		return false, err
	}
	t, err := j.timeOnce(stage, j.m.floatForm(), g)
	if err != nil {
		return false, err
	}
	j.note(c, t[1], t[0])
	if !b.holds(t[1], t[0]) {
		return false, nil
	}
	most := j.o.Target.Drop
	if most == 0 {
		return true, nil
	}
	drop, _, err := d.measureOnce(stage, j.weights)
	if err == nil && drop > most {
		err = fmt.Errorf("%w: within %v %.2f of a hundred answers are lost, want at most %v", ErrTarget, b, drop, most)
	}
	return true, err
}

// timeResult measures the result beside the float model and the one with all layers quantized: what they took at the beginning may
// not compare, as the machine may have become faster or slower.
func (j *job) timeResult() error {
	g, err := j.quantizedForm(j.weights)
	if err != nil {
		return err
	}
	t, err := j.timeOnce("result", j.m.floatForm(), j.wholeForm, g)
	if err != nil {
		return err
	}
	j.times.Float, j.times.Quantized, j.times.Rounds = median(t[0].Whole), median(t[1].Whole), len(t[0].Whole)
	j.times.Result, j.times.Ratio = median(t[2].Whole), ratio(t[2].Whole, t[0].Whole)
	return nil
}
