package runtime

import (
	"errors"
	"fmt"
	"slices"
	"sync"

	"github.com/octet-ml/octet/fp32"
	"github.com/octet-ml/octet/graph"
	i8 "github.com/octet-ml/octet/int8"
	"github.com/octet-ml/octet/ops"
	"github.com/octet-ml/octet/runtime/optimize"
)

// Program is a model bound to kernels: immutable, safe for concurrent use, cheap to share.
type Program struct {
	config    *config
	canonical *graph.Graph
	target    *ops.Target
	sessions  sync.Pool

	mu    sync.Mutex
	plans map[int]*plan // by batch size
}

// Compile makes a program from a graph as a loader returns it, which it does not change; constants of the graph are
// referred to, not copied, where kernels do not need them packed. Errors name the pass, the node and what is wrong.
func Compile(g *graph.Graph, options ...Option) (*Program, error) {
	c, err := newConfig(options)
	if err != nil {
		return nil, err
	}
	if err := g.Verify(); err != nil {
		return nil, err
	}
	if len(c.consts) > 0 {
		if g, err = bindConstants(g, c.consts); err != nil {
			return nil, err
		}
	}
	if c.widen {
		g = optimize.WidenInterface(g)
	}
	if c.batch > 1 {
		if g, err = optimize.Rebatch(g); err != nil {
			return nil, err
		}
	}
	p := &Program{config: c, target: &ops.Target{Packs: new(ops.Packs)}, plans: make(map[int]*plan)}
	if p.canonical, err = optimize.Run(g); err != nil {
		return nil, err
	}
	if p.target.I8, err = i8.Select(c.level); err != nil {
		return nil, fmt.Errorf("int8 kernels: %w", err)
	}
	if p.target.F32, err = f32.Select(c.level); err != nil {
		return nil, fmt.Errorf("fp32 kernels: %w", err)
	}
	if _, err = p.plan(c.batch); err != nil {
		return nil, err
	}
	return p, nil
}

// bindConstants returns a copy of g whose inputs with the given names are constants.
func bindConstants(g *graph.Graph, consts map[string]*graph.Tensor) (*graph.Graph, error) {
	g = g.Clone()
	inputs := g.Inputs
	g.Inputs = nil
	found := 0
	for _, v := range inputs {
		t := consts[v.Name]
		if t == nil {
			g.Inputs = append(g.Inputs, v)
			continue
		}
		found++
		fits := t.DType == v.DType && len(t.Shape) == len(v.Shape)
		for i := 0; fits && i < len(t.Shape); i++ {
			fits = v.Shape[i] < 0 || v.Shape[i] == t.Shape[i]
		}
		if !fits {
			return nil, fmt.Errorf("%w: constant input %q: want %v%v, got %v%v", ErrOption, v.Name, v.DType, v.Shape, t.DType, t.Shape)
		}
		v.Const, v.Shape = t, t.Shape.Clone()
	}
	if found != len(consts) {
		return nil, fmt.Errorf("%w: constants for %d inputs, of which the model has %d", ErrOption, len(consts), found)
	}
	return g, nil
}

// plan returns the plan for a batch size, made the first time.
func (p *Program) plan(batch int) (*plan, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if pl := p.plans[batch]; pl != nil {
		return pl, nil
	}
	pl, err := newPlan(p.canonical, batch, p.config, p.target)
	if err != nil {
		return nil, err
	}
	p.plans[batch] = pl
	return pl, nil
}

// top returns the plan for the largest batch size.
func (p *Program) top() *plan {
	pl, err := p.plan(p.config.batch)
	if err != nil {
		panic("bug: the plan made by Compile is gone")
	}
	return pl
}

// ValueInfo describes an input or output of a program.
type ValueInfo struct {
	Name  string
	DType graph.DType
	Shape graph.Shape  // graph.Batch stands for the batch size
	Quant *graph.Quant // nil for plain numbers
}

func describe(values []*graph.Value) []ValueInfo {
	out := make([]ValueInfo, len(values))
	for i, v := range values {
		out[i] = ValueInfo{Name: v.Name, DType: v.DType, Shape: v.Shape.Clone(), Quant: v.Quant}
	}
	return out
}

// Inputs describes the model's inputs.
func (p *Program) Inputs() []ValueInfo { return describe(p.canonical.Inputs) }

// Outputs describes the model's outputs.
func (p *Program) Outputs() []ValueInfo { return describe(p.canonical.Outputs) }

// Metadata returns the metadata of the model file; the caller must not change it.
func (p *Program) Metadata() map[string]string { return p.canonical.Metadata }

// MaxBatch returns the largest batch size that the program runs at.
func (p *Program) MaxBatch() int { return p.config.batch }

// Dynamic reports whether the batch size may differ from run to run.
func (p *Program) Dynamic() bool {
	for _, v := range p.canonical.Inputs {
		if !v.Shape.Static() {
			return true
		}
	}
	return false
}

