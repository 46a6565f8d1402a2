package runtime

import (
	"fmt"
	"slices"
	"time"

	"github.com/octet-ml/octet/graph"
)

// Session is the memory of one inference. It is not safe for concurrent use; a program may have any number of them.
type Session struct {
	program *Program
	arena   []byte
	scratch [][]byte // by thread
	threads int      // of the next runs
	bound   map[int]*binding
	current *binding
}

// binding is a plan tied to a session's memory.
type binding struct {
	plan    *plan
	jobs    []job      // in order; a step of several phases has one for each
	chain   *chainStep // of the first job, where the plan has a chain
	inputs  []*graph.Tensor
	outputs []*graph.Tensor
	times   []time.Duration // by step, of all runs, where the program is profiled; a chain's as if it were its first step
	runs    int
}

// NewSession returns a session that is set to the largest batch size.
func (p *Program) NewSession() (*Session, error) {
	s := &Session{program: p, threads: p.config.threads, bound: make(map[int]*binding)}
	if err := s.SetBatch(p.config.batch); err != nil {
		return nil, err
	}
	return s, nil
}

// SetBatch sets the batch size of the next runs, from 1 to Program.MaxBatch; other sizes are an error, and so is any size but
// the model's own where the batch is fixed. The tensors that Input and Output return change.
func (s *Session) SetBatch(n int) error {
	p := s.program
	if n < 1 || n > p.config.batch || n != p.config.batch && !p.Dynamic() {
		return fmt.Errorf("%w: batch %d: want 1 to %d", ErrInput, n, p.config.batch)
	}
	if b := s.bound[n]; b != nil {
		s.current = b
		return nil
	}
	pl, err := p.plan(n)
	if err != nil {
		return err
	}
	s.grow(pl)
	b, err := s.bind(pl)
	if err != nil {
		return err
	}
	s.bound[n], s.current = b, b
	return nil
}

// SetThreads sets how many threads the next runs may use, the caller's included: 1 to Program.Threads(), which is what a new
// session has. Results do not depend on it. A server runs alone what comes alone, and side by side, a thread each, what comes
// together.
func (s *Session) SetThreads(n int) error {
	if most := s.program.config.threads; n < 1 || n > most {
		return fmt.Errorf("%w: %d threads: want 1 to %d", ErrInput, n, most)
	}
	s.threads = n
	return nil
}

// grow makes the session's memory large enough for a plan. Bindings to the memory it had before are dropped.
func (s *Session) grow(pl *plan) {
	if s.arena != nil && len(s.arena) >= pl.arena && len(s.scratch[0]) >= pl.scratch {
		return
	}
	clear(s.bound)
	s.arena = newArena(max(pl.arena, len(s.arena)))
	s.scratch = make([][]byte, s.program.config.threads)
	for i := range s.scratch {
		s.scratch[i] = newArena(pl.scratch)
	}
}

// bind ties a plan to the session's memory.
func (s *Session) bind(pl *plan) (*binding, error) {
	b := &binding{plan: pl}
	if c := pl.chain; c != nil {
		step, err := c.bind(pl.buffers(s.arena, nil, c.values), pl.batch, s.scratch)
		if err != nil {
			return nil, err
		}
		b.chain = step
		b.jobs = append(b.jobs, newJob(step, 0, s.scratch))
	}
	for i := range pl.steps {
		phases, err := pl.bind(i, s.arena, nil)
		if err != nil {
			return nil, err
		}
		for _, phase := range phases {
			b.jobs = append(b.jobs, newJob(phase, pl.chain.steps()+i, s.scratch))
		}
	}
	wrap := func(values []*graph.Value) []*graph.Tensor {
		out := make([]*graph.Tensor, len(values))
		for i, data := range pl.buffers(s.arena, nil, values) {
			out[i] = &graph.Tensor{DType: values[i].DType, Shape: values[i].Shape, Data: data}
		}
		return out
	}
	b.inputs, b.outputs = wrap(pl.graph.Inputs[:len(s.program.canonical.Inputs)]), wrap(pl.graph.Outputs)
	if s.program.config.profile {
		b.times = make([]time.Duration, pl.chain.steps()+len(pl.steps))
		b.chain.profile(pl.chain.steps())
	}
	return b, nil
}

