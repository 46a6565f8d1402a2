package optimize

import (
	"math"
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

// contraction gives a convolution or dense layer integer data, weights and bias, and a quantized output where its readers
// quantize it.
func (f *qdq) contraction(n *graph.Node) {
	x := f.source(n.Inputs[0])
	w := constantSource(n.Inputs[1])
	if x == nil || w == nil || w.Quant == nil || n.Input(3) != nil || !weightsFit(w) {
		return
	}
	bias := n.Input(2)
	if bias != nil {
		if bias = f.integerBias(n, bias, x.Quant.Scale[0], w.Quant.Scale); bias == nil {
			return
		}
	}
	inputs := []*graph.Value{x, w}
	if bias != nil {
		inputs = append(inputs, bias)
	}
	switch q := f.quantized(n); {
	case q != nil && fits(n, inputs, q):
		n.Inputs = inputs
		f.produce(n, q)
	case fits(n, inputs, n.Outputs[0]):
		n.Inputs = inputs
	}
}

// fits reports whether n can work on the inputs and produce a value like y; scales far apart can make that impossible.
func fits(n *graph.Node, inputs []*graph.Value, y *graph.Value) bool {
	out := &graph.Value{Name: y.Name, DType: y.DType, Quant: y.Quant}
	return ops.Infer(&graph.Node{Op: n.Op, Name: n.Name, Attrs: n.Attrs, Inputs: inputs, Outputs: []*graph.Value{out}}) == nil
}

// weightsFit reports whether the quantization of weights has one scale or one for each index of axis 0.
func weightsFit(w *graph.Value) bool {
	return w.DType.Bits() <= 8 && w.Quant.Block == 0 && (w.Quant.IsPerTensor() || w.Quant.Axis == 0)
}

// integerBias returns the bias at scale sx*sw[c] as an int32 constant, or nil where it is not constant or does not fit.
func (f *qdq) integerBias(n *graph.Node, bias *graph.Value, sx float32, sw []float32) *graph.Value {
	c := constantSource(bias)
	if c == nil || c.Quant != nil && (c.Quant.Block > 0 || c.Quant.Table != nil) {
		return nil
	}
	t := graph.NewTensor(graph.Int32, c.Shape...)
	for i := range t.Len() {
		scale := sx * sw[i%len(sw)]
		real := c.Const.Float(i)
		if c.Quant != nil {
			s := c.Quant.Scale[i%len(c.Quant.Scale)]
			v := c.Const.Int(i) - int64(c.Quant.ZeroAt(i%len(c.Quant.Scale)))
			if math.Abs(float64(s-scale)) <= 1e-5*float64(scale) && int64(int32(v)) == v {
				t.SetInt(i, v)
				continue
			}
			real = float64(v) * float64(s)
		}
		v := math.RoundToEven(real / float64(scale))
		if !(math.Abs(v) < 1<<30) {
			return nil
		}
		t.SetInt(i, int64(v))
	}
	return graph.NewConst(f.name(c.Name+"@"+n.Outputs[0].Name), t)
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

// padsZero reports whether n, if it is a Pad, pads with zeros or with elements of its input.
func padsZero(n *graph.Node) bool {
	a, ok := n.Attrs.(*ops.Pad)
	if !ok || a.Mode != ops.PadConstant || n.Input(2) == nil {
		return true
	}
	v := n.Inputs[2].Const
	return v != nil && v.Len() == 1 && v.Float(0) == 0
}

// clampsExactly reports whether the bounds of n, if it is a pool with a clamp, are numbers that x, its quantized input, can
// hold, or beyond them: a clamp on the integers of x then gives what a clamp of reals does.
func clampsExactly(n *graph.Node, x *graph.Value) bool {
	a, ok := n.Attrs.(*ops.Pool)
	if !ok || !a.Clamp.On {
		return true
	}
	least, greatest := x.DType.IntRange()
	for _, bound := range []float32{a.Clamp.Lo, a.Clamp.Hi} {
		q := float64(bound)/float64(x.Quant.Scale[0]) + float64(x.Quant.ZeroAt(0))
		if q > float64(least) && q < float64(greatest) && math.Abs(q-math.RoundToEven(q)) > 1e-4 {
			return false
		}
	}
	return true
}

// movement makes the operator work on the integers that its input dequantizes, and dequantizes its outputs instead.
func (f *qdq) movement(n *graph.Node) error {
	x := f.source(n.Inputs[0])
	for _, v := range n.Outputs {
		if v != nil && v.DType != graph.Float32 {
			f.keep(n)
			return ops.Infer(n)
		}
	}
	n.Inputs[0] = x
	if _, ok := n.Attrs.(*ops.Pad); ok && n.Input(2) != nil {
		n.Inputs[2] = nil // a quantized Pad without a value pads with the zero point
	}
	reals := slices.Clone(n.Outputs)
	for i, v := range n.Outputs {
		if v != nil {
			n.Outputs[i] = &graph.Value{Name: f.name(v.Name + ".q"), DType: x.DType, Quant: x.Quant, Producer: n}
		}
	}
	f.keep(n)
	if err := ops.Infer(n); err != nil {
		return err
	}
	for i, v := range reals {
		if v == nil {
			continue
		}
		d := &graph.Node{Op: "Dequantize", Name: v.Name, Inputs: []*graph.Value{n.Outputs[i]}, Outputs: []*graph.Value{v}}
		v.Producer = d
		f.keep(d)
	}
	return nil
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
