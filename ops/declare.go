package ops

import (
	"github.com/octet-ml/octet/graph"
)

// isReal reports whether v means real numbers: it has a float type or a quantization.
func isReal(v *graph.Value) bool { return v.DType.IsFloat() || v.Quant != nil }

// realType returns the type and quantization that an operator on real numbers gives its output by default: those of x.
func realType(x *graph.Value) (graph.DType, *graph.Quant, error) {
	if !isReal(x) {
		return 0, nil, typeErrorf("%q: want a float type or a quantized one, got %v", x.Name, x.DType)
	}
	return x.DType, x.Quant, nil
}

// setReal is setOutput for an operator on real numbers: what the output declares must mean real numbers as well.
func setReal(n *graph.Node, i int, x *graph.Value, s graph.Shape) error {
	d, q, err := realType(x)
	if err != nil {
		return err
	}
	setOutput(n, i, d, s, q)
	if err := checkReal(n, i); err != nil || i >= len(n.Outputs) || n.Outputs[i] == nil {
		return err
	}
	if q := n.Outputs[i].Quant; q != nil && q.Table != nil {
		return unsupportedf("output %q has a codebook", n.Outputs[i].Name)
	}
	return sameFloats(x, n.Outputs[i])
}

// sameFloats returns an error unless the values with a float type have the same one, and no other is quantized where it is
// Float64: quantized values are computed in float32. Values may be nil.
func sameFloats(values ...*graph.Value) error {
	var first, quantized *graph.Value
	for _, v := range values {
		switch {
		case v == nil:
		case v.Quant != nil:
			quantized = v
		case !v.DType.IsFloat():
		case first == nil:
			first = v
		case v.DType != first.DType:
			return typeErrorf("%q is %v, %q is %v", first.Name, first.DType, v.Name, v.DType)
		}
	}
	if first != nil && first.DType == graph.Float64 && quantized != nil {
		return typeErrorf("%q is %v, %q is quantized", first.Name, first.DType, quantized.Name)
	}
	return nil
}

// sameReals returns an error unless every value means real numbers, of types that go together.
func sameReals(values []*graph.Value) error {
	for _, v := range values {
		if !isReal(v) {
			return typeErrorf("%q: want a float type or a quantized one, got %v", v.Name, v.DType)
		}
	}
	return sameFloats(values...)
}

// checkReal returns an error if output i declares a type that does not mean real numbers.
func checkReal(n *graph.Node, i int) error {
	if i < len(n.Outputs) && n.Outputs[i] != nil && !isReal(n.Outputs[i]) {
		return typeErrorf("output %q: want a float type or a quantized one, got %v", n.Outputs[i].Name, n.Outputs[i].DType)
	}
	return nil
}

// setExactly is setOutput for plain numbers of a type that is a consequence of the inputs'.
func setExactly(n *graph.Node, i int, d graph.DType, s graph.Shape) error {
	setOutput(n, i, d, s, nil)
	if i >= len(n.Outputs) || n.Outputs[i] == nil {
		return nil
	}
	if y := n.Outputs[i]; y.DType != d || y.Quant != nil {
		return typeErrorf("output %q is declared as %v, quantization %v: want %v", y.Name, y.DType, y.Quant, d)
	}
	return nil
}

// setMoved sets output i to elements of x in shape s: q is the quantization of x with its axis where it is after the move.
// Where the output declares another quantization of real numbers, the moved elements are requantized.
func setMoved(n *graph.Node, i int, x *graph.Value, s graph.Shape, q *graph.Quant) error {
	setOutput(n, i, x.DType, s, q)
	if i >= len(n.Outputs) || n.Outputs[i] == nil {
		return nil
	}
	y := n.Outputs[i]
	if y.DType == x.DType && (x.Quant == nil || y.Quant == nil || y.Quant.Equal(q)) || isReal(x) && isReal(y) {
		return sameFloats(x, y)
	}
	return typeErrorf("output %q is declared as %v %v, the input is %v %v", y.Name, y.DType, y.Quant, x.DType, x.Quant)
}

// setView is setMoved for outputs that have the bytes of their input.
func setView(n *graph.Node, x *graph.Value, s graph.Shape, q *graph.Quant) error {
	setOutput(n, 0, x.DType, s, q)
	y := n.Outputs[0]
	if y == nil || y.DType == x.DType && (x.Quant == nil || y.Quant == nil || y.Quant.Equal(q)) {
		return nil
	}
	return typeErrorf("output %q is declared as %v %v, but it has the bytes of %v %v", y.Name, y.DType, y.Quant, x.DType, q)
}

// sameTypes returns an error unless the inputs that are present have the type of the first one.
func sameTypes(values ...*graph.Value) error {
	for _, v := range values[1:] {
		if v != nil && v.DType != values[0].DType {
			return typeErrorf("%q is %v, %q is %v", values[0].Name, values[0].DType, v.Name, v.DType)
		}
	}
	return nil
}

// inPlace is Operator.InPlace of operators that read an element before they write the one in its place, and no other
// later.
func inPlace(n *graph.Node, i int) bool {
	x, y := n.Inputs[i], n.Outputs[0]
	return x != nil && y != nil && x.Const == nil && x.DType.Bits() == y.DType.Bits() && x.Shape.Equal(y.Shape)
}

// inPlaceFirst is inPlace for input 0 only.
func inPlaceFirst(n *graph.Node, i int) bool { return i == 0 && inPlace(n, 0) }

// firstInput is Operator.Data of operators whose other inputs are parameters.
func firstInput(_ *graph.Node, i int) bool { return i == 0 }
