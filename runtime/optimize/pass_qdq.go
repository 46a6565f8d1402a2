package optimize

import (
	"slices"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/ops"
)

// quantizedForm says how an operator between Dequantize and Quantize nodes is made to work on integers.
type quantizedForm uint8

const (
	_           quantizedForm = iota
	contraction               // integer product; the output may stay float
	arithmetic                // wants every data input dequantized and the output quantized
	movement                  // keeps its input's quantization: Dequantize moves behind it
)

// quantizedForms lists the operators that foldQDQ rewrites.
var quantizedForms = map[string]quantizedForm{
	"Conv": contraction, "Dense": contraction,
	"Add": arithmetic, "Sub": arithmetic, "Mul": arithmetic, "Div": arithmetic, "Concat": arithmetic,
	"AveragePool": arithmetic, "GlobalAveragePool": arithmetic, "ReduceMean": arithmetic, "Softmax": arithmetic,
	"Relu": arithmetic, "Relu6": arithmetic, "Clip": arithmetic, "LeakyRelu": arithmetic, "PRelu": arithmetic, "Sigmoid": arithmetic,
	"HardSigmoid": arithmetic, "HardSwish": arithmetic, "Swish": arithmetic, "Mish": arithmetic, "Gelu": arithmetic,
	"Elu": arithmetic, "Tanh": arithmetic, "Exp": arithmetic, "Sqrt": arithmetic, "Erf": arithmetic,
	"MaxPool": movement, "GlobalMaxPool": movement, "Reshape": movement, "Flatten": movement, "Squeeze": movement,
	"Unsqueeze": movement, "Transpose": movement, "Slice": movement, "Gather": movement, "Identity": movement,
	"DepthToSpace": movement, "SpaceToDepth": movement, "Expand": movement, "Tile": movement, "Split": movement, "Pad": movement,
}

// foldQDQ removes Dequantize and Quantize nodes around operators that can work on integers.
func foldQDQ(g *graph.Graph) error {
	f := &qdq{editor: newEditor(g), readers: g.Consumers(), gone: make(map[*graph.Node]bool)}
	for _, n := range g.Nodes {
		if f.gone[n] {
			continue
		}
		f.enter(n)
		if err := f.node(n); err != nil {
			return err
		}
	}
	f.finish()
	return nil
}

// qdq is the state of foldQDQ.
type qdq struct {
	*editor
	readers map[*graph.Value][]*graph.Node // as they were before the pass
	gone    map[*graph.Node]bool           // Quantize nodes that became part of an earlier node
}

func (f *qdq) node(n *graph.Node) error {
	switch quantizedForms[n.Op] {
	case contraction:
		f.contraction(n)
	case arithmetic:
		f.arithmetic(n)
	case movement:
		switch x := f.source(n.Inputs[0]); {
		case x == nil || !padsZero(n):
		case clampsExactly(n, x):
			return f.movement(n)
		default:
			f.arithmetic(n)
		}
	default:
		if n.Op == "Quantize" {
			return f.quantize(n)
		}
	}
	f.keep(n)
	return ops.Infer(n)
}

// source returns the value, quantized per tensor, that v dequantizes, or nil.
func (f *qdq) source(v *graph.Value) *graph.Value {
	if v == nil || v.Producer == nil || v.Producer.Op != "Dequantize" {
		return nil
	}
	q := v.Producer.Inputs[0]
	if !q.Quant.IsPerTensor() || q.Quant.Table != nil || v.DType != graph.Float32 || q.DType.Bits() != 8 {
		return nil
	}
	return q
}

// quantized returns the per-tensor byte value that n's only output becomes in all its readers, or nil where some reader
// wants the float. The Quantize nodes are removed and n produces the value.
func (f *qdq) quantized(n *graph.Node) *graph.Value {
	y := n.Outputs[0]
	readers := f.readers[y]
	if len(readers) == 0 || f.g.IsOutput(y) || len(n.Outputs) != 1 {
		return nil
	}
	first := readers[0]
	for _, r := range readers {
		if r.Op != "Quantize" {
			return nil
		}
		q := r.Outputs[0]
		if !q.Quant.IsPerTensor() || q.DType.Bits() != 8 || q.DType != first.Outputs[0].DType || !q.Quant.Equal(first.Outputs[0].Quant) {
			return nil
		}
	}
	return first.Outputs[0]
}

// produce makes n produce q, which quantized returned.
func (f *qdq) produce(n *graph.Node, q *graph.Value) {
	for _, r := range f.readers[n.Outputs[0]] {
		f.gone[r] = true
		if r.Outputs[0] != q {
			f.replace(r.Outputs[0], q)
		}
	}
	q.Producer = n
	n.Outputs[0] = q
}

// arithmetic makes an operator work on the integers of its data inputs where all of them are dequantized values and its
// readers quantize its output.
func (f *qdq) arithmetic(n *graph.Node) {
	op, err := ops.Lookup(n.Op)
	if err != nil {
		return
	}
	inputs := slices.Clone(n.Inputs)
	for i, v := range n.Inputs {
		if v == nil || op.Data != nil && !op.Data(n, i) || n.Op == "Clip" && i > 0 {
			continue
		}
		if inputs[i] = f.source(v); inputs[i] == nil {
			return
		}
	}
	q := f.quantized(n)
	if q == nil || !fits(n, inputs, q) {
		return
	}
	n.Inputs = inputs
	f.produce(n, q)
}

// quantize turns a Quantize of a dequantized value into nothing or a Requantize.
func (f *qdq) quantize(n *graph.Node) error {
	y := n.Outputs[0]
	x := f.source(n.Inputs[0])
	if x == nil || !y.Quant.IsPerTensor() {
		f.keep(n)
		return ops.Infer(n)
	}
	if x.DType == y.DType && x.Quant.Equal(y.Quant) && (x.Producer != nil || !f.g.IsOutput(y)) {
		f.replace(y, x)
		return nil
	}
	n.Op, n.Inputs[0] = "Requantize", x
	f.keep(n)
	return ops.Infer(n)
}
