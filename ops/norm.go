package ops

import (
	"math"

	"github.com/octet-ml/octet/fp32"
	"github.com/octet-ml/octet/graph"
)

var normRows = []Operator{{
	Name: "BatchNormalization", Attrs: func() any { return &BatchNormalization{Epsilon: 1e-5} },
	In: Arity{5, 5}, Out: Arity{1, 1},
	Infer: inferBatchNormalization, Reference: viaFloat(bindBatchNormalization).reference, Lower: viaFloat(bindBatchNormalization).lower,
	InPlace: inPlaceFirst, Permute: permuteBatchNormalization, Data: firstInput,
}, {
	Name: "LRN", Attrs: func() any { return &LRN{Alpha: 1e-4, Beta: 0.75, Bias: 1} },
	In: Arity{1, 1}, Out: Arity{1, 1},
	Infer: inferLRN, Reference: viaFloat(bindLRN).reference, Lower: viaFloat(bindLRN).lower,
	Permute: permuteLRN,
}, {
	Name: "InstanceNormalization", Attrs: func() any { return &InstanceNormalization{Epsilon: 1e-5} },
	In: Arity{3, 3}, Out: Arity{1, 1},
	Infer: inferGroupNormalization, Reference: viaFloat(bindGroupNormalization).reference, Lower: viaFloat(bindGroupNormalization).lower,
}, {
	Name: "GroupNormalization", Attrs: func() any { return &GroupNormalization{Epsilon: 1e-5} },
	In: Arity{3, 3}, Out: Arity{1, 1},
	Infer: inferGroupNormalization, Reference: viaFloat(bindGroupNormalization).reference, Lower: viaFloat(bindGroupNormalization).lower,
}, {
	Name: "LayerNormalization", Attrs: func() any { return &LayerNormalization{Axis: -1, Epsilon: 1e-5} },
	In: Arity{2, 3}, Out: Arity{1, 3},
	Infer: inferLayerNormalization, Reference: viaFloat(bindLayerNormalization).reference, Lower: viaFloat(bindLayerNormalization).lower,
}}

// channelShape returns the sizes of a tensor as [outer, channels, inner] around its channel axis, which is 1 or the last.
func channelShape(l Layout, s graph.Shape) (outer, c, inner int, err error) {
	if len(s) < 2 {
		return 0, 0, 0, shapeErrorf("data %v: want at least two axes", s)
	}
	axis := 1
	if l == NHWC {
		axis = len(s) - 1
	}
	if s[axis] < 0 {
		return 0, 0, 0, shapeErrorf("data %v: axis %d may not depend on the batch", s, axis)
	}
	if outer, err = s[:axis].Elements(); err != nil {
		return 0, 0, 0, shapeErrorf("%w", err)
	}
	if inner, err = s[axis+1:].Elements(); err != nil {
		return 0, 0, 0, shapeErrorf("%w", err)
	}
	return outer, s[axis], inner, nil
}

// inferChannels sets output 0 to the shape of the data, whose parameters, the other inputs, have one element a channel.
func inferChannels(n *graph.Node, l Layout) error {
	x := n.Inputs[0]
	_, c, _, err := channelShape(l, x.Shape)
	if err != nil {
		return err
	}
	for i, v := range n.Inputs[1:] {
		if v != nil && !v.Shape.Equal(graph.Shape{c}) {
			return shapeErrorf("input %d, %q: want [%d], got %v", i+1, v.Name, c, v.Shape)
		}
		if v != nil && !isReal(v) {
			return typeErrorf("input %d, %q, has type %v", i+1, v.Name, v.DType)
		}
	}
	return setReal(n, 0, x, x.Shape)
}

func inferBatchNormalization(n *graph.Node) error {
	return inferChannels(n, attrs[BatchNormalization](n).Layout)
}

