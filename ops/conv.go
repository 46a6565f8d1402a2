package ops

import (
	"github.com/octet-ml/octet/graph"
)

var convRows = []Operator{{
	Name: "Conv", Attrs: func() any { return new(Conv) },
	In: Arity{2, 5}, Out: Arity{1, 1},
	Infer: inferConv, Reference: referenceConv, Lower: lowerConv,
	Permute: permuteConv, Data: func(_ *graph.Node, i int) bool { return i == 0 || i == 3 },
	WithClamp: func(a any, lo, hi float32) (any, bool) {
		c := *a.(*Conv)
		c.Clamp = c.Clamp.And(lo, hi)
		return &c, c.Function == nil
	},
	WithFunction: func(a any, l *ByteFunction) any {
		c := *a.(*Conv)
		c.Function = l.After(c.Function)
		return &c
	},
	ByImage: constantWeights,
}}

// convDims are the sizes of a convolution; spatial pairs are height first.
type convDims struct {
	n, c, oc, ic, group  int // ic is channels per group
	in, kernel, out      [2]int
	strides, dilations   [2]int
	pads                 [4]int
	x, w, y              strides4 // strides of data, weights and output by (n or oc, channel, height, width)
	xShape, wShape, want graph.Shape
}

// strides4 are element strides of the axes (outer, channel, height, width).
type strides4 [4]int

// spatialStrides returns the strides of a tensor of shape s in the layout.
func spatialStrides(l Layout, s graph.Shape) strides4 {
	if l == NHWC {
		return strides4{s[1] * s[2] * s[3], 1, s[2] * s[3], s[3]}
	}
	return strides4{s[1] * s[2] * s[3], s[2] * s[3], s[3], 1}
}

// spatialShape returns the shape of a tensor with the sizes in the layout.
func spatialShape(l Layout, n, c, h, w int) graph.Shape {
	if l == NHWC {
		return graph.Shape{n, h, w, c}
	}
	return graph.Shape{n, c, h, w}
}

// spatialDims returns the sizes of a shape in the layout.
func spatialDims(l Layout, s graph.Shape) (n, c, h, w int) {
	if l == NHWC {
		return s[0], s[3], s[1], s[2]
	}
	return s[0], s[1], s[2], s[3]
}

// newConvDims returns the sizes of a Conv node, whose batch may be unbound.
func newConvDims(n *graph.Node) (*convDims, error) {
	a := attrs[Conv](n)
	x, w := n.Inputs[0], n.Inputs[1]
	if len(x.Shape) != 4 || len(w.Shape) != 4 {
		return nil, shapeErrorf("data %v and weights %v: want four axes each", x.Shape, w.Shape)
	}
	if !x.Shape[1:].Static() || !w.Shape.Static() {
		return nil, shapeErrorf("data %v and weights %v: only the first axis of the data may depend on the batch", x.Shape, w.Shape)
	}
	d := &convDims{group: max(a.Group, 1)}
	d.n, d.c, d.in[0], d.in[1] = spatialDims(a.Layout, x.Shape)
	d.oc, d.ic, d.kernel[0], d.kernel[1] = spatialDims(a.Layout, w.Shape)
	if d.c != d.group*d.ic || d.oc%d.group != 0 || d.oc == 0 {
		return nil, shapeErrorf("weights %v with %d groups do not fit data %v", w.Shape, d.group, x.Shape)
	}
	var err error
	if d.out, d.pads, err = a.Window.Output(d.in, d.kernel, false); err != nil {
		return nil, err
	}
	for i := range 2 {
		d.strides[i], d.dilations[i] = max(a.Strides[i], 1), max(a.Dilations[i], 1)
	}
	d.want = spatialShape(a.Layout, d.n, d.oc, d.out[0], d.out[1])
	d.x, d.w, d.y = spatialStrides(a.Layout, x.Shape), spatialStrides(a.Layout, w.Shape), spatialStrides(a.Layout, d.want)
	return d, nil
}

func inferConv(n *graph.Node) error {
	d, err := newConvDims(n)
	if err != nil {
		return err
	}
	if b := n.Input(2); b != nil && (len(b.Shape) != 1 || b.Shape[0] != d.oc) {
		return shapeErrorf("bias: want [%d], got %v", d.oc, b.Shape)
	}
	if r := n.Input(3); r != nil && !r.Shape.Equal(d.want) {
		return shapeErrorf("residual: want %v, got %v", d.want, r.Shape)
	}
	a := attrs[Conv](n)
	o := operands{
		x: n.Inputs[0], w: n.Inputs[1], bias: n.Input(2), residual: n.Input(3), xZero: n.Input(4),
		rows: d.n, columns: d.oc, clamp: a.Clamp, sum: a.Sum, function: a.Function,
	}
	return o.infer(n, d.want)
}

