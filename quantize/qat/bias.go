package qat

import (
	"math"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/octet-ml/octet/quantize"
)

// roundBias is the operator bias, step of the input, step of the weights -> bias rounded to a multiple of their product, as the integer
// model adds it. The gradient passes to the bias alone: the steps are fine against what they sum.
type roundBias struct{ operator }

// newRoundBias applies the operator: bias [oc], input [1], weights [oc] or [1].
func newRoundBias(bias, input, weights *G.Node) (*G.Node, error) {
	o, err := newOperator("RoundBias", 0, bias, input, weights)
	if err != nil {
		return nil, err
	}
	return G.ApplyOp(&roundBias{o}, bias, input, weights)
}

// Do rounds.
func (o *roundBias) Do(inputs ...G.Value) (G.Value, error) {
	if err := o.check(inputs); err != nil {
		return nil, err
	}
	if o.of == tensor.Float64 {
		return roundedBias[float64](inputs), nil
	}
	return roundedBias[float32](inputs), nil
}

// DiffWRT says that the bias has a gradient.
func (o *roundBias) DiffWRT(int) []bool { return []bool{true, false, false} }

// SymDiff passes the gradient on.
func (o *roundBias) SymDiff(_ G.Nodes, _, grad *G.Node) (G.Nodes, error) {
	return G.Nodes{grad, nil, nil}, nil
}

func roundedBias[T number](inputs []G.Value) G.Value {
	bias, input, weights := numbers[T](inputs[0]), numbers[T](inputs[1]), numbers[T](inputs[2])
	y, dst := fresh[T](inputs[0])
	for c, b := range bias {
		s := stepOf(input[0]) * stepOf(weights[c%len(weights)])
		dst[c] = s * T(min(max(math.RoundToEven(float64(b)/float64(s)), -quantize.MostBias), quantize.MostBias))
	}
	return y
}
