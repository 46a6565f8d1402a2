package i8

import (
	"math"
	"unsafe"

	"github.com/octet-ml/octet/int8/internal/kernel"
)

type depthwiseArgs struct {
	kernel kernel.DepthwiseArgs
	copy   kernel.CopyArgs
	finish finishArgs
}

// depthwiseStep is a depthwisePlan bound to buffers.
type depthwiseStep struct {
	q     *depthwisePlan
	a     ConvArgs
	slots slots[depthwiseArgs]
}

// Tiles returns the number of chunks of output rows.
func (s *depthwiseStep) Tiles() int { return s.q.tiles() }

// Run computes chunks from <= u < to.
func (s *depthwiseStep) Run(scratch []byte, from, to int) {
	slot := s.slots.get()
	r := depthwiseRun{depthwisePlan: s.q, a: &s.a, args: &slot.args, scratch: align64(scratch), zero: byte(s.q.e.InZero)}
	if s.a.InZero != nil {
		r.zero = s.a.InZero[0]
	}
	e := &r.e
	r.args.kernel = kernel.DepthwiseArgs{
		Taps: int64(r.w.taps), Output: kernel.Output(e.Output), HiF: float32(int32(e.Hi) - e.OutZero), Zero: e.OutZero, Lo: e.Lo, Plain: flag(r.plain),
		OutRow: int64(r.g.OW * r.pitch * r.elem()), OutPixel: int64(r.pitch * r.elem() * r.span),
	}
	if e.Output == OutF32 {
		r.args.kernel.Output = kernel.OutI32
	}
	for u := from; u < to; u++ {
		r.unit(u)
	}
	slot.put()
}

// depthwiseRun is the state of one Run call.
type depthwiseRun struct {
	*depthwisePlan
	a       *ConvArgs
	args    *depthwiseArgs
	scratch []byte
	zero    byte // zero point of the source
}

// unit computes a chunk of output rows: those above inner, within and below.
func (r *depthwiseRun) unit(u int) {
	n, y0 := u/r.chunks, u%r.chunks*r.rows
	y1 := min(y0+r.rows, r.g.OH)
	top, bottom := min(max(y0, r.inner.y0), y1), max(min(y1, r.inner.y1), y0)
	if r.inner.empty() || top >= bottom {
		r.copied(&r.full, n, y0, y1)
	} else {
		r.copied(&r.full, n, y0, top)
		for i := range r.sides {
			r.copied(&r.sides[i], n, top, bottom)
		}
		r.inPlace(n, top, bottom)
		r.copied(&r.full, n, bottom, y1)
	}
	first, pixels := (n*r.g.OH+y0)*r.g.OW, (y1-y0)*r.g.OW
	if r.e.Output == OutF32 {
		r.dequantize(r.a.Dst[4*first*r.pitch:], pixels)
	}
	r.finish(&r.args.finish, r.a, first, pixels, 0, r.w.shape.OC)
}

// copied computes the columns of p in rows y0 <= y < y1 of image n from a copy.
func (r *depthwiseRun) copied(p *patch, n, y0, y1 int) {
	if y0 >= y1 {
		return
	}
	p.fill(r.scratch, r.a.Src, &r.g, n, y0, y1-y0, r.zero)
	r.blocks(p, r.scratch, n, y0, y1-y0)
}

// inPlace computes the columns of inner in rows y0 <= y < y1 of image n from the source.
func (r *depthwiseRun) inPlace(n, y0, y1 int) {
	g := &r.g
	y, x := y0*g.Strides[0]-g.Pads[0], r.inner.x0*g.Strides[1]-g.Pads[1]
	r.blocks(&r.direct, r.a.Src[((n*g.H+y)*g.W+x)*r.w.shape.OC:], n, y0, y1-y0)
}

// blocks runs the kernel over all blocks of channels; src starts at the first tap of the first output.
func (r *depthwiseRun) blocks(p *patch, src []byte, n, y0, rows int) {
	g, elem := &r.g, r.elem()
	a := &r.args.kernel
	a.InRow, a.InPixel = int64(g.Strides[0]*p.pitch), int64(g.Strides[1]*r.span*p.pixel)
	a.TapRow, a.TapPixel = int64(g.Dilations[0]*p.pitch), int64(g.Dilations[1]*p.pixel)
	a.Offs, a.Rows = &p.offsets[0], int64(rows)
	first := ((n*g.OH+y0)*g.OW + p.x0) * r.pitch
	for i := range r.w.panels {
		w := &r.w.panels[i]
		a.W, a.Bias, a.Mult = &r.w.data[w.at], &r.bias[w.column], &r.mult[w.column]
		if r.a.InZero != nil {
			a.Bias = r.compensate(int32s(r.scratch[r.biasAt:], r.w.set().Depthwise.NC), w.column, r.zero)
		}
		if whole := p.cols / r.span; whole > 0 {
			a.In, a.Out = &src[w.channel], &r.a.Dst[(first+w.channel)*elem]
			a.Width, a.Cols = int64(whole), int64(w.cols*r.span)
			r.row.Func(a)
		}
		if rest := p.cols % r.span; rest > 0 {
			x := p.cols - rest
			a.In, a.Out = &src[x*p.pixel], &r.a.Dst[(first+x*r.pitch)*elem]
			a.Width, a.Cols = 1, int64(w.cols*rest)
			r.row.Func(a)
		}
	}
}

// dequantize turns the int32 of pixels into float32 in place.
func (q *depthwisePlan) dequantize(dst []byte, pixels int) {
	n := len(q.mults)
	v := unsafe.Slice((*uint32)(unsafe.Pointer(&dst[0])), pixels*n) // Bind has checked length and alignment
	for i := 0; i < len(v); i += n {
		for c, m := range q.mults {
			f := float32(int32(v[i+c])) * m
			v[i+c] = math.Float32bits(max(q.e.LoF, min(f, q.e.HiF)))
		}
	}
}
