package bench

import (
	"encoding/binary"
	"fmt"
	"math"
	"math/rand/v2"
	goruntime "runtime"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/runtime"
)

// Cell is one thing to measure: a model at a number of threads and a batch size.
type Cell struct {
	Model     string // for the report
	Precision Precision
	Graph     *graph.Graph
	Threads   int // 1 to GOMAXPROCS
	Batch     int
	// Sessions is how many sessions run at once, each on Threads threads, as a server runs them; 0 is 1. A latency is then that of
	// one run among the others.
	Sessions int
}

// String returns the model, precision, threads and batch, for messages.
func (c *Cell) String() string {
	return fmt.Sprintf("%s %v, %d threads, batch %d, %d sessions", c.Model, c.Precision, c.Threads, c.Batch, max(c.Sessions, 1))
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

// Result is what was measured of a cell. Latencies are of one run, of all pictures of a batch.
type Result struct {
	Model     string  `json:"model"`
	Precision string  `json:"precision"`
	Threads   int     `json:"threads"`
	Batch     int     `json:"batch"`
	Sessions  int     `json:"sessions"`
	Runs      int     `json:"runs"`
	Outliers  int     `json:"outliers"` // runs above Tukey's outer fence and 1/4 above the upper quartile
	Quiet     float64 `json:"quiet_ms"` // median of the best quarter of time blocks
	Interval  float64 `json:"interval"` // by how much another measurement of Quiet may differ, relative to it, at 99 %
	P50       float64 `json:"p50_ms"`
	P90       float64 `json:"p90_ms"`
	P99       float64 `json:"p99_ms"`
	Images    float64 `json:"images_per_second"` // of all sessions, of the quiet median, like all that follow
	GMACs     float64 `json:"gmacs"`             // 10⁹ multiplications a second
	Share     float64 `json:"share_of_peak"`     // of the probed peak of one core, times the threads of all sessions, GOMAXPROCS at most
	Speedup   float64 `json:"speedup_over_fp32"` // 0 where the float model was not measured alike
	MACs      int64   `json:"macs"`              // multiplications of one picture
	Weights   int     `json:"weights_bytes"`     // packed
	Arena     int     `json:"arena_bytes"`       // of one session
	Load      float64 `json:"load_ms"`           // from the graph in memory to a session
	Rounds    []Round `json:"rounds"`
}

// Round is the runs of a cell in one of its turns.
type Round struct {
	Runs int     `json:"runs"`
	Mean float64 `json:"mean_ms"`
}

// Report is the outcome of Measure.
type Report struct {
	Machine Machine  `json:"machine"`
	Peak    Peak     `json:"peak"` // probed between the cells
	Results []Result `json:"results"`
}

// rounds is how often every cell has its turn.
const rounds = 8

// leastRuns is how often even a slow cell runs.
const leastRuns = 3

// warmUp is how long a cell runs unmeasured at the begin of each turn, at most; one run is the least.
const warmUp = 5 * time.Millisecond

// runner is a cell that is ready to run.
type runner struct {
	Cell
	program *runtime.Program
	session *runtime.Session
	others  []*runtime.Session // that run at the same time
	load    time.Duration
	spent   time.Duration
	samples samples
}

// Measure runs the cells in turns and returns one result for each, in order. Errors name the cell; they wrap ErrOption, or
// what runtime.Compile returned.
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
	var runners []*runner
	for _, c := range cells {
		r, err := newRunner(c, runtime.Kernels(l.String()))
		if err != nil {
			return nil, err
		}
		runners = append(runners, r)
	}
	goruntime.GC()
	for range rounds {
		integer.round()
		float.round()
		for _, r := range runners {
			r.turn(o.Duration)
		}
		slices.Reverse(runners)
	}
	report.Peak = Peak{Int8: integer.peak(), FP32: float.peak()}
	for _, r := range runners {
		report.Results = append(report.Results, r.result(report.Peak))
	}
	compare(report.Results)
	return report, nil
}

