package bench

import (
	"errors"
	"fmt"
	"math/rand/v2"
	goruntime "runtime"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// runner is a cell that is ready to run.
type runner struct {
	Cell
	engine    Engine
	instances []Instance // as many as sessions; runs of the first are timed
	facts     Facts
	load      time.Duration
	spent     time.Duration
	samples   samples
}

// newRunners opens the cells, leaves out those that their engines cannot run, and checks that engines compute the same thing.
func newRunners(cells []Cell, ours octet) (runners []*runner, refused []Refusal, err error) {
	defer func() {
		if err != nil {
			closeAll(runners)
		}
	}()
	for _, c := range cells {
		r, err := newRunner(c, ours)
		if errors.Is(err, ErrUnsupported) {
			refused = append(refused, Refusal{
				Model: c.Model, Engine: c.engine(), Precision: c.Precision.String(), Threads: c.Threads, Batch: c.Batch, Sessions: max(c.Sessions, 1), Reason: err.Error(),
			})
			continue
		}
		if err != nil {
			return runners, nil, fmt.Errorf("%v: %w", &c, err)
		}
		runners = append(runners, r)
	}
	for _, r := range runners {
		if r.Engine == nil {
			continue
		}
		if err := r.checkAgainst(ours, runners); err != nil {
			return runners, nil, fmt.Errorf("%v: %w", &r.Cell, err)
		}
	}
	return runners, refused, nil
}

// newRunner opens a cell and fills its inputs.
func newRunner(c Cell, ours octet) (*runner, error) {
	if err := c.check(); err != nil {
		return nil, err
	}
	c.Sessions = max(c.Sessions, 1)
	r := &runner{Cell: c, engine: c.Engine}
	if r.engine == nil {
		r.engine = ours
	}
	start := time.Now()
	network, err := r.engine.Open(&r.Cell)
	if err != nil {
		return nil, err
	}
	for i := range c.Sessions {
		instance, err := network.Instance()
		if err != nil {
			r.close()
			return nil, err
		}
		if i == 0 {
			r.load = time.Since(start)
		}
		r.instances = append(r.instances, instance)
		random := rand.New(rand.NewPCG(1, 2))
		for _, t := range instance.Inputs() {
			fill(t, random)
		}
	}
	r.facts = network.Facts()
	return r, nil
}

// close frees the instances. Their errors are not interesting any more: what they had to say was measured.
func (r *runner) close() {
	for _, i := range r.instances {
		_ = i.Close()
	}
}

func closeAll(runners []*runner) {
	for _, r := range runners {
		r.close()
	}
}

// processors returns how many threads of the process the sessions may keep busy.
func (r *runner) processors() int { return min(r.Threads*r.Sessions, goruntime.GOMAXPROCS(0)) }

// turn runs the cell for its share of the duration in one round.
func (r *runner) turn(duration time.Duration) error {
	if runs := len(slices.Concat(r.samples.rounds...)); r.spent >= duration && runs >= leastRuns {
		return nil
	}
	if !r.engine.OwnThreads() {
		defer goruntime.GOMAXPROCS(goruntime.GOMAXPROCS(r.processors()))
	}
	stop := r.background()
	times, err := r.timed(duration)
	if err := errors.Join(err, stop()); err != nil {
		return fmt.Errorf("%v: %w", &r.Cell, err)
	}
	for _, t := range times {
		r.spent += t
	}
	r.samples.rounds = append(r.samples.rounds, times)
	if r.Engine != nil {
		goruntime.GC() // what it leaves behind is not for the next cell to clear away
	}
	return nil
}

// background lets the other sessions run until the function that it returns is called.
func (r *runner) background() (stop func() error) {
	var done atomic.Bool
	var others sync.WaitGroup
	failures := make([]error, len(r.instances)-1)
	for i, instance := range r.instances[1:] {
		others.Go(func() {
			for !done.Load() && failures[i] == nil {
				failures[i] = instance.Run()
			}
		})
	}
	return func() error {
		done.Store(true)
		others.Wait()
		return errors.Join(failures...)
	}
}

// timed warms the first session up and returns the times of its runs in one turn.
func (r *runner) timed(duration time.Duration) (times []time.Duration, err error) {
	instance := r.instances[0]
	for begin := time.Now(); ; {
		if err := instance.Run(); err != nil {
			return nil, err
		}
		if time.Since(begin) > min(warmUp, duration/rounds) {
			break
		}
	}
	for begin := time.Now(); len(times) == 0 || time.Since(begin) < duration/rounds; {
		start := time.Now()
		if err := instance.Run(); err != nil {
			return nil, err
		}
		times = append(times, time.Since(start))
	}
	return times, nil
}

// result returns the figures of the cell.
func (r *runner) result(peak Peak) Result {
	out := Result{
		Model: r.Model, Engine: r.engine.Name(), Precision: r.Precision.String(), Threads: r.Threads, Batch: r.Batch, Sessions: r.Sessions,
		MACs: r.facts.MACs, Weights: r.facts.Weights, Arena: r.facts.Arena, Load: milliseconds(r.load),
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
	out.Share = out.GMACs / (peak.of(r.Precision) * float64(r.processors()))
	return out
}
