package quantize

import (
	"fmt"
	"math/rand/v2"
	"path"
	"slices"

	"github.com/octet-ml/octet/graph"
)

// Rounding is how weights become integers.
type Rounding uint8

// The ways of rounding.
const (
	// Reconstruct takes the levels with which the layer's output, on the calibration inputs as the quantized layers before it
	// hand them on, comes closest to the float model's output, and corrects the bias.
	Reconstruct Rounding = iota
	// Nearest takes the nearest level of each weight.
	Nearest
	// Corrected takes the nearest level of each weight and corrects the bias, as Reconstruct does.
	Corrected
)

var roundingNames = []string{"reconstruct", "nearest", "corrected"}

// ParseRounding returns the way of rounding with the given name, reconstruct, nearest or corrected, or an error that wraps ErrOption.
func ParseRounding(name string) (Rounding, error) {
	if i := slices.Index(roundingNames, name); i >= 0 {
		return Rounding(i), nil
	}
	return 0, fmt.Errorf("%w: rounding %q: want one of %v", ErrOption, name, roundingNames)
}

// String returns the name.
func (r Rounding) String() string { return roundingNames[r] }

// Rule sets the scheme of the layers whose names match a pattern (path.Match), or "first" or "last", or whose operator it is.
type Rule struct {
	Layers string
	Scheme Scheme
}

// Options say how Quantize works. The zero value quantizes every layer to 8 bits.
type Options struct {
	// Weights is the scheme of all layers that no rule names.
	Weights Scheme
	// Rules set the scheme of single layers; of several that match the last one holds. A rule that matches nothing is an error.
	Rules []Rule
	// Range is how the ranges of activations are chosen.
	Range RangeMethod
	// Rounding is how weights become integers.
	Rounding Rounding
	// Equalize divides channels between two layers, where measured on the calibration inputs that loses less: cross-layer equalization.
	// The result's activations there, and the weights, have other scales than the model's.
	Equalize bool
	// Inputs is how many calibration inputs are used at most, 0 meaning all. Seed chooses which.
	Inputs int
	Seed   uint64
	// Threads is the number of threads, 0 meaning GOMAXPROCS. The result does not depend on it.
	Threads int
	// Target, where it is set, chooses the bits of layers, or which stay float; see Target.
	Target Target
	// OptimizeTime leaves those layers float that no rule names and without which the model is clearly faster, conversions included, as
	// measured on this machine with so many threads: what is decided depends on the machine, and may differ from run to run where
	// there is little in it.
	OptimizeTime bool
	// State keeps what is done, so that the same call goes on after an interruption; it may be nil. What it holds when Quantize has
	// succeeded is of no more use. A copy of it is in memory: the histograms, and a byte for each weight in each form that it is
	// rounded to.
	State Store
	// Memory is told, before calibration starts, how many bytes it takes beside the model's own activations, whatever the number of
	// inputs; it may be nil.
	Memory func(bytes int)
	// Progress is told how far each stage is; it may be nil.
	Progress func(stage string, done, total int)
	// Cancelled is asked now and then whether to stop, by an error that Quantize then returns; it may be nil.
	Cancelled func() error

	clock stopwatch // nil means this machine's
}

// Result is a quantized model and what was decided on the way.
type Result struct {
	Graph    *graph.Graph      `json:"-"`
	Layers   []LayerChoice     `json:"layers"`
	Ranges   map[string]Choice `json:"ranges"` // by the name of the activation
	Inputs   int               `json:"inputs"` // used for calibration
	Warnings []string          `json:"warnings,omitempty"`
	// Equalized are the layers whose output channels were divided (Options.Equalize).
	Equalized []string `json:"equalized,omitempty"`
	Search    *Search  `json:"search,omitempty"` // of the bit widths, where there was a Target for them
	Times     *Times   `json:"times,omitempty"`  // where time decided
}

