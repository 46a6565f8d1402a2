package ops

import (
	"math"

	"github.com/octet-ml/octet/graph"
)

var castRows = []Operator{{
	Name: "Cast", Attrs: func() any { return new(Cast) },
	In: Arity{1, 1}, Out: Arity{1, 1},
	Infer: inferCast, Reference: binder(bindCast).reference, Lower: binder(bindCast).lower,
	InPlace: inPlace, Permute: permutePlain, PlainIntegers: true,
}}

func inferCast(n *graph.Node) error {
	to := attrs[Cast](n).To
	if !to.Valid() {
		return typeErrorf("cast to type %v", to)
	}
	setOutput(n, 0, to, n.Inputs[0].Shape, nil)
	if y := n.Outputs[0]; y != nil && y.DType != to {
		return typeErrorf("output %q is declared as %v: want %v", y.Name, y.DType, to)
	}
	return nil
}

// bindCast converts the stored numbers, whatever quantization they have: to integers by truncation toward zero and then
// modulo the target's range; to Bool by comparison with 0.
func bindCast(_ *graph.Node, in, out []*graph.Tensor) (FuncStep, error) {
	x, y := in[0], out[0]
	from, to := x.DType, y.DType
	one := castElement(x, y)
	if from == to {
		return spread(len(y.Data), 1, func(lo, hi int) { copy(y.Data[lo:hi], x.Data[lo:hi]) }), nil
	}
	pair := 1
	if to.Bits() < 8 {
		pair = 2 // two elements share a byte, so a tile has both
	}
	count := y.Len()
	return spread((count+pair-1)/pair, pair*max(1, to.Bits()/8), func(lo, hi int) {
		for i := lo * pair; i < min(hi*pair, count); i++ {
			one(i)
		}
	}), nil
}

// castElement returns the function that converts element i.
func castElement(x, y *graph.Tensor) func(i int) {
	from, to := x.DType, y.DType
	switch {
	case to.IsFloat():
		return func(i int) { y.SetFloat(i, x.Float(i)) }
	case to == graph.Bool && from.IsFloat():
		return func(i int) { y.SetInt(i, boolInt(x.Float(i) != 0)) }
	case to == graph.Bool:
		return func(i int) { y.SetInt(i, boolInt(x.Int(i) != 0)) }
	case from.IsFloat():
		return func(i int) { y.SetInt(i, truncate(x.Float(i), to)) }
	}
	return func(i int) { y.SetInt(i, x.Int(i)) }
}

func boolInt(b bool) int64 {
	if b {
		return 1
	}
	return 0
}

// truncate returns the int64 whose low bits are x cut toward zero as a number of type d: modulo 2⁶⁴ for Uint64, else the
// nearest int64, which SetInt takes modulo the range of d. NaN gives 0.
func truncate(x float64, d graph.DType) int64 {
	if x != x {
		return 0
	}
	x = math.Trunc(x)
	if d == graph.Uint64 && x >= 1<<63 {
		if x >= 1<<64 {
			return -1 // the bits of the greatest uint64
		}
		return int64(x-1<<63) + math.MinInt64
	}
	return saturate(x, math.MinInt64, math.MaxInt64)
}
