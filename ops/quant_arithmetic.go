package ops

import (
	"math"

	"github.com/octet-ml/octet/graph"
)

// quantArithmetic reports whether the node is a sum or product of values quantized per tensor, with a result that is too.
func quantArithmetic(n *graph.Node) bool {
	if n.Op != "Add" && n.Op != "Mul" {
		return false
	}
	for _, v := range []*graph.Value{n.Inputs[0], n.Inputs[1], n.Outputs[0]} {
		if v.Quant == nil || !v.Quant.IsPerTensor() || v.Quant.Table != nil {
			return false
		}
	}
	return true
}

// checkQuantArithmetic returns an error unless the factors of a quantized sum or product are positive finite numbers.
func checkQuantArithmetic(n *graph.Node) error {
	if n.Op != "Add" && n.Op != "Mul" || n.Outputs[0] == nil || !quantArithmetic(n) {
		return nil
	}
	if n.Op == "Add" {
		return checkRatios(n.Outputs[0], n.Inputs...)
	}
	if s := productScale(n); !(s > 0) || math.IsInf(float64(s), 0) {
		return typeErrorf("scales give the factor %v: want a positive finite number", s)
	}
	return nil
}

// productScale returns sa*sb/sy of a quantized product.
func productScale(n *graph.Node) float32 {
	return float32(n.Inputs[0].Quant.Scale[0]*n.Inputs[1].Quant.Scale[0]) / n.Outputs[0].Quant.Scale[0]
}

// sumOf returns the parameters of a quantized sum.
func sumOf(n *graph.Node) *sumParams {
	a, b, y := n.Inputs[0].Quant, n.Inputs[1].Quant, n.Outputs[0]
	p := &sumParams{
		aScale: a.Scale[0] / y.Quant.Scale[0], bScale: b.Scale[0] / y.Quant.Scale[0],
		aZero: a.ZeroAt(0), bZero: b.ZeroAt(0), yZero: y.Quant.ZeroAt(0),
	}
	p.lo, p.hi = quantBounds(attrs[Arithmetic](n).Clamp, y.DType, y.Quant)
	return p
}

// bindQuantArithmetic is the sum of sumParams.add, or the product
//
//	y = clamp(RoundHalfEven(float32((a-za)*(b-zb)) * float32(sa*sb/sy)) + zy)
func bindQuantArithmetic(n *graph.Node, in, out []*graph.Tensor) (FuncStep, error) {
	f := sumOf(n).add
	if n.Op == "Mul" {
		qa, qb, y := n.Inputs[0].Quant, n.Inputs[1].Quant, n.Outputs[0]
		za, zb, zy, scale := int64(qa.ZeroAt(0)), int64(qb.ZeroAt(0)), float64(y.Quant.ZeroAt(0)), productScale(n)
		lo, hi := quantBounds(attrs[Arithmetic](n).Clamp, y.DType, y.Quant)
		f = func(a, b int64) int64 {
			return saturate(float64(RoundHalfEven(float32((a-za)*(b-zb))*scale))+zy, lo, hi)
		}
	}
	a, b, y := in[0], in[1], out[0]
	g := newGrid(y.Shape, a.Shape, b.Shape)
	sa, sb := g.step(0), g.step(1)
	return g.each(8, func(row, lo, hi int) {
		pa, pb := g.offset(0, row), g.offset(1, row)
		for i := lo; i < hi; i++ {
			y.SetInt(row*g.length+i, f(a.Int(pa+i*sa), b.Int(pb+i*sb)))
		}
	}), nil
}