// LayerChoice is what was decided for one layer.
type LayerChoice struct {
	Name    string `json:"name"`
	Op      string `json:"op"`
	Scheme  string `json:"scheme"`
	Weights int    `json:"weights"` // number
	MACs    int    `json:"macs"`    // of one input
	// SQNR is the ratio of the mean square of the weights to that of their rounding errors, in decibels; 0 of a float layer.
	SQNR float64 `json:"weights_sqnr_db"`
	// Output is the same of the layer's output on the calibration inputs, where it was measured: with Reconstruct and Corrected.
	Output float64 `json:"output_sqnr_db,omitempty"`
	// Sensitivity is how much 4 bits in this layer alone change the model's answers, where a Target for bits was set: the mean
	// Kullback-Leibler divergence of the answers from the float model's, less that with 8 bits in all layers. Where a Target for
	// time was set it is that of the model with this layer alone quantized. It is 0 where it was not measured, and where it is not
	// more than with 8 bits.
	Sensitivity float64 `json:"sensitivity,omitempty"`
	// FloatTime and QuantizedTime are the times, where time decided, in milliseconds, in the float model and in the one with all layers
	// quantized: of the layer with its conversions and what follows it up to the next ones.
	FloatTime     float64 `json:"float_ms,omitempty"`
	QuantizedTime float64 `json:"quantized_ms,omitempty"`
}

// Sensitive reports whether the sensitivity of layers was measured.
func (r *Result) Sensitive() bool {
	return r.Search != nil || slices.ContainsFunc(r.Layers, func(l LayerChoice) bool { return l.Sensitivity > 0 })
}

// Quantize returns the quantized form of a float graph. Errors wrap ErrQuantized, ErrNothing, ErrData, ErrOption,
// ErrTarget or ErrState, or are those of runtime.Compile, Options.Cancelled, Options.State or the data.
func Quantize(g *graph.Graph, data Data, o Options) (*Result, error) {
	j, err := newJob(g, data, o)
	if err != nil {
		return nil, err
	}
	if j.o.Memory != nil {
		j.o.Memory(j.m.calibrationBytes(j.w.threads))
	}
	if j.o.Equalize {
		if j.equalized, err = j.equalize(); err != nil {
			return nil, err
		}
	}
	if err := j.calibrate(); err != nil {
		return nil, err
	}
	if err := j.decide(); err != nil {
		return nil, err
	}
	return j.result()
}

// decide chooses the schemes of layers, where they are not given, and the weights.
func (j *job) decide() error {
	byTime := j.o.OptimizeTime || j.o.Target.timed()
	if byTime {
		if err := j.decideByTime(); err != nil {
			return err
		}
	}
	switch {
	case j.o.Target.bits():
		if err := j.search(); err != nil {
			return err
		}
	case !j.o.Target.timed():
		if err := j.roundAll("weights"); err != nil {
			return err
		}
	}
	if byTime {
		return j.timeResult()
	}
	return nil
}

// job is the state of one Quantize.
type job struct {
	o           Options
	m           *model
	w           *walker
	schemes     map[*layer]Scheme
	observed    map[string]*Observed // activations of the float model, by name
	choices     map[string]Choice
	quants      map[string]*graph.Quant // of the choices
	weights     map[*layer]*packed
	outputs     map[*layer]float64 // SQNR of layer outputs
	float       stream             // of the model
	integer     stream             // of the quantized graph, whose layers are final as far as they were rounded
	searched    *Search
	sensitivity map[*layer]float64
	times       *Times   // nil unless time decides
	floatTimes  runTimes // of the float model
	wholeTimes  runTimes // of the model with all layers quantized
	wholeForm   *graph.Graph
	kept        *kept
	equalized   []string
	behind      []*layer // that were recalled and that the streams have not passed
}

func newJob(g *graph.Graph, data Data, o Options) (*job, error) {
	m, err := newModel(g)
	if err != nil {
		return nil, err
	}
	if data.Len() == 0 {
		return nil, fmt.Errorf("%w: no inputs", ErrData)
	}
	if o.Inputs < 0 || o.Threads < 0 {
		return nil, fmt.Errorf("%w: %d inputs, %d threads", ErrOption, o.Inputs, o.Threads)
	}
	if err := o.Target.check(o); err != nil {
		return nil, err
	}
	j := &job{o: o, m: m}
	if j.o.Progress == nil {
		j.o.Progress = func(string, int, int) {}
	}
	if j.o.clock == nil {
		j.o.clock = j.stopwatch
	}
	if j.o.Cancelled == nil {
		j.o.Cancelled = func() error { return nil }
	}
	j.w = &walker{data: data, order: pick(data.Len(), o.Inputs, o.Seed), threads: workers(o.Threads), context: j.o.Cancelled}
	j.w.kept, j.w.inputs = make([][][]byte, len(j.w.order)), m.graph.Inputs
	if j.schemes, err = m.schemes(o); err != nil || o.State == nil {
		return j, err
	}
	facts, err := j.facts(g)
	if err != nil {
		return nil, err
	}
	j.kept, err = openState(o.State, facts)
	return j, err
}

