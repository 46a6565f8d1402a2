package cost

import (
	"fmt"
	"sync"
	"sync/atomic"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/quantize"
	"github.com/octet-ml/octet/runtime"
	"github.com/octet-ml/octet/vision"
)

// machine is a graph of a model, compiled, with a session of one thread for each worker.
type machine struct {
	name     string
	inputs   quantize.Data
	program  *runtime.Program
	sessions []*runtime.Session
	shared   bool // the inputs are those of the other model
}

// compile returns the machine of g, which is a form of the model's graph.
func compile(m Model, g *graph.Graph, workers int) (*machine, error) {
	p, err := runtime.Compile(g, runtime.Threads(1), runtime.Float32())
	if err != nil {
		return nil, fmt.Errorf("%s: %w", m.Name, err)
	}
	if len(p.Outputs()) == 0 {
		return nil, fmt.Errorf("%w: %s has no output", ErrModels, m.Name)
	}
	c := &machine{name: m.Name, inputs: m.Inputs, program: p}
	for range workers {
		s, err := p.NewSession()
		if err != nil {
			return nil, fmt.Errorf("%s: %w", m.Name, err)
		}
		c.sessions = append(c.sessions, s)
	}
	return c, nil
}

// scores returns the number of elements of the first output.
func (m *machine) scores() int { return m.sessions[0].Output(0).Len() }

// load writes input i to a worker's session.
func (m *machine) load(worker, i int) error {
	tensors := make([]*graph.Tensor, len(m.program.Inputs()))
	for k := range tensors {
		tensors[k] = m.sessions[worker].Input(k)
	}
	if err := m.inputs.Read(i, tensors); err != nil {
		return fmt.Errorf("%w: input %d: %w", ErrData, i, err)
	}
	return nil
}

// output returns the real numbers of output k of a worker's last run, in dst where that is long enough.
func (m *machine) output(worker, k int, dst []float32) []float32 {
	return m.sessions[worker].Output(k).Reals(m.program.Outputs()[k].Quant, dst)
}

// both runs two machines of the same worker on input i. Inputs that they share are read once.
func both(a, b *machine, worker, i int) error {
	if err := a.load(worker, i); err != nil {
		return err
	}
	if b.shared {
		for k := range b.program.Inputs() {
			copy(b.sessions[worker].Input(k).Data, a.sessions[worker].Input(k).Data)
		}
	} else if err := b.load(worker, i); err != nil {
		return err
	}
	a.sessions[worker].Run()
	b.sessions[worker].Run()
	return nil
}

// sameInputs returns an error unless both machines take the same inputs: pictures of the same size and number of channels, in
// whatever layout and type; where inputs are shared or are no pictures, the same types and shapes.
func sameInputs(a, b *machine) error {
	x, y := a.program.Canonical().Inputs, b.program.Canonical().Inputs
	if len(x) != len(y) {
		return fmt.Errorf("%w: %s has %d inputs, %s has %d", ErrModels, a.name, len(x), b.name, len(y))
	}
	for k := range x {
		p, err1 := vision.SpecOf(x[k])
		q, err2 := vision.SpecOf(y[k])
		same := x[k].DType == y[k].DType && x[k].Shape.Bind(1).Equal(y[k].Shape.Bind(1)) && x[k].Quant.Equal(y[k].Quant)
		if !b.shared && err1 == nil && err2 == nil {
			same = p.Height == q.Height && p.Width == q.Width && p.Channels == q.Channels
		}
		if !same {
			return fmt.Errorf("%w: input %d of %s is %v%v, that of %s %v%v", ErrModels, k, a.name, x[k].DType, x[k].Shape, b.name, y[k].DType, y[k].Shape)
		}
	}
	return nil
}

// chunk is the number of inputs whose results are kept until they are added up in order.
const chunk = 16

// each calls visit for 0 to n-1, spread over workers; at is the place of i in its chunk. After each chunk, done is called for
// all of it in order. It returns the error of the least i that has one.
func each(workers, n int, visit func(worker, i, at int) error, done func(i, at int)) error {
	for first := 0; first < n; first += chunk {
		var errs [chunk]error
		count := min(chunk, n-first)
		parallel(workers, count, func(worker, at int) { errs[at] = visit(worker, first+at, at) })
		for at := range count {
			if errs[at] != nil {
				return errs[at]
			}
			done(first+at, at)
		}
	}
	return nil
}

// parallel calls f for 0 to n-1, spread over workers.
func parallel(workers, n int, f func(worker, i int)) {
	var next atomic.Int64
	var group sync.WaitGroup
	for worker := range min(workers, n) {
		group.Go(func() {
			for i := int(next.Add(1)) - 1; i < n; i = int(next.Add(1)) - 1 {
				f(worker, i)
			}
		})
	}
	group.Wait()
}
