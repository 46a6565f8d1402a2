package ops

import (
	"math"

	"github.com/octet-ml/octet/fp32"
	"github.com/octet-ml/octet/graph"
)

// number is any type that arithmetic is done in.
type number interface {
	~float32 | ~float64 | ~int8 | ~uint8 | ~int16 | ~uint16 | ~int32 | ~uint32 | ~int64 | ~uint64
}

// powInt returns x to the power e by squaring, wrapping as multiplication does; a negative e gives 1/xᵉ cut toward zero,
// with 1/0 taken as 0.
func powInt(x, e int64) int64 {
	if e < 0 {
		switch {
		case x == 1:
			return 1
		case x == -1:
			return 1 - 2*(e&1)
		}
		return 0
	}
	r := int64(1)
	for ; e > 0; e >>= 1 {
		if e&1 != 0 {
			r *= x
		}
		x *= x
	}
	return r
}

// powReal returns x to the power y in float64: exact multiplications for small whole exponents, otherwise the float32
// function, which has the same bits on every architecture.
func powReal(x, y float64) float64 {
	if y != math.Trunc(y) || math.Abs(y) > 32 {
		return float64(f32.Pow(float32(x), float32(y)))
	}
	r, b := 1.0, x
	for e := int(math.Abs(y)); e > 0; e >>= 1 {
		if e&1 != 0 {
			r = float64(r * b)
		}
		b = float64(b * b)
	}
	if y < 0 {
		return 1 / r
	}
	return r
}

func inferPow(n *graph.Node) error {
	x, e := n.Inputs[0], n.Inputs[1]
	s, err := graph.BroadcastShapes(x.Shape, e.Shape)
	if err != nil {
		return shapeErrorf("%w", err)
	}
	for _, v := range n.Inputs {
		if !isReal(v) && (!v.DType.IsInteger() || v.DType.Bits() < 8) {
			return typeErrorf("%q: want numbers, got %v", v.Name, v.DType)
		}
	}
	if isReal(x) {
		return setReal(n, 0, x, s)
	}
	return setExactly(n, 0, x.DType, s)
}

// bindPow computes x^e, of the type of x, for any two types; the exponent of unsigned 64-bit integers is below 2⁶³.
func bindPow(_ *graph.Node, in, out []*graph.Tensor) (FuncStep, error) {
	x, e, y := in[0], in[1], out[0]
	g := newGrid(y.Shape, x.Shape, e.Shape)
	sx, se := g.step(0), g.step(1)
	whole := !x.DType.IsFloat() && !e.DType.IsFloat()
	return g.each(y.DType.Bits()/8, func(row, lo, hi int) {
		px, pe := g.offset(0, row), g.offset(1, row)
		for i := lo; i < hi; i++ {
			at := row*g.length + i
			switch {
			case whole:
				y.SetInt(at, powInt(x.Int(px+i*sx), e.Int(pe+i*se)))
			case x.DType.IsFloat():
				y.SetFloat(at, powReal(x.Float(px+i*sx), e.Float(pe+i*se)))
			default:
				y.SetInt(at, truncate(powReal(x.Float(px+i*sx), e.Float(pe+i*se)), x.DType))
			}
		}
	}), nil
}
