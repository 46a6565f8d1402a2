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
	return checkReal(n, i)
}

// checkReal returns an error if output i declares a type that does not mean real numbers.
func checkReal(n *graph.Node, i int) error {
	if i < len(n.Outputs) && n.Outputs[i] != nil && !isReal(n.Outputs[i]) {
		return typeErrorf("output %q: want a float type or a quantized one, got %v", n.Outputs[i].Name, n.Outputs[i].DType)
	}
	return nil
}

// setExactly is setOutput for an output whose type is a consequence of the inputs'.
func setExactly(n *graph.Node, i int, d graph.DType, s graph.Shape, q *graph.Quant) error {
	setOutput(n, i, d, s, q)
	if i < len(n.Outputs) && n.Outputs[i] != nil && n.Outputs[i].DType != d {
		return typeErrorf("output %q is declared as %v: want %v", n.Outputs[i].Name, n.Outputs[i].DType, d)
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
	if y.DType == x.DType && (x.Quant == nil || y.Quant == nil || y.Quant.Equal(q)) || x.Quant != nil && isReal(y) || x.DType.IsFloat() && isReal(y) {
		return nil
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
