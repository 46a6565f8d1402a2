package i8

import (
	"github.com/octet-ml/octet/int8/internal/kernel"
)

// trayStep is a trayPlan bound to buffers.
type trayStep struct {
	q     *trayPlan
	a     ConvArgs
	slots slots[depthwiseArgs]
}

// Tiles returns the number of units.
func (s *trayStep) Tiles() int { return s.q.tiles() }

// Run computes units from <= u < to.
func (s *trayStep) Run(scratch []byte, from, to int) {
	slot := s.slots.get()
	r := trayRun{trayPlan: s.q, a: &s.a, args: &slot.args, scratch: align64(scratch), zero: byte(s.q.e.InZero)}
	if s.a.InZero != nil {
		r.zero = s.a.InZero[0]
	}
	e := &r.e
	r.args.kernel = kernel.DepthwiseArgs{
		Taps: int64(r.w.taps), HiF: float32(int32(e.Hi) - e.OutZero), Zero: e.OutZero, Lo: e.Lo, Plain: flag(r.plain),
	}
	for u := from; u < to; u++ {
		r.unit(u)
	}
	slot.put()
}

// trayRun is the state of one Run call.
type trayRun struct {
	*trayPlan
	a       *ConvArgs
	args    *depthwiseArgs
	scratch []byte
	zero    byte // zero point of the source
	n       int  // image of the unit
	y0, y1  int  // its output rows
}

// unit computes a chunk of output rows by a run of panels.
func (r *trayRun) unit(u int) {
	run := r.groups[u%len(r.groups)]
	u /= len(r.groups)
	r.n, r.y0 = u/r.chunks, u%r.chunks*r.rows
	r.y1 = min(r.y0+r.rows, r.g.OH)
	bordered := (*tray)(nil)
	for i := run.from; i < run.to; i++ {
		p := &r.w.panels[i]
		t := &r.wide
		if p.width < t.pixel {
			t = &r.narrow
		}
		r.fill(t, p, t != bordered)
		bordered = t
		r.panel(t, p)
	}
	first, last := &r.w.panels[run.from], &r.w.panels[run.to-1]
	r.finish(&r.args.finish, r.a, (r.n*r.g.OH+r.y0)*r.g.OW, (r.y1-r.y0)*r.g.OW, first.channel, last.channel+last.cols-first.channel)
}

// fill copies what the unit's windows lie over, for the channels of p; with the border, unless it is there from the panel before.
func (r *trayRun) fill(t *tray, p *panel, border bool) {
	g, c := &r.g, r.w.shape.OC
	height := (r.y1-r.y0-1)*g.Strides[0] + (r.w.shape.KH-1)*g.Dilations[0] + 1
	if border {
		fillBytes(r.scratch[:height*t.pitch], r.zero)
	}
	pixels := min(g.W, t.width-g.Pads[1])
	for i := range height {
		y := r.y0*g.Strides[0] - g.Pads[0] + i
		if y < 0 || y >= g.H || pixels <= 0 {
			continue
		}
		r.copyPixels(r.scratch[i*t.pitch+g.Pads[1]*t.pixel:], t.pixel, r.a.Src[(r.n*g.H+y)*g.W*c+p.channel:], c, pixels, t.pixel)
	}
}

// panel runs the kernel on the tray.
func (r *trayRun) panel(t *tray, p *panel) {
	g, a, rows := &r.g, &r.args.kernel, r.y1-r.y0
	a.In, a.Offs = &r.scratch[0], &t.offsets[0]
	a.InRow, a.InPixel = int64(g.Strides[0]*t.pitch), int64(g.Strides[1]*t.span*t.pixel)
	a.TapRow, a.TapPixel = int64(g.Dilations[0]*t.pitch), int64(g.Dilations[1]*t.pixel)
	a.W, a.Bias, a.Mult = &r.w.data[p.at], &r.bias[p.column], &r.mult[p.column]
	if r.a.InZero != nil {
		a.Bias = r.compensate(int32s(r.scratch[r.biasAt:], r.w.set().Depthwise.NC), p.column, r.zero)
	}
	a.Rows, a.Width = int64(rows), int64(t.blocks)
	out := r.a.Dst[(r.n*g.OH+r.y0)*g.OW*r.pitch+p.channel:]
	if t.span == 1 {
		a.Out, a.OutRow, a.OutPixel, a.Cols = &out[0], int64(g.OW*r.pitch), int64(r.pitch), int64(p.cols)
		t.row.Func(a)
		return
	}
	block := t.span * t.pixel
	results := r.scratch[r.resultsAt:]
	a.Out, a.OutRow, a.OutPixel, a.Cols = &results[0], int64(t.blocks*block), int64(block), int64(block)
	t.row.Func(a)
	for y := range rows {
		r.copyPixels(out[y*g.OW*r.pitch:], r.pitch, results[y*t.blocks*block:], t.pixel, g.OW, p.cols)
	}
}

// copyPixels copies n pixels of width bytes, which stand to and from bytes apart. It may read past the end of src as a step may.
func (r *trayRun) copyPixels(dst []byte, to int, src []byte, from, n, width int) {
	_ = dst[(n-1)*to+width-1]
	a := &r.args.copy
	*a = kernel.CopyArgs{Dst: &dst[0], Src: &src[0], DstStep: int64(to), SrcStep: int64(from), N: int64(n), Width: int64(width)}
	r.w.set().Copy.Func(a)
}
