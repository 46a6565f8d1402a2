package ops

import (
	"math"

	"github.com/octet-ml/octet/graph"
)

// resize moves elements in mode nearest, whatever they mean, and interpolates real numbers in the others.
var resize = binder(func(n *graph.Node, in, out []*graph.Tensor) (FuncStep, error) {
	if attrs[Resize](n).Mode == "nearest" {
		return viaFloatUnlessEqual(viaBytes(bindNearest), dataFirst)(n, in, out)
	}
	return viaFloat(bindInterpolation)(n, in, out)
})

// bindNearest maps every axis by the tap with weight 1.
func bindNearest(n *graph.Node, in, out []*graph.Tensor) (FuncStep, error) {
	a := attrs[Resize](n)
	axes, err := resizeAxes(n)
	if err != nil {
		return FuncStep{}, err
	}
	sources := make([][]int, len(axes))
	for k := range axes {
		if axes[k].keep {
			continue
		}
		index, weight, count := axes[k].tapsOf(a)
		sources[k] = make([]int, axes[k].out)
		for i := range weight {
			if weight[i] == 1 {
				sources[k][i/count] = index[i]
			}
		}
	}
	value := graph.NewTensor(in[0].DType, 1)
	storeReal(value, n.Inputs[0], 0, a.Extrapolation)
	return mapAxes(in[0], out[0], sources, func(dst []byte) { fill(dst, value.Data) }), nil
}

// storeReal stores x as element i of t, the data of v.
func storeReal(t *graph.Tensor, v *graph.Value, i int, x float32) {
	lo, hi := t.DType.IntRange()
	switch {
	case t.DType.IsFloat():
		t.SetFloat(i, float64(x))
	case v.Quant != nil && v.Quant.IsPerTensor() && v.Quant.Table == nil:
		t.SetInt(i, quantizeReal(x, v.Quant.Scale[0], v.Quant.ZeroAt(0), lo, hi))
	default:
		t.SetInt(i, quantizeReal(x, 1, 0, lo, hi))
	}
}

// pass interpolates along one axis: from [outer][in][inner] to [outer][out][inner].
type pass struct {
	src, dst         []float64
	outer, in, inner int
	out, count       int
	index            []int
	weight           []float64
	outside          float64
}

func (p *pass) run() {
	for o := range p.outer {
		for i := range p.out {
			index, weight := p.index[i*p.count:(i+1)*p.count], p.weight[i*p.count:(i+1)*p.count]
			dst := p.dst[(o*p.out+i)*p.inner:][:p.inner]
			for k := range dst {
				if index[0] < 0 {
					dst[k] = p.outside
					continue
				}
				sum := 0.0
				for t, w := range weight {
					sum += float64(w * p.src[(o*p.in+index[t])*p.inner+k])
				}
				dst[k] = sum
			}
		}
	}
}

// bindInterpolation interpolates along one axis after the other in float64, so that the order of the axes, which depends on
// the layout, does not show in the result. Integers without quantization are rounded half to even.
func bindInterpolation(n *graph.Node, in, out []*graph.Tensor) (FuncStep, error) {
	a := attrs[Resize](n)
	axes, err := resizeAxes(n)
	if err != nil {
		return FuncStep{}, err
	}
	x, y := in[0], out[0]
	first := make([]float64, x.Len())
	sizes := x.Shape.Clone()
	data := first
	var passes []*pass
	for k := len(axes) - 1; k >= 0; k-- {
		if axes[k].keep {
			continue
		}
		p := &pass{src: data, outer: volume(sizes[:k]), in: sizes[k], inner: volume(sizes[k+1:]), out: axes[k].out, outside: float64(a.Extrapolation)}
		p.index, p.weight, p.count = axes[k].tapsOf(a)
		sizes[k] = axes[k].out
		p.dst = make([]float64, volume(sizes))
		data = p.dst
		passes = append(passes, p)
	}
	store := func(i int, v float64) { y.SetFloat(i, v) }
	if !y.DType.IsFloat() {
		lo, hi := y.DType.IntRange()
		store = func(i int, v float64) { y.SetInt(i, saturate(math.RoundToEven(v), lo, hi)) }
	}
	return whole(func() {
		for i := range first {
			first[i] = x.Float(i)
		}
		for _, p := range passes {
			p.run()
		}
		for i, v := range data {
			store(i, v)
		}
	}), nil
}
