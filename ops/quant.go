package ops

import (
	"github.com/octet-ml/octet/graph"
)

var quantRows = []Operator{{
	Name: "Quantize", // float to the declared quantized output; ONNX QuantizeLinear with constant parameters
	In:   Arity{1, 1}, Out: Arity{1, 1},
	Infer: inferQuantize, Reference: referenceQuantize, Lower: lowerQuantize, Permute: permutePlain, ByImage: always,
}, {
	Name: "Dequantize", // quantized input to float; ONNX DequantizeLinear with constant parameters
	In:   Arity{1, 1}, Out: Arity{1, 1},
	Infer: inferDequantize, Reference: referenceDequantize, Lower: lowerDequantize, Permute: permutePlain, ByImage: always,
}, {
	Name: "Requantize", // quantized input to the declared quantized output
	In:   Arity{1, 1}, Out: Arity{1, 1},
	Infer: inferRequantize, Reference: referenceRequantize, Lower: lowerRequantize, Permute: permutePlain, Elementwise: true,
	InPlace: func(n *graph.Node, i int) bool { return n.Inputs[0].DType.Bits() == n.Outputs[0].DType.Bits() },
}, {
	Name: "Reinterpret", // the same bits with the declared type of the same width and the declared Quant
	In:   Arity{1, 1}, Out: Arity{1, 1},
	Infer: inferReinterpret, Reference: func(_ *graph.Node, in, out []*graph.Tensor) error { copy(out[0].Data, in[0].Data); return nil },
	View: true, Permute: permutePlain, PlainIntegers: true,
}, {
	Name: "QuantizeLinear", Attrs: func() any { return &QuantizeLinear{Axis: 1} },
	In: Arity{2, 3}, Out: Arity{1, 1},
	Infer: inferQuantizeLinear, Reference: referenceQuantizeLinear, PlainIntegers: true,
}, {
	Name: "DequantizeLinear", Attrs: func() any { return &QuantizeLinear{Axis: 1} },
	In: Arity{2, 3}, Out: Arity{1, 1},
	Infer: inferDequantizeLinear, Reference: referenceDequantizeLinear, PlainIntegers: true,
}, {
	Name: "DynamicQuantizeLinear", // x to y (u8), its scale and its zero point, over the whole tensor
	In:   Arity{1, 1}, Out: Arity{1, 3},
	Infer: inferDynamicQuantize, Reference: referenceDynamicQuantize, Lower: lowerDynamicQuantize, Permute: permutePlain,
}}

// permutePlain is Permute of operators that treat each element by itself; the declared Quant of the outputs follows.
func permutePlain(n *graph.Node, perm []int) bool {
	for _, v := range n.Outputs {
		if v != nil && v.Quant != nil && PermuteQuant(v.Quant, perm) == nil {
			return false
		}
	}
	for _, v := range n.Outputs {
		if v != nil {
			v.Quant = PermuteQuant(v.Quant, perm)
		}
	}
	return true
}

// scaleIndex returns the function from an element's index to the index of its scale, for a tensor of shape s.
func scaleIndex(s graph.Shape, scales, axis, block int) func(i int) int {
	if scales == 1 && block == 0 {
		return func(int) int { return 0 }
	}
	inner := 1
	for _, d := range s[axis+1:] {
		inner *= d
	}
	length := s[axis]
	if block == 0 {
		return func(i int) int { return i / inner % length }
	}
	blocks := (length + block - 1) / block
	return func(i int) int {
		outer, rest := i/(inner*length), i%(inner*length)
		return (outer*blocks+rest/inner/block)*inner + rest%inner
	}
}

// dequantizer returns the function from integers and their index to real numbers that q means for shape s.
func dequantizer(q *graph.Quant, s graph.Shape) func(v int64, i int) float32 {
	index := scaleIndex(s, len(q.Scale), q.Axis, q.Block)
	return func(v int64, i int) float32 {
		if q.Table != nil {
			v = int64(q.Table[v])
		}
		k := index(i)
		return float32(v-int64(q.ZeroAt(k))) * q.Scale[k]
	}
}

func inferQuantize(n *graph.Node) error {
	y := n.Outputs[0]
	if !n.Inputs[0].DType.IsFloat() || y.Quant == nil || y.Quant.Table != nil {
		return typeErrorf("want a float input and a declared quantized output, got %v and %v", n.Inputs[0].DType, y.Quant)
	}
	y.Shape = n.Inputs[0].Shape
	return nil
}

func referenceQuantize(n *graph.Node, in, out []*graph.Tensor) error {
	q := n.Outputs[0].Quant
	index := scaleIndex(out[0].Shape, len(q.Scale), q.Axis, q.Block)
	lo, hi := out[0].DType.IntRange()
	for i := range out[0].Len() {
		k := index(i)
		out[0].SetInt(i, quantizeReal(float32(in[0].Float(i)), q.Scale[k], q.ZeroAt(k), lo, hi))
	}
	return nil
}

func inferDequantize(n *graph.Node) error {
	x := n.Inputs[0]
	if x.Quant == nil {
		return typeErrorf("input %q of type %v has no quantization", x.Name, x.DType)
	}
	setOutput(n, 0, graph.Float32, x.Shape, nil)
	if !n.Outputs[0].DType.IsFloat() {
		return typeErrorf("output: want a float type, got %v", n.Outputs[0].DType)
	}
	return nil
}

func referenceDequantize(n *graph.Node, in, out []*graph.Tensor) error {
	real := dequantizer(n.Inputs[0].Quant, in[0].Shape)
	for i := range out[0].Len() {
		out[0].SetFloat(i, float64(real(in[0].Int(i), i)))
	}
	return nil
}

func inferRequantize(n *graph.Node) error {
	x, y := n.Inputs[0], n.Outputs[0]
	if x.Quant == nil || y.Quant == nil || y.Quant.Table != nil {
		return typeErrorf("want quantized input and output, got %v and %v", x.Quant, y.Quant)
	}
	y.Shape = x.Shape
	return nil
}

// referenceRequantize dequantizes and quantizes in float32. Where only the zero point moves the integers stay exact: for
// |v| < 2^23, v*s/s differs from v by less than half.
func referenceRequantize(n *graph.Node, in, out []*graph.Tensor) error {
	real := dequantizer(n.Inputs[0].Quant, in[0].Shape)
	q := n.Outputs[0].Quant
	index := scaleIndex(out[0].Shape, len(q.Scale), q.Axis, q.Block)
	lo, hi := out[0].DType.IntRange()
	for i := range out[0].Len() {
		k := index(i)
		out[0].SetInt(i, quantizeReal(real(in[0].Int(i), i), q.Scale[k], q.ZeroAt(k), lo, hi))
	}
	return nil
}

func inferReinterpret(n *graph.Node) error {
	x, y := n.Inputs[0], n.Outputs[0]
	if !y.DType.Valid() || y.DType.Bits() != x.DType.Bits() {
		return typeErrorf("want a declared output as wide as %v, got %v", x.DType, y.DType)
	}
	y.Shape = x.Shape
	return nil
}
