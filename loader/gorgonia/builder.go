package gorgonia

import (
	"slices"
	"strings"

	"gorgonia.org/gorgonia"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/ops"
)

// Operator is an operator of another package than Gorgonia that knows what it is in a graph.
type Operator interface {
	gorgonia.Op
	// Graph adds what computes the operator in inference from x, one value for each operand, and returns the result. Its shape must
	// be the one that InferShape gives, with the batch where x has it.
	Graph(b *Builder, x []*graph.Value) (*graph.Value, error)
}

// Builder adds to a graph what one node of an expression graph becomes. Its first error is kept, and the values after it are of no
// use; whoever converts the node reports it.
type Builder struct {
	*converter
	node     *gorgonia.Node
	operands gorgonia.Nodes
	name     string
	err      error
}

// Add adds a node and returns its one output. attrs points to the operator's attribute struct of package ops, nil where there is
// none. Errors of shapes and types are those of the node being converted.
func (b *Builder) Add(op string, attrs any, in ...*graph.Value) *graph.Value {
	return b.AddAs(op, attrs, graph.Invalid, nil, in...)
}

// AddAs is Add with a type and a quantization that the output declares; Invalid and nil declare nothing.
func (b *Builder) AddAs(op string, attrs any, d graph.DType, q *graph.Quant, in ...*graph.Value) *graph.Value {
	name := b.unique(b.name)
	n := b.graph.Add(op, name, attrs, in, name)
	v := n.Outputs[0]
	v.DType, v.Quant = d, q
	if b.err == nil {
		b.err = infer(n)
	}
	if b.err != nil {
		v.DType, v.Quant, v.Shape = graph.Float32, nil, graph.Shape{}
	}
	return v
}

// infer infers a node's output, as an error that wraps ErrUnsupported.
func infer(n *graph.Node) error {
	if err := ops.Infer(n); err != nil {
		return unsupportedf("%w", err)
	}
	return nil
}

// Constant returns a constant.
func (b *Builder) Constant(t *graph.Tensor) *graph.Value {
	return graph.NewConst(b.unique(b.name+".constant"), t)
}

// custom converts a node by its operator's own method.
func (b *Builder) custom(op Operator) (value, error) {
	v, err := op.Graph(b, b.wholes())
	if err != nil {
		return value{}, unsupportedf("%w", err)
	}
	if v == nil || v.Shape == nil && v.DType == graph.Invalid {
		return value{}, unsupportedf("its method Graph returns no value")
	}
	return value{v, v.Shape}, nil
}

// integers returns a constant list of integers, as ops want axes and bounds.
func (b *Builder) integers(list ...int) *graph.Value {
	wide := make([]int64, len(list))
	for i, v := range list {
		wide[i] = int64(v)
	}
	return b.Constant(graph.Int64s(wide, len(wide)))
}

// scalar returns a constant float without axes.
func (b *Builder) scalar(x float64) *graph.Value {
	return b.Constant(&graph.Tensor{DType: graph.Float32, Shape: graph.Shape{}, Data: graph.Float32s([]float32{float32(x)}).Data})
}

// operand returns what operand i became.
func (b *Builder) operand(i int) value { return b.value(b.operands[i]) }

// wholes returns the operands with their repetitions carried out.
func (b *Builder) wholes() []*graph.Value {
	out := make([]*graph.Value, len(b.operands))
	for i := range out {
		out[i] = b.whole(b.operand(i))
	}
	return out
}

// whole returns a value with its repetitions carried out.
func (b *Builder) whole(x value) *graph.Value {
	if x.v.Shape.Equal(x.shape) {
		return x.v
	}
	return b.Add("Expand", &ops.Expand{To: x.shape}, x.v)
}

// same returns a result that has no repetitions to be carried out.
func same(v *graph.Value) value { return value{v, v.Shape} }

// axis returns an axis of the node's first operand, checked.
func (b *Builder) axis(a int) (int, error) {
	rank := len(b.operands[0].Shape())
	if a < 0 || a >= rank {
		return 0, unsupportedf("axis %d of %d", a, rank)
	}
	return a, nil
}

// binaryOf returns the sign of a binary operator on elements, such as "+", and whether a comparison gives numbers; empty for others.
func binaryOf(n *gorgonia.Node) (sign string, number bool) {
	if kind(n.Op()) != "elemBinOp" {
		return "", false
	}
	sign, last, _ := strings.Cut(n.Op().String(), " ")
	return sign, last == "true"
}

// unaryOf returns the name of a unary operator on elements, such as "exp"; empty for others.
func unaryOf(n *gorgonia.Node) string {
	if kind(n.Op()) != "elemUnaryOp" {
		return ""
	}
	return n.Op().String()
}

// isNumber reports whether a node is a constant whose elements are all x.
func (c *converter) isNumber(n *gorgonia.Node, x float64) bool {
	got, ok := c.number(n)
	return ok && got == x
}

// number returns the number that all elements of a leaf that is no input are.
func (c *converter) number(n *gorgonia.Node) (float64, bool) {
	if !isLeaf(n) || slices.Contains(c.inputs, n) {
		return 0, false
	}
	x, err := c.constant(n)
	if err != nil || x.v.Const.Len() == 0 {
		return 0, false
	}
	first := x.v.Const.Float(0)
	for i := range x.v.Const.Len() {
		if x.v.Const.Float(i) != first {
			return 0, false
		}
	}
	return first, true
}