// Batch returns the batch size of the next run.
func (s *Session) Batch() int { return s.current.plan.batch }

// Input returns input i of the next run: the caller writes its Data. It stays as it is until written again, whatever runs.
func (s *Session) Input(i int) *graph.Tensor { return s.current.inputs[i] }

// Output returns output i of the last run. Its Data belongs to the session and is overwritten by the next run.
func (s *Session) Output(i int) *graph.Tensor { return s.current.outputs[i] }

// Run computes the outputs from the inputs.
func (s *Session) Run() {
	b := s.current
	pool := s.program.config.pool
	parallel := s.threads > 1 && pool.acquire()
	if parallel {
		defer pool.release()
	}
	for i := range b.jobs {
		j := &b.jobs[i]
		var start time.Time
		if b.times != nil {
			start = time.Now()
		}
		if parallel && j.tiles > 1 {
			pool.run(j, s.threads)
		} else {
			j.step.Run(s.scratch[0], 0, j.tiles)
		}
		if b.times != nil {
			b.times[j.index] += time.Since(start)
		}
	}
	b.runs++
}

// StepTime is the time that a step took on average.
type StepTime struct {
	StepInfo
	Time time.Duration `json:"time"` // mean of the runs
}

// Profile returns the mean time of each step over the runs at the current batch size; nil unless the program was compiled
// with Profile and has run. The facts are of that size, too: plans of two sizes may have different steps.
func (s *Session) Profile() []StepTime {
	b := s.current
	if b.times == nil || b.runs == 0 {
		return nil
	}
	infos := b.plan.describe()
	out := make([]StepTime, len(b.times))
	times := slices.Clone(b.times)
	b.chain.share(times)
	for i, t := range times {
		out[i] = StepTime{StepInfo: infos[i], Time: t / time.Duration(b.runs)}
	}
	return out
}

// Run copies the inputs into a borrowed session, runs it and returns copies of the outputs. The batch size is taken from the
// inputs. Inputs that do not fit give an error that wraps ErrInput. It is safe for concurrent use.
func (p *Program) Run(inputs ...*graph.Tensor) ([]*graph.Tensor, error) {
	batch, err := p.batchOf(inputs)
	if err != nil {
		return nil, err
	}
	s, _ := p.sessions.Get().(*Session)
	if s == nil {
		if s, err = p.NewSession(); err != nil {
			return nil, err
		}
	}
	defer p.sessions.Put(s)
	if err := s.SetBatch(batch); err != nil {
		return nil, err
	}
	for i, t := range inputs {
		copy(s.Input(i).Data, t.Data)
	}
	s.Run()
	out := make([]*graph.Tensor, len(s.current.outputs))
	for i, t := range s.current.outputs {
		out[i] = t.Clone()
	}
	return out, nil
}

// batchOf checks the inputs and returns their batch size.
func (p *Program) batchOf(inputs []*graph.Tensor) (int, error) {
	want := p.canonical.Inputs
	if len(inputs) != len(want) {
		return 0, fmt.Errorf("%w: want %d inputs, got %d", ErrInput, len(want), len(inputs))
	}
	batch := 0
	for i, t := range inputs {
		v := want[i]
		if t == nil {
			return 0, fmt.Errorf("%w: %q: no tensor", ErrInput, v.Name)
		}
		if t.DType != v.DType || len(t.Shape) != len(v.Shape) {
			return 0, fmt.Errorf("%w: %q: want %v%v, got %v%v", ErrInput, v.Name, v.DType, v.Shape, t.DType, t.Shape)
		}
		if err := t.Check(); err != nil {
			return 0, fmt.Errorf("%w: %q: %w", ErrInput, v.Name, err)
		}
		for axis, d := range v.Shape {
			n := t.Shape[axis]
			switch {
			case d >= 0 && n == d:
			case d < 0 && n > 0 && n%-d == 0 && (batch == 0 || batch == n/-d):
				batch = n / -d
			default:
				return 0, fmt.Errorf("%w: %q: want shape %v, got %v", ErrInput, v.Name, v.Shape, t.Shape)
			}
		}
	}
	if batch == 0 {
		batch = p.config.batch
	}
	if batch > p.config.batch {
		return 0, fmt.Errorf("%w: batch %d: the program is compiled for up to %d", ErrInput, batch, p.config.batch)
	}
	return batch, nil
}
