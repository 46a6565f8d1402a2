package cost

import (
	"fmt"
	goruntime "runtime"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/quantize"
)

// Model is one of two models that are compared.
type Model struct {
	// Name is for messages.
	Name string
	// Graph is the model as a loader returns it.
	Graph *graph.Graph
	// Inputs delivers inputs as the model wants them. Nil for B means those of A.
	Inputs quantize.Data
	// File is the size of the file in bytes, 0 where there is none.
	File int
}

// Options say what Compare measures. The zero value measures all that needs no labels.
type Options struct {
	// Label returns the class of input i, negative where it has none. Nil means that no input has one.
	Label func(i int) int
	// Values is on how many inputs, spread over all, activations are compared: 0 means DefaultValues, a negative number none.
	Values int
	// Pictures is for how many inputs, spread over all, maps are made: 0 means DefaultPictures, a negative number none.
	Pictures int
	// Masks is how many random masks a saliency map is made of, 0 meaning DefaultMasks. Seed chooses them.
	Masks int
	Seed  uint64
	// Runs is how often each model is timed: 0 means DefaultRuns, a negative number not at all.
	Runs int
	// Threads is the number of threads, 0 meaning GOMAXPROCS.
	Threads int
	// Decisions is what package quantize decided when it made B, nil where that is unknown.
	Decisions *quantize.Result
	// Progress is told how far each stage is; it may be nil.
	Progress func(stage string, done, total int)
}

// The defaults of Options.
const (
	DefaultValues   = 100
	DefaultPictures = 6
	DefaultMasks    = 400
	DefaultRuns     = 50
)

// Report is what B cost in comparison with A.
type Report struct {
	A         Side             `json:"a"`
	B         Side             `json:"b"`
	Inputs    int              `json:"inputs"`
	Classes   int              `json:"classes"`
	Answers   Answers          `json:"answers"`
	Time      *Timing          `json:"time,omitempty"` // nil where it was not measured
	Sampled   int              `json:"sampled"`        // inputs on which values were compared
	Values    []Value          `json:"values"`         // activations, in the order of A
	Layers    []Layer          `json:"layers"`         // convolutions and dense layers, in the order of B
	Unmatched []Unmatched      `json:"unmatched"`
	Maps      *Maps            `json:"maps,omitempty"` // nil where none were made
	Decisions *quantize.Result `json:"decisions,omitempty"`
	Notes     []string         `json:"notes,omitempty"` // what could not be compared, and why
}

// Side is one of the models by itself.
type Side struct {
	Name    string  `json:"name"`
	Score   *Score  `json:"score,omitempty"` // nil where no input has a label
	Storage Storage `json:"storage"`
	Widths  []Width `json:"widths"` // of the weights of convolutions and dense layers
}

// comparison is the state of one Compare.
type comparison struct {
	o      Options
	a, b   Model
	ma, mb *machine
	shared bool // B gets A's inputs
	report *Report
}

// Compare compares two models. Errors wrap ErrModels, ErrData or ErrOption, or are those of runtime.Compile or of the inputs.
func Compare(a, b Model, o Options) (*Report, error) {
	c, err := newComparison(a, b, o)
	if err != nil {
		return nil, err
	}
	for _, stage := range []func() error{c.answer, c.storage, c.time, c.compareLayers, c.compareValues, c.drawMaps} {
		if err := stage(); err != nil {
			return nil, err
		}
	}
	return c.report, nil
}

func newComparison(a, b Model, o Options) (*comparison, error) {
	if o.Masks < 0 || o.Threads < 0 {
		return nil, fmt.Errorf("%w: %d masks, %d threads", ErrOption, o.Masks, o.Threads)
	}
	if a.Inputs == nil {
		return nil, fmt.Errorf("%w: no inputs", ErrData)
	}
	for _, d := range []struct {
		value *int
		usual int
	}{{&o.Values, DefaultValues}, {&o.Pictures, DefaultPictures}, {&o.Masks, DefaultMasks}, {&o.Runs, DefaultRuns}, {&o.Threads, goruntime.GOMAXPROCS(0)}} {
		if *d.value == 0 {
			*d.value = d.usual
		}
	}
	if o.Progress == nil {
		o.Progress = func(string, int, int) {}
	}
	c := &comparison{o: o, a: a, b: b, report: &Report{A: Side{Name: a.Name}, B: Side{Name: b.Name}, Decisions: o.Decisions}}
	var err error
	if c.ma, err = compile(a, a.Graph, o.Threads); err != nil {
		return nil, err
	}
	if b.Inputs == nil {
		c.b.Inputs, c.shared = a.Inputs, true
	}
	if c.mb, err = c.compileB(b.Graph); err != nil {
		return nil, err
	}
	c.report.Inputs = a.Inputs.Len()
	return c, c.check()
}

// compileB returns the machine of g, which is a form of B's graph.
func (c *comparison) compileB(g *graph.Graph) (*machine, error) {
	m, err := compile(c.b, g, c.o.Threads)
	if err != nil {
		return nil, err
	}
	m.shared = c.shared
	return m, nil
}

// check returns an error where the models do not fit each other.
func (c *comparison) check() error {
	n, m := c.a.Inputs.Len(), c.b.Inputs.Len()
	if n == 0 {
		return fmt.Errorf("%w: no inputs", ErrData)
	}
	if n != m {
		return fmt.Errorf("%w: %d inputs for %s, %d for %s", ErrData, n, c.a.Name, m, c.b.Name)
	}
	if err := sameInputs(c.ma, c.mb); err != nil {
		return err
	}
	x, y := c.ma.scores(), c.mb.scores()
	if x != y {
		return fmt.Errorf("%w: %s has %d classes, %s has %d", ErrModels, c.a.Name, x, c.b.Name, y)
	}
	if x == 0 {
		return fmt.Errorf("%w: %s has no scores", ErrModels, c.a.Name)
	}
	c.report.Classes = x - Background(x)
	return nil
}

// note adds a remark to the report.
func (c *comparison) note(format string, args ...any) {
	c.report.Notes = append(c.report.Notes, fmt.Sprintf(format, args...))
}

// spread returns n of all inputs, or all where there are not so many, at equal distances.
func spread(n, all int) []int {
	n = max(min(n, all), 0)
	list := make([]int, n)
	for i := range list {
		list[i] = i * all / n
	}
	return list
}
