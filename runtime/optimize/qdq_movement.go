package optimize

import (
	"math"
	"slices"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/ops"
)

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
