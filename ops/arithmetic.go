package ops

import (
	"math"

	"github.com/octet-ml/octet/graph"
)

// arithmetic has integer arithmetic of its own for sums and products of quantized values; otherwise they go via float.
var arithmetic = binder(func(n *graph.Node, in, out []*graph.Tensor) (FuncStep, error) {
	if quantArithmetic(n) {
		return bindQuantArithmetic(n, in, out)
	}
	return viaFloat(bindArithmetic)(n, in, out)
})

// operation returns the operator of that name on two numbers of an integer type, wrapping; division by zero gives zero.
func operation[T number](n *graph.Node) func(a, b T) T {
	switch n.Op {
	case "Add":
		return func(a, b T) T { return a + b }
	case "Sub":
		return func(a, b T) T { return a - b }
	case "Mul":
		return func(a, b T) T { return a * b }
	case "Div":
		return func(a, b T) T {
			if b == 0 {
				return 0
			}
			return a / b
		}
	case "Max":
		return func(a, b T) T {
			if a > b {
				return a
			}
			return b
		}
	case "Min":
		return func(a, b T) T {
			if a < b {
				return a
			}
			return b
		}
	}
	return nil
}

// floatOperation is operation with the division and remainder of IEEE 754.
func floatOperation[T float32 | float64](n *graph.Node) func(a, b T) T {
	switch n.Op {
	case "Div":
		return func(a, b T) T { return a / b }
	case "Mod":
		return func(a, b T) T { return T(math.Mod(float64(a), float64(b))) }
	}
	return operation[T](n)
}

// integerOperation is operation with the remainder.
func integerOperation[T int8 | uint8 | int16 | uint16 | int32 | uint32 | int64 | uint64](n *graph.Node) func(a, b T) T {
	if n.Op != "Mod" {
		return operation[T](n)
	}
	cut := attrs[Mod](n).Truncate
	return func(a, b T) T {
		if b == 0 {
			return 0
		}
		r := a % b
		if !cut && r != 0 && (r < 0) != (b < 0) {
			r += b
		}
		return r
	}
}

func inferMod(n *graph.Node) error {
	if err := inferArithmetic(n); err != nil {
		return err
	}
	if n.Inputs[0].DType.IsFloat() && !attrs[Mod](n).Truncate {
		return typeErrorf("the remainder of floats truncates")
	}
	return nil
}

// bindArithmetic is a operator of two broadcast operands of one type.
func bindArithmetic(n *graph.Node, in, out []*graph.Tensor) (FuncStep, error) {
	switch in[0].DType {
	case graph.Float32:
		return pairs(n, in, out[0], floatOperation[float32](n)), nil
	case graph.Float64:
		return pairs(n, in, out[0], floatOperation[float64](n)), nil
	case graph.Int8:
		return pairs(n, in, out[0], integerOperation[int8](n)), nil
	case graph.Int16:
		return pairs(n, in, out[0], integerOperation[int16](n)), nil
	case graph.Int32:
		return pairs(n, in, out[0], integerOperation[int32](n)), nil
	case graph.Int64:
		return pairs(n, in, out[0], integerOperation[int64](n)), nil
	case graph.Uint8:
		return pairs(n, in, out[0], integerOperation[uint8](n)), nil
	case graph.Uint16:
		return pairs(n, in, out[0], integerOperation[uint16](n)), nil
	case graph.Uint32:
		return pairs(n, in, out[0], integerOperation[uint32](n)), nil
	case graph.Uint64:
		return pairs(n, in, out[0], integerOperation[uint64](n)), nil
	}
	return FuncStep{}, typeErrorf("data of type %v", in[0].DType)
}

// pairs makes the step y = clamp(f(a, b)) over broadcast operands; only real numbers and small integers are clamped.
func pairs[T number](n *graph.Node, in []*graph.Tensor, y *graph.Tensor, f func(a, b T) T) FuncStep {
	if a, ok := n.Attrs.(*Arithmetic); ok && a != nil && a.Clamp.On {
		lo, hi := a.Clamp.Bounds()
		plain := f
		f = func(a, b T) T {
			v := plain(a, b)
			switch x := float64(v); {
			case x < float64(lo):
				return T(math.Ceil(float64(lo)))
			case x > float64(hi):
				return T(math.Floor(float64(hi)))
			}
			return v
		}
		if y.DType.IsFloat() {
			f = func(a, b T) T { return clampNumber(plain(a, b), T(lo), T(hi)) }
		}
	}
	return mapPairs(in[0], in[1], y, f)
}

// clampNumber limits v to lo..hi; a NaN stays a NaN.
func clampNumber[T number](v, lo, hi T) T {
	if v < lo {
		return lo
	}
	if v > hi {
		return hi
	}
	return v
}

// mapPairs makes the step y = f(a, b) over broadcast operands.
func mapPairs[T, U number](a, b, y *graph.Tensor, f func(a, b T) U) FuncStep {
	g := newGrid(y.Shape, a.Shape, b.Shape)
	va, vb, vy := graph.View[T](a.Data), graph.View[T](b.Data), graph.View[U](y.Data)
	sa, sb := g.step(0), g.step(1)
	return g.each(8, func(row, lo, hi int) {
		pa, pb := g.offset(0, row)+lo*sa, g.offset(1, row)+lo*sb
		dst := vy[row*g.length+lo : row*g.length+hi]
		for i := range dst {
			dst[i] = f(va[pa+i*sa], vb[pb+i*sb])
		}
	})
}
