package qat

import (
	"fmt"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/ops"
	"github.com/octet-ml/octet/quantize"
)

// record is a network as our graph of real numbers, and what its integer form takes beside. Constants get their numbers when the graph
// is asked for, because training changes them.
type record struct {
	graph       *graph.Graph
	fills       []fill
	layers      map[string]*layer      // by the name of the node
	activations map[string]*activation // by the name of the value
}

// fill is a constant of the record and where its numbers are.
type fill struct {
	value   *graph.Value
	numbers func() []float32
}

func newRecord() record {
	return record{graph: &graph.Graph{}, layers: make(map[string]*layer), activations: make(map[string]*activation)}
}

// add appends a node with one output, both called name, and infers its shape.
func (r *record) add(op, name string, attrs any, inputs ...*graph.Value) (*graph.Value, error) {
	for _, n := range r.graph.Nodes {
		if n.Name == name {
			return nil, fmt.Errorf("%w: two layers are called %q", ErrOption, name)
		}
	}
	node := r.graph.Add(op, name, attrs, inputs, name)
	if err := ops.Infer(node); err != nil {
		return nil, err
	}
	return node.Outputs[0], nil
}

// constant returns a constant whose numbers are asked for later.
func (r *record) constant(name string, numbers func() []float32, shape ...int) *graph.Value {
	v := graph.NewConst(name, graph.NewTensor(graph.Float32, shape...))
	r.fills = append(r.fills, fill{v, numbers})
	return v
}

// clamped returns v cut to what the integers of a can stand for. Those of 8 bits do it by themselves: uint8 saturates.
func (r *record) clamped(v *graph.Value, a *activation) (*graph.Value, error) {
	r.activations[v.Name] = a
	if a.bits == 8 {
		return v, nil
	}
	bound := func(name string, pick func(lo, hi float32) float32) *graph.Value {
		return r.constant(v.Name+name, func() []float32 { return []float32{pick(a.bounds())} })
	}
	lo := bound("_least", func(lo, _ float32) float32 { return lo })
	hi := bound("_greatest", func(_, hi float32) float32 { return hi })
	y, err := r.add("Clip", v.Name+"_clamped", &ops.Clip{}, v, lo, hi)
	if err == nil {
		r.activations[y.Name] = a
	}
	return y, err
}

// Graph returns the network with its present parameters: a network of real numbers as a float graph, BatchNormalization folded by the
// running statistics, and a quantized one as the integer model that computes what this one does. Layers, activations and the input have
// the names that they were given. Errors are Err's and those of quantize.Assemble.
func (n *Network) Graph() (*graph.Graph, error) {
	if n.err != nil {
		return nil, n.err
	}
	for _, f := range n.record.fills {
		f.value.Const = graph.Float32s(f.numbers(), f.value.Shape...)
	}
	g := n.record.graph.Clone()
	if err := g.Verify(); err != nil {
		return nil, fmt.Errorf("network: %w", err)
	}
	if n.float() {
		return g, nil
	}
	grids, quants := make(map[string]quantize.Grid), make(map[string]*graph.Quant)
	for name, l := range n.record.layers {
		grids[name] = l.current()
	}
	for name, a := range n.record.activations {
		quants[name] = a.quant()
	}
	return quantize.Assemble(g, grids, quants)
}

// current returns the layer's grid with the steps that it has learned.
func (l *layer) current() quantize.Grid {
	g := l.grid
	g.Scale = make([]float32, len(l.bias))
	for c := range g.Scale {
		g.Scale[c] = stepOf(l.step[c%len(l.step)])
	}
	return g
}
