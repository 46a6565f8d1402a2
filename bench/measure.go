package bench

import (
	"encoding/binary"
	"fmt"
	"math"
	"math/rand/v2"
	goruntime "runtime"
	"slices"
	"time"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/runtime"
)

// Cell is one thing to measure: a model at a number of threads and a batch size.
type Cell struct {
	Model     string // for the report
	Precision Precision
	Graph     *graph.Graph
	Engine    Engine // nil is Octet
	Threads   int    // 1 to GOMAXPROCS
	Batch     int
	// Sessions is how many sessions run at once, each on Threads threads, as a server runs them; 0 is 1. A latency is then that of
	// one run among the others.
	Sessions int
}

// String returns the model, engine, precision, threads and batch, for messages.
func (c *Cell) String() string {
	return fmt.Sprintf("%s %s, %d threads, batch %d, %d sessions", c.Model, label(c.engine(), c.Precision.String()), c.Threads, c.Batch, max(c.Sessions, 1))
}

// engine returns the name of the cell's engine.
func (c *Cell) engine() string {
	if c.Engine == nil {
		return octetName
	}
	return c.Engine.Name()
}

// check returns an error unless the threads can run.
func (c *Cell) check() error {
	if most := goruntime.GOMAXPROCS(0); c.Threads < 1 || c.Threads > most {
		return fmt.Errorf("%w: %d threads: GOMAXPROCS allows 1 to %d", ErrOption, c.Threads, most)
	}
	return nil
}

// label names an engine with a precision: our own engine by the precision alone.
func label(engine, precision string) string {
	if engine == octetName {
		return precision
	}
	return engine + " " + precision
}

// Options say how Measure and Profile work.
type Options struct {
	// Duration is the time that each cell runs for, in all rounds together; default 2 s. A cell whose runs are longer is run
	// at least three times.
	Duration time.Duration
	// Level is the name of an instruction-set level; default the best one.
	Level string
}

// leastDuration bounds Options.Duration from below: a shorter time says nothing.
const leastDuration = time.Millisecond

func (o *Options) check() error {
	if o.Duration == 0 {
		o.Duration = 2 * time.Second
	}
	if o.Duration < leastDuration {
		return fmt.Errorf("duration %v: %w: want at least %v", o.Duration, ErrOption, leastDuration)
	}
	return nil
}

// rounds is how often every cell has its turn.
const rounds = 8

// leastRuns is how often even a slow cell runs.
const leastRuns = 3

// warmUp is how long a cell runs unmeasured at the begin of each turn, at most; one run is the least.
const warmUp = 5 * time.Millisecond

// Measure runs the cells in turns and returns one result for each, in order, but for those whose engine cannot run the model, which
// Report.Refused lists. The outputs of engines other than Octet are first compared with Octet's. Errors name the cell; they wrap
// ErrOption, ErrDisagree, or what the engine returned: that of Octet is runtime.Compile's.
func Measure(cells []Cell, o Options) (*Report, error) {
	if err := o.check(); err != nil {
		return nil, err
	}
	l, err := level(o.Level)
	if err != nil {
		return nil, err
	}
	report := &Report{Machine: DescribeMachine(l)}
	integer, float, err := newProbes(l)
	if err != nil {
		return nil, err
	}
	runners, refused, err := newRunners(cells, octet{[]runtime.Option{runtime.Kernels(l.String())}})
	if err != nil {
		return nil, err
	}
	defer closeAll(runners)
	report.Refused = refused
	var clock clockProbe
	goruntime.GC()
	order := slices.Clone(runners)
	for range rounds {
		clock.round()
		integer.round()
		float.round()
		for _, r := range order {
			if err := r.turn(o.Duration); err != nil {
				return nil, err
			}
		}
		slices.Reverse(order)
	}
	report.Machine.Clock = clock.ghz()
	report.Peak = Peak{Int8: integer.peak(), FP32: float.peak()}
	for _, r := range runners {
		report.Results = append(report.Results, r.result(report.Peak))
	}
	compare(report.Results)
	return report, nil
}

// fill fills an input: integers over their whole range, floats evenly with mean 0 and variance 1.
func fill(t *graph.Tensor, random *rand.Rand) {
	if t.DType == graph.Float32 {
		span := 2 * math.Sqrt(3)
		for i := range t.Len() {
			v := float32((random.Float64() - 0.5) * span)
			binary.LittleEndian.PutUint32(t.Data[4*i:], math.Float32bits(v))
		}
		return
	}
	if t.DType.IsFloat() {
		for i := range t.Len() {
			t.SetFloat(i, random.Float64()*2-1)
		}
		return
	}
	for i := range t.Data {
		t.Data[i] = byte(random.Uint32())
	}
}
