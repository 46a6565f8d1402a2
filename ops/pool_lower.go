package ops

import (
	"math"

	"github.com/octet-ml/octet/fp32"
	"github.com/octet-ml/octet/graph"
	i8 "github.com/octet-ml/octet/int8"
)

// boundPool is a pool plan of package i8 or f32.
type boundPool[S Step] interface {
	Kernel() string
	Scratch() int
	Bind(src, dst []byte) (S, error)
}

// loweredPool returns the plan as a lowered node.
func loweredPool[S Step](p boundPool[S]) *Lowered {
	return &Lowered{Kernel: p.Kernel(), Scratch: p.Scratch(), Bind: func(b Buffers) (Step, error) {
		s, err := p.Bind(b.In[0], b.Out[0])
		if err != nil {
			return nil, err
		}
		return s, nil
	}}
}

// pitchedPool returns the plan of a pool of bytes as a lowered node whose output may be a region.
func pitchedPool(pool i8.Pool, plan func(i8.Pool) (*i8.PoolPlan, error)) (*Lowered, error) {
	p, err := plan(pool)
	if err != nil {
		return nil, err
	}
	l := loweredPool(p)
	l.Pitched = func(pitch int) (*Lowered, error) {
		wide := pool
		wide.Pitch = pitch
		return pitchedPool(wide, plan)
	}
	return l, nil
}

// kernelPool returns the sizes of a node that the pools of packages i8 and f32 can do, or false: NHWC, without indices.
func kernelPool(n *graph.Node) (*poolDims, bool) {
	d, err := newPoolDims(n)
	return d, err == nil && d.Layout == NHWC && (len(n.Outputs) == 1 || n.Outputs[1] == nil)
}

func (d *poolDims) geometry() i8.Geometry {
	return i8.Geometry{N: d.n, H: d.in[0], W: d.in[1], Strides: d.Strides, Dilations: d.Dilations, Pads: d.pads, OH: d.out[0], OW: d.out[1]}
}

func (d *poolDims) i8() i8.Pool {
	return i8.Pool{Geometry: d.geometry(), C: d.c, Kernel: d.Kernel, CountIncludePad: d.CountIncludePad}
}

func (d *poolDims) f32() f32.Pool {
	return f32.Pool{Geometry: f32.Geometry(d.geometry()), C: d.c, Kernel: d.Kernel, CountIncludePad: d.CountIncludePad}
}

// lowerMaxPool uses kernels where they can do the sizes, and plain loops otherwise.
func lowerMaxPool(t *Target, n *graph.Node) (*Lowered, error) {
	d, ok := kernelPool(n)
	if !ok {
		return maxPool.lower(t, n)
	}
	lo, hi := d.Clamp.Bounds()
	switch y := n.Outputs[0]; {
	case n.Inputs[0].DType == graph.Uint8 && y.DType == graph.Uint8 && sameQuant(n, n.Inputs):
		_, l, h := integerClamp(d.Clamp, y)
		if l, err := pitchedPool(d.i8(), func(p i8.Pool) (*i8.PoolPlan, error) { return t.I8.MaxPool(p, uint8(l), uint8(h)) }); err == nil {
			return l, nil
		}
	case n.Inputs[0].DType == graph.Float32 && y.DType == graph.Float32:
		if p, err := t.F32.MaxPool(d.f32(), lo, hi); err == nil {
			return loweredPool(p), nil
		}
	}
	return maxPool.lower(t, n)
}

// lowerAveragePool uses kernels where they can do the sizes, and plain loops otherwise.
func lowerAveragePool(t *Target, n *graph.Node) (*Lowered, error) {
	d, ok := kernelPool(n)
	if !ok {
		return averagePool.lower(t, n)
	}
	x, y := n.Inputs[0], n.Outputs[0]
	lo, hi := d.Clamp.Bounds()
	switch {
	case x.DType == graph.Uint8 && y.DType == graph.Uint8 && perTensorByte(x) && perTensorByte(y):
		l, h := quantBounds(d.Clamp, y.DType, y.Quant)
		scale, zx, zy := x.Quant.Scale[0]/y.Quant.Scale[0], x.Quant.ZeroAt(0), y.Quant.ZeroAt(0)
		if d.halfAway(n) {
			if !d.nudges() {
				break
			}
			scale, zx, zy = nudged, d.Center, d.Center
		}
		lowered, err := pitchedPool(d.i8(), func(p i8.Pool) (*i8.PoolPlan, error) {
			return t.I8.AveragePool(p, scale, zx, zy, uint8(l), uint8(h))
		})
		if err == nil {
			return lowered, nil
		}
	case x.DType == graph.Float32 && y.DType == graph.Float32:
		if p, err := t.F32.AveragePool(d.f32(), lo, hi); err == nil {
			return loweredPool(p), nil
		}
	}
	return averagePool.lower(t, n)
}

// nudged is a scale a little above 1 that makes a kernel that rounds half to even round averages half away from the zero
// point. Let v = sum/count be exact and count at most mostNudged. The kernel rounds v*(1+e) with 2^-20-2^-22 < e < 2^-20+2^-22:
// nudged/count and the product are each rounded to float32. A tie moves away from zero by at least one float32, so it is
// none any more. Other values, at least 1/(2*count) from a tie, move by less than 255*e < 2^-11 <= 1/(2*count).
const nudged = 1 + 1.0/(1<<20)

const mostNudged = 1 << 10

// nudges reports whether the kernel with the scale nudged gives averages rounded half away: windows are not too large, have
// taps inside the input, and padding does not count.
func (d *poolDims) nudges() bool {
	for axis := range 2 {
		for o := range d.out[axis] {
			if d.span(axis, o).inside == 0 {
				return false
			}
		}
	}
	return !d.CountIncludePad && d.Center >= 0 && d.Center <= 255 && d.Kernel[0]*d.Kernel[1] <= mostNudged
}

// checkRatio returns an error unless a/b is a positive finite float32, as the factors of quantized arithmetic are.
func checkRatio(a, b float32) error {
	if r := a / b; !(r > 0) || math.IsInf(float64(r), 0) {
		return typeErrorf("scales %v and %v: their ratio is not a positive finite number", a, b)
	}
	return nil
}

// checkRatios is checkRatio of the scales of quantized values over that of y, where both have one.
func checkRatios(y *graph.Value, xs ...*graph.Value) error {
	if y == nil || y.Quant == nil {
		return nil
	}
	for _, x := range xs {
		if x == nil || x.Quant == nil {
			continue
		}
		if err := checkRatio(x.Quant.Scale[0], y.Quant.Scale[0]); err != nil {
			return err
		}
	}
	return nil
}