// pick returns which n of all inputs are used, in order: all where n is 0.
func pick(all, n int, seed uint64) []int {
	order := rand.New(rand.NewPCG(seed, 0)).Perm(all)
	if n > 0 && n < all {
		order = order[:n]
	}
	slices.Sort(order)
	return order
}

// schemes returns the scheme of every layer.
func (m *model) schemes(o Options) (map[*layer]Scheme, error) {
	s := make(map[*layer]Scheme)
	for _, l := range m.layers {
		s[l] = o.Weights
	}
	for _, r := range o.Rules {
		matched := false
		for i, l := range m.layers {
			ok, err := r.matches(l, i, len(m.layers))
			if err != nil {
				return nil, err
			}
			if ok {
				s[l], matched = r.Scheme, true
			}
		}
		if !matched {
			return nil, fmt.Errorf("%w: no layer is called %q", ErrOption, r.Layers)
		}
	}
	for _, scheme := range s {
		if scheme != Float {
			return s, nil
		}
	}
	return nil, fmt.Errorf("%w: all layers stay float", ErrNothing)
}

// matches reports whether the rule is about a layer, the i-th of n.
func (r Rule) matches(l *layer, i, n int) (bool, error) {
	switch {
	case r.Layers == "first" && i == 0, r.Layers == "last" && i == n-1, r.Layers == l.node.Op, r.Layers == "depthwise" && l.groups > 1:
		return true, nil
	}
	ok, err := path.Match(r.Layers, l.name())
	if err != nil {
		return false, fmt.Errorf("%w: layers %q: %w", ErrOption, r.Layers, err)
	}
	return ok, nil
}

// rewind sets both streams to the models' beginnings.
func (j *job) rewind() {
	j.float, j.integer = stream{w: j.w, budget: floatBudget}, stream{w: j.w, budget: integerBudget}
	j.behind = nil
}

// roundNearest rounds the weights of all layers to the nearest level, from which reconstruction starts.
func (j *job) roundNearest() {
	j.rewind()
	j.weights, j.outputs = make(map[*layer]*packed), make(map[*layer]float64)
	for _, l := range j.m.layers {
		if j.schemes[l] != Float {
			j.weights[l] = l.round(j.schemes[l])
		}
	}
}

// roundAll quantizes the weights: all to the nearest level, then layer by layer. The stage names the choice of schemes.
func (j *job) roundAll(stage string) error {
	j.roundNearest()
	if j.o.Rounding == Nearest {
		return nil
	}
	for i, l := range j.m.layers {
		if j.schemes[l] != Float {
			output, err := j.fit(stage, l, j.weights[l])
			if err != nil {
				return fmt.Errorf("%s: %w", l.node.Where(), err)
			}
			j.outputs[l] = output
		}
		j.o.Progress("weights", i+1, len(j.m.layers))
	}
	return nil
}

func (j *job) result() (*Result, error) {
	g, _, err := j.m.emit(j.weights, j.quants)
	if err != nil {
		return nil, err
	}
	r := &Result{Graph: g, Ranges: make(map[string]Choice), Inputs: len(j.w.order), Warnings: j.m.warnings(j.observed), Search: j.searched, Times: j.times, Equalized: j.equalized}
	for _, n := range g.Nodes {
		for _, v := range n.Outputs {
			if v != nil && v.Quant != nil {
				if c, ok := j.choices[v.Name]; ok {
					r.Ranges[v.Name] = c
				}
			}
		}
	}
	for _, l := range j.m.layers {
		c := LayerChoice{Name: l.name(), Op: l.node.Op, Scheme: j.schemes[l].String(), Weights: l.oc * l.depth, MACs: l.macs, Output: j.outputs[l], Sensitivity: j.sensitivity[l]}
		c.FloatTime, c.QuantizedTime = median(j.floatTimes.Layers[l.index]), median(j.wholeTimes.Layers[l.index])
		if p := j.weights[l]; p != nil {
			c.SQNR = p.sqnr(l.weights())
		}
		r.Layers = append(r.Layers, c)
	}
	return r, nil
}

// sqnr returns the ratio of the mean square of the weights w to that of their errors, in decibels.
func (p *packed) sqnr(w []float32) float64 {
	depth := len(w) / len(p.scale)
	var signal, noise float64
	for i, v := range w {
		d := float64(v - p.values[i]*p.scale[i/depth])
		signal += float64(v) * float64(v)
		noise += d * d
	}
	return decibels(signal, noise)
}