// bindBatchNormalization computes (x - mean) * factor + bias with factor = scale / sqrt(variance + epsilon), which is rounded to
// float32.
func bindBatchNormalization(n *graph.Node, in, out []*graph.Tensor) (FuncStep, error) {
	a := attrs[BatchNormalization](n)
	outer, c, inner, err := channelShape(a.Layout, in[0].Shape)
	if err != nil {
		return FuncStep{}, err
	}
	factor, bias, mean := make([]float32, c), make([]float32, c), make([]float32, c)
	parameters := func() {
		for i := range c {
			variance := in[4].Float(i) + float64(a.Epsilon)
			factor[i] = float32(in[1].Float(i) / math.Sqrt(variance))
			bias[i], mean[i] = float32(in[2].Float(i)), float32(in[3].Float(i))
		}
	}
	x, y := in[0], out[0]
	run := func(from, to int) {
		for u := from; u < to; u++ {
			row := u / inner
			ch := row % c
			for i := u; i < min(to, (row+1)*inner); i++ {
				y.SetFloat(i, float64(float32(float32(float32(x.Float(i))-mean[ch])*factor[ch])+bias[ch]))
			}
			u = min(to, (row+1)*inner) - 1
		}
	}
	if x.DType == graph.Float32 && y.DType == graph.Float32 {
		src, dst := graph.View[float32](x.Data), graph.View[float32](y.Data)
		rows := outer * c // of one channel each
		run = func(from, to int) {
			for r := from; r < to; r++ {
				m, s, b := mean[r%c], factor[r%c], bias[r%c]
				out := dst[r*inner : (r+1)*inner]
				for i, v := range src[r*inner : (r+1)*inner] {
					out[i] = float32((v-m)*s) + b
				}
			}
		}
		cost := 4 * inner
		if inner == 1 {
			rows, cost = outer, 4*c // of all channels
			run = func(from, to int) {
				for r := from; r < to; r++ {
					out, m, s, b := dst[r*c:(r+1)*c], mean[:c], factor[:c], bias[:c]
					for i, v := range src[r*c : (r+1)*c] {
						out[i] = float32((v-m[i])*s[i]) + b[i]
					}
				}
			}
		}
		return withParameters(n, parameters, spread(rows, cost, run)), nil
	}
	return withParameters(n, parameters, spread(outer*c*inner, 4, run)), nil
}

// withParameters runs the step after the parameters are computed: at once where every input but the first is constant,
// otherwise each time, as a single tile.
func withParameters(n *graph.Node, parameters func(), s FuncStep) FuncStep {
	for _, v := range n.Inputs[1:] {
		if v != nil && v.Const == nil {
			return whole(func() {
				parameters()
				s.F(nil, 0, s.N)
			})
		}
	}
	parameters()
	return s
}

func permuteBatchNormalization(n *graph.Node, perm []int) bool {
	a := *attrs[BatchNormalization](n)
	if a.Layout != NCHW || !isToNHWC(perm) || !permutePlain(n, perm) {
		return false
	}
	a.Layout = NHWC
	n.Attrs = &a
	return true
}

func inferLRN(n *graph.Node) error {
	a := attrs[LRN](n)
	if a.Size < 1 {
		return shapeErrorf("size %d: want at least 1", a.Size)
	}
	return inferChannels(n, a.Layout)
}

// bindLRN computes x / (bias + alpha/size * s)^beta, where s is the sum of the squares of up to size channels around: from
// c - (size-1)/2 rounded down to c + (size-1)/2 rounded up.
func bindLRN(n *graph.Node, in, out []*graph.Tensor) (FuncStep, error) {
	a := attrs[LRN](n)
	outer, c, inner, err := channelShape(a.Layout, in[0].Shape)
	if err != nil {
		return FuncStep{}, err
	}
	before := min((a.Size-1)/2, c)
	after := min(a.Size-1-(a.Size-1)/2, c)
	factor := float64(a.Alpha) / float64(a.Size)
	load, store := loader(n.Inputs[0], in[0], 1), storer(n.Outputs[0], out[0])
	direct := inner == 1 && in[0].DType == graph.Float32 && out[0].DType == graph.Float32
	src, dst := graph.View[float32](in[0].Data), graph.View[float32](out[0].Data)
	if !direct {
		src, dst = make([]float32, outer*c*inner), make([]float32, outer*c*inner) // rows of channels
	}
	return spread(outer*inner, c*8, func(from, to int) {
		for u := from; u < to; u++ {
			base := u/inner*c*inner + u%inner
			x, y := src[u*c:(u+1)*c], dst[u*c:(u+1)*c]
			if !direct {
				load(x, base, inner)
			}
			for ch := range y {
				sum := 0.0
				for _, v := range x[max(ch-before, 0):min(ch+after+1, c)] {
					sum += float64(float64(v) * float64(v))
				}
				y[ch] = x[ch] / lrnPower(float32(float64(a.Bias)+float64(factor*sum)), a.Beta)
			}
			if !direct {
				store(y, base, inner)
			}
		}
	}), nil
}

// lrnPower returns d to the power beta; the usual 0.75 by square roots.
func lrnPower(d, beta float32) float32 {
	if beta == 0.75 {
		r := math.Sqrt(float64(d))
		return float32(r * math.Sqrt(r))
	}
	return f32.Pow(d, beta)
}

func permuteLRN(n *graph.Node, perm []int) bool {
	a := *attrs[LRN](n)
	if a.Layout != NCHW || !isToNHWC(perm) || !permutePlain(n, perm) {
		return false
	}
	a.Layout = NHWC
	n.Attrs = &a
	return true
}