// newRunner compiles a cell and fills its inputs.
func newRunner(c Cell, options ...runtime.Option) (*runner, error) {
	if most := goruntime.GOMAXPROCS(0); c.Threads < 1 || c.Threads > most {
		return nil, fmt.Errorf("%v: %w: GOMAXPROCS allows 1 to %d threads", &c, ErrOption, most)
	}
	c.Sessions = max(c.Sessions, 1)
	start := time.Now()
	program, err := runtime.Compile(c.Graph, append(options, runtime.Threads(c.Threads), runtime.Batch(c.Batch))...)
	if err != nil {
		return nil, fmt.Errorf("%v: %w", &c, err)
	}
	session, err := program.NewSession()
	if err != nil {
		return nil, fmt.Errorf("%v: %w", &c, err)
	}
	r := &runner{Cell: c, program: program, session: session, load: time.Since(start)}
	for range c.Sessions - 1 {
		s, err := program.NewSession()
		if err != nil {
			return nil, fmt.Errorf("%v: %w", &c, err)
		}
		r.others = append(r.others, s)
	}
	for _, s := range append(r.others, session) {
		random := rand.New(rand.NewPCG(1, 2))
		for i := range program.Inputs() {
			fill(s.Input(i), random)
		}
	}
	return r, nil
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

// turn runs the cell for its share of the duration in one round.
func (r *runner) turn(duration time.Duration) {
	runs := len(slices.Concat(r.samples.rounds...))
	if r.spent >= duration && runs >= leastRuns {
		return
	}
	var stop atomic.Bool
	var others sync.WaitGroup
	for _, s := range r.others {
		others.Go(func() {
			for !stop.Load() {
				s.Run()
			}
		})
	}
	for begin := time.Now(); ; {
		r.session.Run()
		if time.Since(begin) > min(warmUp, duration/rounds) {
			break
		}
	}
	var times []time.Duration
	for begin := time.Now(); len(times) == 0 || time.Since(begin) < duration/rounds; {
		start := time.Now()
		r.session.Run()
		times = append(times, time.Since(start))
	}
	stop.Store(true)
	others.Wait()
	for _, t := range times {
		r.spent += t
	}
	r.samples.rounds = append(r.samples.rounds, times)
}

// result returns the figures of the cell.
func (r *runner) result(peak Peak) Result {
	memory := r.program.Memory()
	out := Result{
		Model: r.Model, Precision: r.Precision.String(), Threads: r.Threads, Batch: r.Batch, Sessions: r.Sessions,
		Weights: memory.Weights, Arena: memory.Arena, Load: milliseconds(r.load),
	}
	for _, s := range r.program.Steps() {
		out.MACs += int64(s.MACs / r.Batch)
	}
	all, quiet := r.samples.all(), r.samples.quiet()
	out.Runs, out.Outliers = len(all), outliers(all)
	out.Quiet, out.Interval = milliseconds(quiet), r.samples.interval()
	out.P50, out.P90, out.P99 = milliseconds(quantile(all, 0.5)), milliseconds(quantile(all, 0.9)), milliseconds(quantile(all, 0.99))
	for _, times := range r.samples.rounds {
		out.Rounds = append(out.Rounds, Round{Runs: len(times), Mean: milliseconds(sum(times)) / float64(len(times))})
	}
	images := float64(r.Batch * r.Sessions)
	out.Images = 1e9 * giga(images, quiet)
	out.GMACs = giga(float64(out.MACs)*images, quiet)
	out.Share = out.GMACs / (peak.of(r.Precision) * float64(min(r.Threads*r.Sessions, goruntime.GOMAXPROCS(0))))
	return out
}

// compare fills in the speed-ups over the float model with the same threads and batch.
func compare(results []Result) {
	for i := range results {
		r := &results[i]
		for _, base := range results {
			if base.Precision == FP32.String() && base.Model == r.Model && base.Threads == r.Threads && base.Batch == r.Batch && base.Sessions == r.Sessions && r.Quiet > 0 {
				r.Speedup = base.Quiet / r.Quiet
			}
		}
	}
}
