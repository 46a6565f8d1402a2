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
	pad   []byte // a line of padding; nil where the zero point is known at run time only
	slots slots[depthwiseArgs]
}

// Tiles returns the number of units.
func (s *depthwiseStep) Tiles() int { return s.q.tiles() }

// Run computes units from <= u < to.
func (s *depthwiseStep) Run(scratch []byte, from, to int) {
	slot := s.slots.get()
	r := depthwiseRun{depthwisePlan: s.q, a: &s.a, args: &slot.args, scratch: align64(scratch), pad: s.pad}
	if r.a.InZero != nil {
		r.pad = r.scratch[r.padAt:][:r.padBytes()]
		fillBytes(r.pad, r.a.InZero[0])
	}
	e := &r.e
	r.args.kernel = kernel.DepthwiseArgs{
		Taps: int64(r.w.taps), Pad: &r.pad[0], HiF: float32(int32(e.Hi) - e.OutZero), Zero: e.OutZero, Lo: e.Lo, Plain: flag(r.plain),
	}
	if e.Output != OutU8 {
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
	a        *ConvArgs
	args     *depthwiseArgs
	scratch  []byte
	pad      []byte
	n        int // image of the unit
	bordered struct {
		d *reading
		a region
	} // the tray whose border stands in scratch
}

// unit computes a chunk of output rows by a run of panels.
func (r *depthwiseRun) unit(u int) {
	run := r.groups[u%len(r.groups)]
	u /= len(r.groups)
	r.n = u / r.chunks
	y0 := u % r.chunks * r.rows
	unit := region{y0, min(y0+r.rows, r.g.OH), 0, r.g.OW}
	wide := run
	if r.last != r.wide && run.to == len(r.w.panels) {
		wide.to--
		r.trays(r.last, panelRun{wide.to, run.to}, unit)
	}
	switch {
	case r.wide.inPlace:
		r.panels(r.wide, wide, unit)
	case r.direct != nil:
		r.split(wide, unit)
	default:
		r.trays(r.wide, wide, unit)
	}
	first, pixels := (r.n*r.g.OH+unit.y0)*r.g.OW, (unit.y1-unit.y0)*r.g.OW
	if r.e.Output == OutF32 {
		r.dequantize(r.a.Dst[4*first*r.pitch:], pixels)
	}
	from, to := &r.w.panels[run.from], &r.w.panels[run.to-1]
	r.finish(&r.args.finish, r.a, first, pixels, from.channel, to.channel+to.cols-from.channel)
}

// split computes those outputs of a whose windows lie inside the image from the source, and the others from trays.
func (r *depthwiseRun) split(run panelRun, a region) {
	in := r.inner
	in.y0 = min(max(in.y0, a.y0), a.y1)
	in.y1 = max(in.y0, min(in.y1, a.y1))
	for _, b := range [...]region{{a.y0, in.y0, a.x0, a.x1}, {in.y0, in.y1, a.x0, in.x0}, {in.y0, in.y1, in.x1, a.x1}, {in.y1, a.y1, a.x0, a.x1}} {
		r.trays(r.wide, run, b)
	}
	r.panels(r.direct, run, in)
}

// panels computes a for a run of panels in place.
func (r *depthwiseRun) panels(d *reading, run panelRun, a region) {
	if a.empty() {
		return
	}
	for i := run.from; i < run.to; i++ {
		r.compute(d, &r.w.panels[i], a)
	}
}

// trays computes a for a run of panels from trays.
func (r *depthwiseRun) trays(d *reading, run panelRun, a region) {
	if a.empty() {
		return
	}
	for i := run.from; i < run.to; i++ {
		r.fill(d, &r.w.panels[i], a)
		r.compute(d, &r.w.panels[i], a)
	}
}

// fill makes the tray of a for the channels of p; with the border, unless it is there from the panel before.
func (r *depthwiseRun) fill(d *reading, p *panel, a region) {
	g, c := &r.g, r.w.shape.Groups
	border := r.bordered.d != d || r.bordered.a != a
	r.bordered.d, r.bordered.a = d, a
	height := (a.y1-a.y0-1)*g.Strides[0] + (r.w.shape.KH-1)*g.Dilations[0] + 1
	width := min(d.width, (a.x1-a.x0+d.span-2)*g.Strides[1]+(r.w.shape.KW-1)*g.Dilations[1]+1)
	left := g.Pads[1] - a.x0*g.Strides[1]
	from := min(max(0, left), width) // columns from <= x < to lie in the image
	to := max(from, min(left+g.W, width))
	for i := range height {
		tray := r.scratch[i*d.pitch:][:width*d.pixel]
		y := a.y0*g.Strides[0] - g.Pads[0] + i
		if y < 0 || y >= g.H {
			if border {
				fillBytes(tray, r.pad[0])
			}
			continue
		}
		if border {
			fillBytes(tray[:from*d.pixel], r.pad[0])
			fillBytes(tray[to*d.pixel:], r.pad[0])
		}
		if to > from {
			r.fillPixels(tray[from*d.pixel:], r.a.Src[((r.n*g.H+y)*g.W+from-left)*c:], d, p, to-from)
		}
	}
}

// fillPixels copies the channels of p of n pixels.
func (r *depthwiseRun) fillPixels(tray, line []byte, d *reading, p *panel, n int) {
	s := &r.w.shape
	switch repeat := s.OC / s.Groups; {
	case repeat > 1:
		for i := range n {
			for c := range p.cols {
				tray[i*d.pixel+c] = line[i*s.Groups+(p.channel+c)/repeat]
			}
		}
	case d.pixel == s.Groups:
		copy(tray[:n*d.pixel], line)
	default:
		r.copyPixels(tray, d.pixel, line[p.channel:], s.Groups, n, d.pixel)
	}
}

// compute runs the kernel on a, or on whole blocks from its first column on.
func (r *depthwiseRun) compute(d *reading, p *panel, a region) {
	g, k, elem := &r.g, &r.args.kernel, r.elem()
	k.TapPixel = int64(g.Dilations[1] * d.pixel)
	k.InRow, k.InPixel = int64(g.Strides[0]*d.pitch), int64(g.Strides[1]*d.span*d.pixel)
	k.In, k.Offs, k.Lines = &r.scratch[0], nil, nil
	switch image := g.H * g.W * r.w.shape.OC; {
	case d.row.Window == 0:
		k.Offs = &d.offsets[0]
		if d.inPlace {
			y, x := a.y0*g.Strides[0]-g.Pads[0], a.x0*g.Strides[1]-g.Pads[1]
			k.In = &r.a.Src[r.n*image+y*d.pitch+x*d.pixel+p.channel]
		}
	case d.inPlace:
		k.In, k.Lines = &r.a.Src[r.n*image], &d.lines[a.y0*d.row.Window]
		k.Start, k.Limit = int64(p.channel-g.Pads[1]*d.pixel), int64(d.pitch)
	default:
		k.Lines = &d.lines[0]
		k.Start, k.Limit = 0, math.MaxInt64
	}
	k.W, k.Bias, k.Mult = &r.w.data[p.at], &r.bias[p.column], &r.mult[p.column]
	if r.a.InZero != nil {
		k.Bias = r.compensate(int32s(r.scratch[r.biasAt:], r.w.set().Depthwise.NC), p.column, r.pad[0])
	}
	out := r.a.Dst[(((r.n*g.OH+a.y0)*g.OW+a.x0)*r.pitch+p.channel)*elem:]
	rows, blocks, block := a.y1-a.y0, ceilDiv(a.x1-a.x0, d.span), d.span*d.pixel
	k.Rows, k.Width = int64(rows), int64(blocks)
	if !r.through(d) {
		k.Out, k.OutRow, k.OutPixel, k.Cols = &out[0], int64(g.OW*r.pitch*elem), int64(r.pitch*d.span*elem), int64(p.cols*d.span)
		d.row.Func(k)
		return
	}
	results := r.scratch[r.resultsAt:]
	k.Out, k.OutRow, k.OutPixel, k.Cols = &results[0], int64(blocks*block*elem), int64(block*elem), int64(block)
	d.row.Func(k)
	for y := range rows {
		r.copyPixels(out[y*g.OW*r.pitch*elem:], r.pitch*elem, results[y*blocks*block*elem:], d.pixel*elem, g.OW, p.cols*elem)
	}
}

// copyPixels copies n pixels of width bytes, which stand to and from bytes apart. It may read past the end of src as a step may.
func (r *depthwiseRun) copyPixels(dst []byte, to int, src []byte, from, n, width int) {
	_ = dst[(n-1)*to+width-1]
	a := &r.args.copy
	*a = kernel.CopyArgs{Dst: &dst[0], Src: &src[0], DstStep: int64(to), SrcStep: int64(from), N: int64(n), Width: int64(width)}
	r.w.set().Copy.Func(a)
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