// Separable reports whether a batch gives each example the bytes that it has alone, and holds it apart: the batch size may
// differ from run to run, every input and output begins with the batch dimension, and no operator takes a range from the whole
// batch, as DynamicQuantizeLinear does. Examples of different requests may then be put side by side along the first dimension.
func (p *Program) Separable() bool {
	g := p.canonical
	return p.Dynamic() && !slices.ContainsFunc(g.Nodes, rangesFromData) && !slices.ContainsFunc(slices.Concat(g.Inputs, g.Outputs), interleaved)
}

// rangesFromData reports whether a node quantizes by the range of its input.
func rangesFromData(n *graph.Node) bool {
	return n.Op == "DynamicQuantizeLinear" || n.Op == "DynamicQuantize"
}

// interleaved reports whether the examples of a value do not lie one after the other, a whole number of bytes each.
func interleaved(v *graph.Value) bool {
	return len(v.Shape) == 0 || v.Shape[0] >= 0 || !v.Shape[1:].Static() || v.DType.Bits() < 8
}

// Threads returns how many threads one run may use.
func (p *Program) Threads() int { return p.config.threads }

// Level returns the name of the instruction-set level whose kernels are used.
func (p *Program) Level() string { return p.target.I8.Level().String() }

// Canonical returns the optimized graph, which the caller must not change.
func (p *Program) Canonical() *graph.Graph { return p.canonical }

// Memory tells how many bytes a program needs.
type Memory struct {
	Arena   int `json:"arena"`    // memory for the values of one session
	LiveSet int `json:"live_set"` // bytes of the largest set of values live at once: no plan can need less
	Scratch int `json:"scratch"`  // each thread of one session, with the values of an image where batches begin image by image
	Weights int `json:"weights"`  // packed weights, shared by all sessions
}

// Memory returns the memory needed at the largest batch size.
func (p *Program) Memory() Memory {
	t := p.top()
	return Memory{Arena: t.arena, LiveSet: t.live, Scratch: t.scratch, Weights: t.weights}
}

// StepInfo describes one step of a program at the largest batch size.
type StepInfo struct {
	Op      string      `json:"op"`
	Name    string      `json:"name"`
	Kernel  string      `json:"kernel"`
	Output  string      `json:"output"`  // type and shape of the first output
	MACs    int         `json:"macs"`    // multiplications of a convolution or dense layer
	Weights int         `json:"weights"` // bytes of packed weights
	Moved   int         `json:"moved"`   // bytes of inputs and outputs, without constants
	Live    int         `json:"live"`    // bytes of values in the arena, of one image where steps run image by image, while it runs
	Proved  float64     `json:"proved"`  // share of products that a level without VNNI may add fast; 0 elsewhere
	DType   graph.DType `json:"-"`       // type of the data that it computes on
}

// Steps describes the steps in order. Steps that run image by image are described for all images together.
func (p *Program) Steps() []StepInfo { return p.top().describe() }

// describe describes the steps of a plan, those of its chain first.
func (p *plan) describe() []StepInfo {
	var out []StepInfo
	if p.chain != nil {
		out = p.chain.plan.describeSteps(p.batch)
	}
	return append(out, p.describeSteps(1)...)
}

// describeSteps describes the steps of a plan that is run the given number of times.
func (p *plan) describeSteps(times int) []StepInfo {
	var out []StepInfo
	for i, s := range p.steps {
		info := StepInfo{
			Op: s.node.Op, Name: s.node.Name, Kernel: s.lowered.Kernel, MACs: times * macs(s.node), Weights: s.lowered.Weights, Live: p.liveAt[i],
			Proved: s.lowered.Proved,
		}
		if y := s.node.Outputs[0]; y != nil {
			shape := y.Shape.Clone()
			if times > 1 {
				shape[0] *= times
			}
			info.Output = y.DType.String() + shape.String()
		}
		if len(s.node.Inputs) > 0 && s.node.Inputs[0] != nil {
			info.DType = s.node.Inputs[0].DType
		}
		for _, list := range [][]*graph.Value{s.node.Inputs, s.node.Outputs} {
			for _, v := range list {
				if v != nil && v.Const == nil {
					info.Moved += times * v.DType.Bytes(v.Shape.Size())
				}
			}
		}
		out = append(out, info)
	}
	return out
}

// macs returns the number of multiplications of a convolution or dense layer, 0 for other nodes.
func macs(n *graph.Node) int {
	switch n.Attrs.(type) {
	case *ops.Conv, *ops.Dense:
		w := n.Inputs[1].Shape
		return n.Outputs[0].Shape.Size() * (w.Size() / w[0])
	}
	return 0
}

// RequireInteger returns an error, wrapping ErrFloat, that names every convolution and dense layer that runs in float.
func (p *Program) RequireInteger() error {
	var errs []error
	for _, n := range p.canonical.Nodes {
		switch n.Op {
		case "Conv", "Dense", "Gemm", "MatMul":
			if n.Inputs[0].DType.IsFloat() {
				errs = append(errs, fmt.Errorf("%s runs in %v", n.Where(), n.Inputs[0].DType))
			}
		}
	}
	if errs == nil {
		return nil
	}
	return fmt.Errorf("%w: %w", ErrFloat, errors.Join(errs...))
}
