package opstest

import (
	"fmt"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/ops"
)

// Operand is an input of a node: data with its quantization. The node sees a constant where Const is set. A zero Operand is
// an absent input.
type Operand struct {
	Data  *graph.Tensor
	Quant *graph.Quant
	Const bool
}

// In returns plain data.
func In(t *graph.Tensor) Operand { return Operand{Data: t} }

// Const returns a constant.
func Const(t *graph.Tensor) Operand { return Operand{Data: t, Const: true} }

// Quantized returns data quantized per tensor.
func Quantized(t *graph.Tensor, scale float32, zero int32) Operand {
	return Operand{Data: t, Quant: graph.PerTensor(scale, zero)}
}

// Ints returns a constant list of int64, as axes and shapes are given.
func Ints(v ...int64) Operand { return Const(graph.Int64s(v, len(v))) }

// Declared is what a node declares about an output before inference; the zero value declares nothing.
type Declared struct {
	DType graph.DType
	Quant *graph.Quant
}

// Case is a node and its operands. Cases are immutable: every check builds a node of its own.
type Case struct {
	Name  string
	Op    string
	Attrs any
	In    []Operand
	Out   []Declared // at least one, or nil for one output that declares nothing
}

// Node returns a new node with inferred outputs.
func (c Case) Node() (*graph.Node, error) {
	n := c.bare()
	return n, ops.Infer(n)
}

// bare returns a new node before inference.
func (c Case) bare() *graph.Node {
	n := &graph.Node{Op: c.Op, Name: c.Name, Attrs: c.Attrs}
	for i, o := range c.In {
		if o.Data == nil {
			n.Inputs = append(n.Inputs, nil)
			continue
		}
		v := graph.NewValue(fmt.Sprintf("in%d", i), o.Data.DType, o.Data.Shape.Clone())
		v.Quant = o.Quant
		if o.Const {
			v.Const = o.Data
		}
		n.Inputs = append(n.Inputs, v)
	}
	out := c.Out
	if out == nil {
		out = make([]Declared, 1)
	}
	for i, d := range out {
		n.Outputs = append(n.Outputs, &graph.Value{Name: fmt.Sprintf("out%d", i), DType: d.DType, Quant: d.Quant, Producer: n})
	}
	return n
}

// data returns the operands' tensors.
func (c Case) data() []*graph.Tensor {
	ts := make([]*graph.Tensor, len(c.In))
	for i, o := range c.In {
		ts[i] = o.Data
	}
	return ts
}
