package ops

import (
	"github.com/octet-ml/octet/graph"
)

var poolRows = []Operator{{
	Name: "MaxPool", Attrs: func() any { return new(Pool) },
	In: Arity{1, 1}, Out: Arity{1, 2},
	Infer: inferMaxPool, Reference: maxPool.reference, Lower: lowerMaxPool,
	Permute: permutePool, WithClamp: clampPool, ByImage: always,
}, {
	Name: "AveragePool", Attrs: func() any { return new(Pool) },
	In: Arity{1, 1}, Out: Arity{1, 1},
	Infer: inferAveragePool, Reference: averagePool.reference, Lower: lowerAveragePool,
	Permute: permutePool, WithClamp: clampPool, ByImage: always,
}, {
	Name: "GlobalMaxPool", Attrs: func() any { return new(GlobalPool) },
	In: Arity{1, 1}, Out: Arity{1, 1},
	Infer: inferMaxPool, Reference: maxPool.reference, Lower: lowerMaxPool,
	Permute: permuteGlobalPool, ByImage: always,
}, {
	Name: "GlobalAveragePool", Attrs: func() any { return new(GlobalPool) },
	In: Arity{1, 1}, Out: Arity{1, 1},
	Infer: inferAveragePool, Reference: averagePool.reference, Lower: lowerAveragePool,
	Permute: permuteGlobalPool, ByImage: always,
}}

// poolDims are the sizes of a pool; spatial pairs are height first.
type poolDims struct {
	Pool
	n, c    int
	in, out [2]int
	pads    [4]int
	x, y    strides4
	want    graph.Shape
}

// newPoolDims returns the sizes of a pooling node, whose batch may be unbound. A global pool is one window over the input.
func newPoolDims(n *graph.Node) (*poolDims, error) {
	s := n.Inputs[0].Shape
	if len(s) != 4 || !s[1:].Static() {
		return nil, shapeErrorf("data %v: want four axes, of which only the first may depend on the batch", s)
	}
	d := &poolDims{}
	if g, ok := n.Attrs.(*GlobalPool); ok {
		d.Layout = g.Layout
		_, _, d.Kernel[0], d.Kernel[1] = spatialDims(g.Layout, s)
	} else {
		d.Pool = *attrs[Pool](n)
	}
	d.n, d.c, d.in[0], d.in[1] = spatialDims(d.Layout, s)
	var err error
	if d.out, d.pads, err = d.Window.Output(d.in, d.Kernel, d.Ceil); err != nil {
		return nil, err
	}
	for i := range 2 {
		d.Strides[i], d.Dilations[i] = max(d.Strides[i], 1), max(d.Dilations[i], 1)
	}
	d.want = spatialShape(d.Layout, d.n, d.c, d.out[0], d.out[1])
	d.x, d.y = spatialStrides(d.Layout, s), spatialStrides(d.Layout, d.want)
	return d, nil
}

// span is one axis of a window: taps first, first+dilation, ... of which inside lie in the input; counted is how many lie
// in the input or its padding.
type span struct{ first, inside, counted int }

// span returns the taps of output position o along an axis, 0 for height.
func (d *poolDims) span(axis, o int) span {
	start, step := o*d.Strides[axis]-d.pads[axis], d.Dilations[axis]
	skip := 0 // taps before the input
	if start < 0 {
		skip = (-start + step - 1) / step
	}
	below := func(end int) int { // taps before end
		if start >= end {
			return 0
		}
		return min(d.Kernel[axis], (end-start+step-1)/step)
	}
	return span{
		first: start + skip*step, inside: max(0, below(d.in[axis])-skip), counted: below(d.in[axis] + d.pads[axis+2]),
	}
}

// each makes the step that calls visit for every output element with its index, the index of its channel's first element
// and its window.
func (d *poolDims) each(bytes int, visit func(y, x int, h, w span)) FuncStep {
	var spans [2][]span
	for axis := range 2 {
		for o := range d.out[axis] {
			spans[axis] = append(spans[axis], d.span(axis, o))
		}
	}
	work := d.out[0] * d.out[1] * bytes
	return spread(d.n*d.c, work, func(from, to int) {
		for u := from; u < to; u++ {
			x, y := u/d.c*d.x[0]+u%d.c*d.x[1], u/d.c*d.y[0]+u%d.c*d.y[1]
			for oh, h := range spans[0] {
				for ow, w := range spans[1] {
					visit(y+oh*d.y[2]+ow*d.y[3], x, h, w)
				}
			}
		}
	})
}

func inferMaxPool(n *graph.Node) error {
	x := n.Inputs[0]
	d, err := newPoolDims(n)
	if err != nil {
		return err
	}
	if !x.DType.IsFloat() && (!x.DType.IsInteger() || x.DType.Bits() < 8) {
		return typeErrorf("data of type %v", x.DType)
	}
	if len(n.Outputs) > 1 && n.Outputs[1] != nil {
		if d.n < 0 {
			return unsupportedf("indices of an unbound batch")
		}
		if err := setExactly(n, 1, graph.Int64, d.want); err != nil {
			return err
		}
	}
	return setMoved(n, 0, x, d.want, x.Quant)
}

func inferAveragePool(n *graph.Node) error {
	d, err := newPoolDims(n)
	if err != nil {
		return err
	}
	if q := n.Inputs[0].Quant; q != nil && !q.IsPerTensor() {
		return unsupportedf("average of data quantized per channel")
	}
	if err := setReal(n, 0, n.Inputs[0], d.want); err != nil {
		return err
	}
	return checkRatios(n.Outputs[0], n.Inputs[0])
}

func permutePool(n *graph.Node, perm []int) bool {
	a := *attrs[Pool](n)
	if a.Layout != NCHW || !isToNHWC(perm) || len(n.Outputs) > 1 && n.Outputs[1] != nil || !permutePlain(n, perm) {
		return false
	}
	a.Layout = NHWC
	n.Attrs = &a
	return true
}

func permuteGlobalPool(n *graph.Node, perm []int) bool {
	a := *attrs[GlobalPool](n)
	if a.Layout != NCHW || !isToNHWC(perm) || !permutePlain(n, perm) {
		return false
	}
	a.Layout = NHWC
	n.Attrs = &a
	return true
}

func clampPool(a any, lo, hi float32) (any, bool) {
	p, ok := a.(*Pool)
	if !ok || p == nil {
		return a, false
	}
	c := *p
	c.Clamp = c.Clamp.And(lo, hi)
	return &c, true
}