func referenceConv(n *graph.Node, in, out []*graph.Tensor) error {
	d, err := newConvDims(n)
	if err != nil {
		return err
	}
	if in[0].DType.IsFloat() {
		return d.referenceFloat(n, in, out[0])
	}
	a := attrs[Conv](n)
	epilogue, err := newContraction(n.Inputs[0], n.Inputs[1], n.Input(2), n.Input(3), n.Outputs[0], d.oc, a.Clamp, a.Sum, a.Function)
	if err != nil {
		return err
	}
	w := weightInts(n.Inputs[1], in[1], func(i int) int { return i / d.w[0] })
	x := make([]int32, in[0].Len())
	for i := range x {
		x[i] = int32(in[0].Int(i)) - dataZero(n.Inputs[0], optional(in, 4), i/d.x[0])
	}
	residual := optional(in, 3)
	d.each(func(y, ch int, taps func(func(xi, wi int))) {
		var acc int32
		taps(func(xi, wi int) { acc += x[xi] * w[wi] })
		epilogue.store(out[0], y, ch, acc, residual)
	})
	return nil
}

// referenceFloat is the convolution in float32, sums in float64.
func (d *convDims) referenceFloat(n *graph.Node, in []*graph.Tensor, out *graph.Tensor) error {
	x, w := in[0].Floats(), in[1].Floats()
	bias, residual := optional(in, 2), optional(in, 3)
	lo, hi := attrs[Conv](n).Clamp.Bounds()
	d.each(func(y, ch int, taps func(func(xi, wi int))) {
		var sum float64
		taps(func(xi, wi int) { sum += float64(float64(x[xi]) * float64(w[wi])) })
		if bias != nil {
			sum += bias.Float(ch)
		}
		if residual != nil {
			sum += residual.Float(y)
		}
		out.SetFloat(y, float64(min(max(float32(sum), lo), hi)))
	})
	return nil
}

// each calls visit for every output element with its index, its channel and an iterator over the taps that lie inside the
// data.
func (d *convDims) each(visit func(y, ch int, taps func(func(xi, wi int)))) {
	perGroup := d.oc / d.group
	for b := range d.n {
		for oc := range d.oc {
			for oh := range d.out[0] {
				for ow := range d.out[1] {
					visit(b*d.y[0]+oc*d.y[1]+oh*d.y[2]+ow*d.y[3], oc, func(tap func(xi, wi int)) {
						d.taps(b, oc, oc/perGroup, oh, ow, tap)
					})
				}
			}
		}
	}
}

func (d *convDims) taps(b, oc, group, oh, ow int, tap func(xi, wi int)) {
	for kh := range d.kernel[0] {
		h := oh*d.strides[0] - d.pads[0] + kh*d.dilations[0]
		if h < 0 || h >= d.in[0] {
			continue
		}
		for kw := range d.kernel[1] {
			w := ow*d.strides[1] - d.pads[1] + kw*d.dilations[1]
			if w < 0 || w >= d.in[1] {
				continue
			}
			xi := b*d.x[0] + group*d.ic*d.x[1] + h*d.x[2] + w*d.x[3]
			wi := oc*d.w[0] + kh*d.w[2] + kw*d.w[3]
			for c := range d.ic {
				tap(xi+c*d.x[1], wi+c*d.w[1])
			}
		}
	}
}

// optional returns input i, or nil where it is absent.
func optional(in []*graph.Tensor, i int) *graph.Tensor {
	if i < len(in) {
		return in[i]
	}
	return nil
}

// permuteConv switches from NCHW to NHWC, weights included.
func permuteConv(n *graph.Node, perm []int) bool {
	a := attrs[Conv](n)
	if a.Layout != NCHW || !isToNHWC(perm) || n.Inputs[1].Const == nil {
		return false
	}
	n.Inputs[1] = permuteConst(n, n.Inputs[1], perm)
	c := *a
	c.Layout = NHWC
	n.Attrs = &c
	return true
}

// isToNHWC reports whether perm takes NCHW to NHWC.
func isToNHWC(perm []int) bool {
	return len(perm) == 4 && perm[0] == 0 && perm[1] == 2 && perm[2] == 3 && perm[3] == 1
}
