package gorgonia

import (
	"math"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/ops"
)

// unaries are the unary operators on elements that are one node.
var unaries = map[string]string{
	"abs": "Abs", "sign": "Sign", "ceil": "Ceil", "floor": "Floor", "sin": "Sin", "cos": "Cos", "exp": "Exp", "ln": "Log",
	"neg": "Neg", "sqrt": "Sqrt", "inv": "Reciprocal", "tanh": "Tanh", "sigmoid": "Sigmoid", "softplus": "Softplus",
}

// unary converts functions of one element.
func unary(b *Builder) (value, error) {
	x := b.operand(0)
	v, name := x.v, b.node.Op().String()
	if op, ok := unaries[name]; ok {
		return value{b.Add(op, nil, v), x.shape}, nil
	}
	switch name {
	case "log2":
		v = b.Add("Mul", nil, b.Add("Log", nil, v), b.scalar(1/math.Ln2))
	case "square":
		v = b.Add("Mul", nil, v, v)
	case "cube":
		v = b.Add("Mul", nil, b.Add("Mul", nil, v, v), v)
	case "invSqrt":
		v = b.Add("Reciprocal", nil, b.Add("Sqrt", nil, v))
	case "log1p":
		v = b.Add("Log", nil, b.Add("Add", nil, v, b.scalar(1)))
	case "expm1":
		v = b.Add("Sub", nil, b.Add("Exp", nil, v), b.scalar(1))
	default:
		return value{}, unsupportedf("no such function")
	}
	return value{v, x.shape}, nil
}

// binaries are the binary operators on elements.
var binaries = map[string]string{
	"+": "Add", "-": "Sub", "⊙": "Mul", "÷": "Div", "^": "Pow",
	"<": "Less", ">": "Greater", "<=": "LessOrEqual", ">=": "GreaterOrEqual", "==": "Equal", "!=": "Equal",
}

// binary converts functions of two elements, and what Gorgonia writes by them: activations, means and softmax.
func binary(b *Builder) (value, error) {
	for _, pattern := range patterns {
		if x, ok := pattern(b); ok {
			return x, nil
		}
	}
	sign, number := binaryOf(b.node)
	op, ok := binaries[sign]
	if !ok {
		return value{}, unsupportedf("no such function")
	}
	y, err := b.pairwise(op)
	if err != nil {
		return value{}, err
	}
	if sign == "!=" {
		y.v = b.Add("Not", nil, y.v)
	}
	if number {
		d, err := dtypeOf(b.node)
		if err != nil {
			return value{}, err
		}
		y.v = b.Add("Cast", &ops.Cast{To: d}, y.v)
	}
	return y, nil
}

// pairwise adds a node that broadcasts its two operands, which have one shape if neither is a scalar.
func (b *Builder) pairwise(op string) (value, error) {
	x, y := b.operand(0), b.operand(1)
	x, y = b.squeezed(x, y.shape), b.squeezed(y, x.shape)
	shape := x.shape
	switch {
	case len(shape) == 0:
		shape = y.shape
	case len(y.shape) != 0 && !shape.Equal(y.shape):
		err := unsupportedf("operands %v and %v", x.shape, y.shape)
		if b.batch > 0 {
			err = batchErrorf("operands %v and %v differ from image to image", x.shape, y.shape)
		}
		return value{}, err
	}
	return value{b.Add(op, nil, x.v, y.v), shape}, nil
}

// minimum converts MinBetween; with a number it is an upper bound.
func minimum(b *Builder) (value, error) {
	if n, x, ok := b.bound(); ok {
		return value{b.Add("Clip", nil, x.v, nil, b.scalar(n)), x.shape}, nil
	}
	return b.pairwise("Min")
}

// maximum converts MaxBetween; with a number it is a lower bound, and with 0 a Relu.
func maximum(b *Builder) (value, error) {
	n, x, ok := b.bound()
	switch {
	case ok && n == 0:
		return value{b.Add("Relu", nil, x.v), x.shape}, nil
	case ok:
		return value{b.Add("Clip", nil, x.v, b.scalar(n)), x.shape}, nil
	}
	return b.pairwise("Max")
}

// bound returns the number that all elements of one operand of floats are, and the other operand.
func (b *Builder) bound() (number float64, x value, ok bool) {
	for i, n := range b.operands {
		if number, ok := b.number(n); ok {
			x := b.operand(1 - i)
			return number, x, x.v.DType == graph.Float32
		}
	}
	return 0, value{}, false
}
