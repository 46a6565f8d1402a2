package ops

import (
	"math"

	"github.com/octet-ml/octet/graph"
	i8 "github.com/octet-ml/octet/int8"
)

var dynamicRows = []Operator{{
	Name: "DynamicQuantize", Attrs: func() any { return &DynamicQuantize{Axes: 1} },
	In: Arity{1, 1}, Out: Arity{1, 3},
	Infer: inferDynamicRows, Reference: referenceDynamicRows, Lower: lowerDynamicRows,
}, {
	Name: "ScaleAccumulators", Attrs: func() any { return new(ScaleAccumulators) },
	In: Arity{3, 4}, Out: Arity{1, 1},
	Infer: inferScaleAccumulators, Reference: referenceScaleAccumulators, Lower: lowerScaleAccumulators,
	InPlace: inPlaceFirst, Data: firstInput,
	WithClamp: func(a any, lo, hi float32) (any, bool) {
		c := *a.(*ScaleAccumulators)
		c.Clamp = c.Clamp.And(lo, hi)
		return &c, true
	},
}}

func inferDynamicRows(n *graph.Node) error {
	x, axes := n.Inputs[0], max(attrs[DynamicQuantize](n).Axes, 1)
	if x.DType != graph.Float32 {
		return typeErrorf("input: want f32, got %v", x.DType)
	}
	if axes > len(x.Shape) {
		return shapeErrorf("data %v: want at least %d axes", x.Shape, axes)
	}
	for i, d := range []graph.DType{graph.Uint8, graph.Float32, graph.Uint8} {
		s := x.Shape
		if i > 0 {
			s = s[:axes:axes]
		}
		if err := setExactly(n, i, d, s); err != nil {
			return err
		}
	}
	return nil
}

// symmetricRange follows SymmetricQuantizeFloats of TensorFlow Lite for data from lo <= 0 to hi >= 0.
func symmetricRange(lo, hi float32) i8.RowQuant {
	lo, hi = finite(lo), finite(hi)
	q := i8.RowQuant{Params: hybridParams(0), Scale: 1, Zero: 128}
	q.Params.Lo = -127
	if m := max(-lo, hi); m > 0 {
		q.Scale, q.Params.Scale = m/127, 127/m
	}
	return q
}

// asymmetricRange follows AsymmetricQuantizeFloats of TensorFlow Lite for data from lo <= 0 to hi >= 0.
func asymmetricRange(lo, hi float32) i8.RowQuant {
	lo, hi = finite(lo), finite(hi)
	if lo == hi {
		return i8.RowQuant{Params: hybridParams(0), Scale: 1, Zero: 128}
	}
	scale := (float64(hi) - float64(lo)) / 255
	fromLo, fromHi := float64(lo)/scale, float64(hi)/scale
	zero := -128 - fromLo
	if 128+math.Abs(fromLo) >= 127+math.Abs(fromHi) {
		zero = 127 - fromHi
	}
	z := int32(math.Round(min(max(zero, -128), 127)))
	q := i8.RowQuant{Params: hybridParams(z), Scale: float32(scale), Zero: uint8(z + 128)}
	q.Params.Scale = 1 / q.Scale
	return q
}

// finite replaces an infinity by the greatest number of its sign.
func finite(x float32) float32 { return min(max(x, -math.MaxFloat32), math.MaxFloat32) }

// hybridParams describes quantization to int8, stored as uint8, with the given zero point; Scale is to be set.
func hybridParams(zero int32) i8.QuantizeParams {
	return i8.QuantizeParams{Inv: true, HalfAway: true, Zero: zero, Lo: -128, Hi: 127, Flip: 0x80}
}

// quantizeAway returns the stored integer of x by the definition of i8.QuantizeParams.HalfAway.
func quantizeAway(p *i8.QuantizeParams, x float32) byte {
	v := float32(x * p.Scale)
	if v != v {
		v = 0
	}
	v += float32(p.Zero)
	return byte(saturate(math.Round(float64(v)), int64(p.Lo), int64(p.Hi))) ^ p.Flip
}

// extent returns the least and the greatest of the elements and 0; NaNs are passed over.
func extent(row []float32) (lo, hi float32) {
	for _, v := range row {
		if v < lo {
			lo = v
		}
		if v > hi {
			hi = v
		}
	}
	return lo, hi
}

// rule returns how a row is quantized, given its extent.
func (a *DynamicQuantize) rule() func(lo, hi float32) i8.RowQuant {
	if a.Symmetric {
		return symmetricRange
	}
	return asymmetricRange
}

func referenceDynamicRows(n *graph.Node, in, out []*graph.Tensor) error {
	a := attrs[DynamicQuantize](n)
	rows := volume(in[0].Shape[:max(a.Axes, 1)])
	x := in[0].Floats()
	length := len(x) / max(rows, 1)
	for i := range rows {
		row := x[i*length : (i+1)*length]
		q := a.rule()(extent(row))
		for j, v := range row {
			out[0].SetInt(i*length+j, int64(quantizeAway(&q.Params, v)))
		}
		if t := input(out, 1); t != nil {
			t.SetFloat(i, float64(q.Scale))
		}
		if t := input(out, 2); t != nil {
			t.SetInt(i, int64(q.Zero))
		}
	}
	return nil
}

func lowerDynamicRows(t *Target, n *graph.Node) (*Lowered, error) {
	a := attrs[DynamicQuantize](n)
	rows := volume(n.Inputs[0].Shape[:max(a.Axes, 1)])
	return lowerRows(t, n, rows, a.rule()), nil
}

// lowerRows quantizes rows of input 0 by their own ranges: one phase finds these, another quantizes.
func lowerRows(t *Target, n *graph.Node, rows int, rule func(lo, hi float32) i8.RowQuant) *Lowered {
	plan := t.I8.DynamicQuantize(rows, n.Inputs[0].Shape.Size()/max(rows, 1), rule)
	return &Lowered{Kernel: plan.Kernel(), Bind: func(b Buffers) (Step, error) {
		var scales, zeros []byte
		if len(b.Out) > 1 {
			scales = b.Out[1]
		}
		if len(b.Out) > 2 {
			zeros = b.Out[2]
		}
		first, second, err := plan.Bind(b.In[0], b.Out[0], scales, zeros)
		if err != nil {
			return nil, err
		}
		return Phases{first, second}, nil
	}}
}
