package quantize

import (
	"errors"
	"fmt"
	"slices"

	goruntime "runtime"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/runtime"
)

// Data is calibration inputs. It must be safe for concurrent use.
type Data interface {
	// Len returns the number of inputs.
	Len() int
	// Read writes input i to the tensors of the model's inputs, whose batch size is 1; floats are float32.
	Read(i int, inputs []*graph.Tensor) error
}

// chunk is the number of inputs whose results are collected together.
const chunk = 16

// walker runs graphs on calibration inputs.
type walker struct {
	data    Data
	order   []int // the inputs that are used, in order
	threads int
	context func() error // reports whether the work is cancelled
	inputs  []*graph.Value
	kept    [][][]byte // inputs read before, by their place in the order, as far as keptBytes allows
}

// keptBytes bounds the memory for inputs that are kept for the next walk.
const keptBytes = 96 << 20

// outputs returns g with the values of the given names as its outputs.
func outputs(g *graph.Graph, names ...string) (*graph.Graph, error) {
	g = g.Clone()
	found := make(map[string]*graph.Value)
	for _, v := range g.Inputs {
		found[v.Name] = v
	}
	for _, n := range g.Nodes {
		for _, v := range n.Outputs {
			if v != nil {
				found[v.Name] = v
			}
		}
	}
	g.Outputs = nil
	for _, name := range names {
		v := found[name]
		if v == nil {
			return nil, fmt.Errorf("bug: no value %q", name)
		}
		g.Outputs = append(g.Outputs, v)
	}
	return g, nil
}

// machine is a graph whose given values are read.
type machine struct {
	program  *runtime.Program
	sessions []*runtime.Session                       // one for each worker
	source   func(i int, name string) ([]byte, error) // what the program's input with the name holds for input i of the order
}

// compile returns the machine that computes the values with the given names from the data.
func (w *walker) compile(g *graph.Graph, names ...string) (*machine, error) {
	g, err := outputs(g, names...)
	if err != nil {
		return nil, err
	}
	return w.compileGraph(g)
}

// compileGraph returns the machine of a graph that reads the data.
func (w *walker) compileGraph(g *graph.Graph) (*machine, error) {
	m := &machine{source: w.input}
	var err error
	if m.program, err = runtime.Compile(g, runtime.Threads(1)); err != nil {
		return nil, err
	}
	for range w.threads {
		s, err := m.program.NewSession()
		if err != nil {
			return nil, err
		}
		m.sessions = append(m.sessions, s)
	}
	return m, nil
}

// output returns the real numbers of output i of a worker's last run, in dst where that is long enough.
func (m *machine) output(worker, i int, dst []float32) []float32 {
	return m.sessions[worker].Output(i).Reals(m.program.Outputs()[i].Quant, dst)
}

// walk runs machines on all inputs, as walkFrom does.
func (w *walker) walk(machines []*machine, visit func(worker, i, at int) error, done func(first, n int) error) error {
	return w.walkFrom(0, machines, visit, done)
}

// walkFrom runs machines on the inputs from a whole number of chunks on. visit is called for each input after all machines ran on it,
// at most one call for each worker at a time; at is the input's place in the chunk. done is called after each chunk with its first
// input and its length.
func (w *walker) walkFrom(from int, machines []*machine, visit func(worker, i, at int) error, done func(first, n int) error) error {
	for first := from; first < len(w.order); first += chunk {
		if err := w.context(); err != nil {
			return err
		}
		n := min(chunk, len(w.order)-first)
		err := parallel(w.threads, n, func(worker, at int) error {
			if err := w.run(machines, worker, first+at); err != nil {
				return err
			}
			return visit(worker, first+at, at)
		})
		if err != nil {
			return err
		}
		if done == nil {
			continue
		}
		if err := done(first, n); err != nil {
			return err
		}
	}
	return nil
}

// run runs a worker's sessions on input i of the order.
func (w *walker) run(machines []*machine, worker, i int) error {
	for _, m := range machines {
		if m == nil {
			continue
		}
		s := m.sessions[worker]
		for k, v := range m.program.Inputs() {
			data, err := m.source(i, v.Name)
			if err != nil {
				return fmt.Errorf("%w: input %d: %w", ErrData, w.order[i], err)
			}
			copy(s.Input(k).Data, data)
		}
		s.Run()
	}
	return nil
}

// input returns the bytes of input i of the order for the model's input with the given name.
func (w *walker) input(i int, name string) ([]byte, error) {
	at := slices.IndexFunc(w.inputs, func(v *graph.Value) bool { return v.Name == name })
	if w.kept[i] != nil {
		return w.kept[i][at], nil
	}
	var tensors []*graph.Tensor
	size := 0
	for _, v := range w.inputs {
		t := graph.NewTensor(v.DType, v.Shape.Bind(1)...)
		tensors = append(tensors, t)
		size += len(t.Data)
	}
	if err := w.data.Read(w.order[i], tensors); err != nil {
		return nil, err
	}
	if (i+1)*size <= keptBytes {
		for _, t := range tensors {
			w.kept[i] = append(w.kept[i], t.Data)
		}
	}
	return tensors[at].Data, nil
}

// parallel calls f for 0 to n-1 on as many goroutines as there are workers and returns one of the errors.
func parallel(workers, n int, f func(worker, i int) error) error {
	workers = min(workers, n)
	if workers < 2 {
		for i := range n {
			if err := f(0, i); err != nil {
				return err
			}
		}
		return nil
	}
	next := make(chan int)
	errs := make(chan error, workers)
	for worker := range workers {
		go func() {
			var first error
			for i := range next {
				if first == nil {
					first = f(worker, i)
				}
			}
			errs <- first
		}()
	}
	for i := range n {
		next <- i
	}
	close(next)
	var all error
	for range workers {
		all = errors.Join(all, <-errs)
	}
	return all
}

// workers returns the number of threads for an option, 0 meaning all.
func workers(n int) int {
	if n > 0 {
		return n
	}
	return goruntime.GOMAXPROCS(0)
}
