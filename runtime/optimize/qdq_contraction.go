package optimize

import (
	"math"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/ops"
)

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
