package bench

import (
	"slices"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/runtime"
)

// octetName is the name of our own engine.
const octetName = "octet"

// octet is the engine of this module, with options besides those that a cell gives.
type octet struct{ options []runtime.Option }

// Name returns "octet".
func (octet) Name() string { return octetName }

// OwnThreads returns true: a program has its own workers.
func (octet) OwnThreads() bool { return true }

// Open compiles the graph. Errors are those of runtime.Compile.
func (e octet) Open(c *Cell) (Network, error) {
	p, err := e.compile(c)
	if err != nil {
		return nil, err
	}
	return program{p}, nil
}

func (e octet) compile(c *Cell) (*runtime.Program, error) {
	return runtime.Compile(c.Graph, append(slices.Clone(e.options), runtime.Threads(c.Threads), runtime.Batch(c.Batch))...)
}

// program is a compiled network.
type program struct{ *runtime.Program }

// Instance returns a session.
func (p program) Instance() (Instance, error) {
	s, err := p.NewSession()
	if err != nil {
		return nil, err
	}
	i := &session{session: s}
	for k := range p.Program.Inputs() {
		i.inputs = append(i.inputs, s.Input(k))
	}
	for k := range p.Program.Outputs() {
		i.outputs = append(i.outputs, s.Output(k))
	}
	return i, nil
}

// Facts returns the sizes and the multiplications of the program.
func (p program) Facts() Facts {
	m := p.Memory()
	f := Facts{Weights: m.Weights, Arena: m.Arena}
	for _, s := range p.Steps() {
		f.MACs += int64(s.MACs / p.MaxBatch())
	}
	return f
}

// session is an instance of a program.
type session struct {
	session         *runtime.Session
	inputs, outputs []*graph.Tensor
}

// Inputs returns the session's input buffers.
func (s *session) Inputs() []*graph.Tensor { return s.inputs }

// Outputs returns the session's output buffers.
func (s *session) Outputs() []*graph.Tensor { return s.outputs }

// Run runs the session; it allocates nothing and returns nil.
func (s *session) Run() error {
	s.session.Run()
	return nil
}

// Close does nothing.
func (s *session) Close() error { return nil }
