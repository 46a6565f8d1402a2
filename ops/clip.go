package ops

import (
	"math"

	"github.com/octet-ml/octet/graph"
)

var clipRow = Operator{
	Name: "Clip", Attrs: func() any { return new(Clip) },
	In: Arity{1, 3}, Out: Arity{1, 1},
	Infer: inferClip, Reference: viaFloat(bindClip).reference, Lower: lowerClip,
	InPlace: inPlaceFirst, Permute: permutePlain, Data: firstInput, Elementwise: true,
}

func inferClip(n *graph.Node) error {
	x := n.Inputs[0]
	for _, v := range n.Inputs[1:] {
		if v == nil {
			continue
		}
		if count, err := v.Shape.Elements(); err != nil || count != 1 {
			return shapeErrorf("bound %q: want one element, got %v", v.Name, v.Shape)
		}
		if x.Quant != nil && v.Quant == nil && v.DType != graph.Float32 || x.Quant == nil && (v.DType != x.DType || v.Quant != nil) {
			return typeErrorf("bound %q of type %v %v, data %v %v", v.Name, v.DType, v.Quant, x.DType, x.Quant)
		}
	}
	if isReal(x) {
		return setReal(n, 0, x, x.Shape)
	}
	if !x.DType.IsInteger() || x.DType.Bits() < 8 {
		return typeErrorf("data of type %v", x.DType)
	}
	return setExactly(n, 0, x.DType, x.Shape)
}

// bindClip computes min(max(x, lo), hi): a lower bound above the upper one gives the upper one.
func bindClip(n *graph.Node, in, out []*graph.Tensor) (FuncStep, error) {
	switch in[0].DType {
	case graph.Float32:
		return clipElements(n, in, out[0], float32(math.Inf(-1)), float32(math.Inf(1))), nil
	case graph.Float64:
		return clipElements(n, in, out[0], math.Inf(-1), math.Inf(1)), nil
	case graph.Int8:
		return clipElements[int8](n, in, out[0], math.MinInt8, math.MaxInt8), nil
	case graph.Int16:
		return clipElements[int16](n, in, out[0], math.MinInt16, math.MaxInt16), nil
	case graph.Int32:
		return clipElements[int32](n, in, out[0], math.MinInt32, math.MaxInt32), nil
	case graph.Int64:
		return clipElements[int64](n, in, out[0], math.MinInt64, math.MaxInt64), nil
	case graph.Uint8:
		return clipElements[uint8](n, in, out[0], 0, math.MaxUint8), nil
	case graph.Uint16:
		return clipElements[uint16](n, in, out[0], 0, math.MaxUint16), nil
	case graph.Uint32:
		return clipElements[uint32](n, in, out[0], 0, math.MaxUint32), nil
	case graph.Uint64:
		return clipElements[uint64](n, in, out[0], 0, math.MaxUint64), nil
	}
	return FuncStep{}, typeErrorf("data of type %v", in[0].DType)
}

func clipElements[T number](_ *graph.Node, in []*graph.Tensor, y *graph.Tensor, least, greatest T) FuncStep {
	src, dst := graph.View[T](in[0].Data), graph.View[T](y.Data)
	bound := func(i int, otherwise T) T {
		if t := input(in, i); t != nil {
			return graph.View[T](t.Data)[0]
		}
		return otherwise
	}
	return spread(len(src), 4, func(from, to int) {
		lo, hi := bound(1, least), bound(2, greatest)
		for i := from; i < to; i++ {
			v := src[i]
			if v < lo {
				v = lo
			}
			if v > hi {
				v = hi
			}
			dst[i] = v
		}
	})
}

// clipBounds returns the constant bounds of a Clip node on real numbers, or false where a bound is computed.
func clipBounds(n *graph.Node) (lo, hi float32, ok bool) {
	bounds := [2]float32{float32(math.Inf(-1)), float32(math.Inf(1))}
	for i := range bounds {
		v := n.Input(1 + i)
		switch {
		case v == nil:
		case v.Const == nil:
			return 0, 0, false
		case v.Quant != nil:
			bounds[i] = dequantizer(v.Quant, v.Const.Shape)(v.Const.Int(0), 0)
		default:
			bounds[i] = float32(v.Const.Float(0))
		}
	}
	return min(bounds[0], bounds[1]), bounds[1], true
}

func lowerClip(t *Target, n *graph.Node) (*Lowered, error) {
	x, y := n.Inputs[0], n.Outputs[0]
	lo, hi, ok := clipBounds(n)
	switch {
	case ok && perTensorByte(x) && perTensorByte(y):
		return lowerTable(t, n)
	case ok && x.DType == graph.Float32 && y.DType == graph.Float32 && lo <= hi:
		return loweredUnary(t.F32.Clamp(lo, hi)), nil
	}
	return viaFloat(bindClip).lower(t, n)
}
