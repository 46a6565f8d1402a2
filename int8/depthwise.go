package i8

import (
	"fmt"

	"github.com/octet-ml/octet/int8/internal/kernel"
)

const (
	trayBytes      = 48 << 10 // of a tray, if one output row needs no more
	depthwiseUnits = 16       // units that a layer is cut into, if it is large enough
	leastLines     = 4        // output rows of a unit that reads the source in place, if it has as many
	leastInner     = 150      // source pixels under the windows inside the image from which on these are read in place
)

// depthwisePlan computes a depthwise convolution panel by panel, a panel being the channels of one kernel call. Kernels made for the
// window read lines of the source in place. The others read a tray, or in place those windows of a large image that lie inside it.
// Panels of few channels read a tray. A unit is a chunk of output
// rows of one image by a run of panels.
type depthwisePlan struct {
	*ConvPlan
	rows, chunks int // output rows of a unit; units of an image
	groups       []panelRun
	wide, last   *reading  // of all panels but the last; of the last; may be one
	inner        region    // windows that direct reads in place of wide
	direct       *reading  // or nil
	mults        []float32 // OutF32: by channel
	resultsAt    int       // offsets in scratch: of results of the last panel
	padAt        int       // of padding for a run-time zero point
	biasAt       int       // of a panel's biases for a run-time zero point
	size         int
}

// region is the output pixels y0 <= y < y1, x0 <= x < x1.
type region struct{ y0, y1, x0, x1 int }

func (r region) empty() bool { return r.y0 >= r.y1 || r.x0 >= r.x1 }

// reading is how the kernel gets at the pixels of a panel. In place, it is told where lines of the source are and which pixels of
// them are padding. Otherwise what a unit's windows lie over, for the channels of the panel, is copied to scratch with its border,
// pixels side by side and aligned: that is a tray. Where the stride is 1, a panel of few channels takes two or more output pixels of a
// tray as one block, whose results pass through scratch if they must.
type reading struct {
	row     *kernel.Depthwise
	inPlace bool
	pixel   int     // bytes between neighbouring pixels
	span    int     // output pixels of a block
	width   int     // columns of a tray, border included
	pitch   int     // bytes of a row
	offsets []int32 // by packed tap, for kernels of any window
	lines   []int32 // by output row of the image or of a tray, and row of the window, for kernels made for one
}

func newDepthwisePlan(p *ConvPlan) (*depthwisePlan, error) {
	w, g := p.w, &p.g
	s, f := &w.shape, &w.set().Depthwise
	q := &depthwisePlan{ConvPlan: p}
	reach, reachX := (s.KH-1)*g.Dilations[0]+1, (s.KW-1)*g.Dilations[1]+1
	if _, ok := product(maxScratch, reach, (g.OW+f.NC)*g.Strides[1]+reachX, f.NC); !ok {
		return nil, fmt.Errorf("i8: depthwise conv: %w: a window spans %d rows of %d pixels of %d bytes", ErrShape, reach, g.OW*g.Strides[1]+reachX, f.NC)
	}
	q.last = q.reading(w.panels[len(w.panels)-1].width)
	if q.wide = q.last; len(w.panels) > 1 && q.last.span > 1 {
		q.wide = q.reading(f.NC)
	}
	q.layDirect()
	q.cut(reach)
	if p.e.Output == OutF32 {
		q.mults = make([]float32, s.OC)
		for c := range q.mults {
			q.mults[c] = p.e.multiplier(c)
		}
	}
	q.layScratch(reach)
	if q.size > maxScratch {
		return nil, fmt.Errorf("i8: depthwise conv: %w: %d bytes of scratch", ErrShape, q.size)
	}
	return q, nil
}

// reading lays out panels whose channels take width bytes of a block.
func (q *depthwisePlan) reading(width int) *reading {
	g, s, f := &q.g, &q.w.shape, &q.w.set().Depthwise
	r := &reading{pixel: f.NC, span: 1}
	if g.Strides[1] == 1 {
		r.pixel, r.span = width, f.NC/width
	}
	ratio, out := 0, kernel.OutU8
	if d := g.Dilations[1]; g.Strides[1]*r.span%d == 0 {
		ratio = g.Strides[1] * r.span / d
	}
	if q.e.Output != OutU8 {
		out = kernel.OutI32
	}
	r.row = f.Fit(q.w.window, ratio, out)
	r.width = (roundUp(g.OW, r.span)-1)*g.Strides[1] + (s.KW-1)*g.Dilations[1] + 1
	r.pitch = r.width * r.pixel
	if r.row.Window > 0 && (r.span == 1 || r.pixel == s.OC && !q.through(r)) && s.OC == s.Groups {
		r.inPlace, r.pixel, r.pitch = true, s.OC, g.W*s.OC
	}
	if r.row.Window > 0 {
		r.layLines(g)
	} else {
		r.layOffsets(q)
	}
	return r
}

// layOffsets fills offsets.
func (r *reading) layOffsets(q *depthwisePlan) {
	r.offsets = make([]int32, q.w.taps)
	q.w.eachTap(func(t, ky, kx, _ int) {
		r.offsets[t] = int32(ky*q.g.Dilations[0]*r.pitch + kx*q.g.Dilations[1]*r.pixel)
	})
}

// layDirect finds the windows inside the image, and decides whether they are read in place.
func (q *depthwisePlan) layDirect() {
	g, s := &q.g, &q.w.shape
	in := region{0, g.OH, 0, g.OW}
	in.y0, in.y1 = insideWindows(g.H, g.OH, s.KH, g.Strides[0], g.Dilations[0], g.Pads[0])
	in.x0, in.x1 = insideWindows(g.W, g.OW, s.KW, g.Strides[1], g.Dilations[1], g.Pads[1])
	pixels := max(0, in.y1-in.y0) * max(0, in.x1-in.x0)
	if q.wide.inPlace || q.wide.span > 1 || s.OC != s.Groups || pixels*g.Strides[0]*g.Strides[1] < leastInner {
		return
	}
	q.inner = in
	q.direct = &reading{row: q.wide.row, inPlace: true, pixel: s.OC, pitch: g.W * s.OC, span: 1}
	q.direct.layOffsets(q)
}

// insideWindows returns the outputs lo <= o < hi of a side whose windows have no tap in the padding.
func insideWindows(in, out, k, stride, dilation, before int) (lo, hi int) {
	room := in - 1 - (k-1)*dilation + before
	if room < 0 {
		return 0, 0
	}
	return min(ceilDiv(before, stride), out), min(room/stride+1, out)
}

// layLines fills lines.
func (r *reading) layLines(g *Geometry) {
	top := 0
	if r.inPlace {
		top = g.Pads[0]
	}
	for y := range g.OH {
		for ky := range r.row.Window {
			at := y*g.Strides[0] + ky*g.Dilations[0] - top
			if r.inPlace && (at < 0 || at >= g.H) {
				r.lines = append(r.lines, kernel.PadOffset)
			} else {
				r.lines = append(r.lines, int32(at*r.pitch))
			}
		}
	}
}

// cut chooses rows and panels of a unit. Rows are cut first where lines are read in place, as long as they are some; of trays as many
// are taken as one holds, as windows of neighbouring rows overlap. Then panels are cut, which do not, but not where a table or
// multipliers are applied, which go through whole pixels; then rows again.
func (q *depthwisePlan) cut(reach int) {
	g, w := &q.g, q.w
	f := &w.set().Depthwise
	total := int64(g.OH) * int64(g.OW) * int64(len(w.panels)*f.NC) * int64(w.taps)
	unit := min(f.Work, max(total*int64(g.N)/depthwiseUnits, f.Work/depthwiseUnits))
	need := int((total + unit - 1) / unit)
	rows := g.OH
	for _, r := range []*reading{q.wide, q.last} {
		if !r.inPlace && (q.direct == nil || r.span > 1) {
			rows = min(rows, max(1, (trayBytes/r.pitch-reach)/g.Strides[0]+1))
		}
	}
	chunks := ceilDiv(g.OH, rows)
	if q.wide.inPlace || q.direct != nil {
		chunks = max(chunks, min(need, g.OH/leastLines))
	}
	runs := 1
	if q.lut == nil && q.after == nil && q.e.Output != OutF32 {
		runs = min(len(w.panels), max(1, ceilDiv(need, chunks)))
	}
	chunks = min(g.OH, max(chunks, ceilDiv(need, runs)))
	q.rows = ceilDiv(g.OH, chunks)
	q.chunks = ceilDiv(g.OH, q.rows)
	q.groups = panelRuns(len(w.panels), runs)
}

// through reports whether the results of panels that are read so pass through scratch.
func (q *depthwisePlan) through(r *reading) bool {
	return r.span > 1 && (q.pitch != r.pixel || q.g.OW%r.span > 0)
}

// layScratch places the largest tray and the rest.
func (q *depthwisePlan) layScratch(reach int) {
	f := &q.w.set().Depthwise
	height := (q.rows-1)*q.g.Strides[0] + reach
	for _, r := range []*reading{q.wide, q.last} {
		if !r.inPlace {
			q.resultsAt = max(q.resultsAt, roundUp(height*r.pitch+f.NC, 64))
		}
	}
	q.padAt = q.resultsAt
	if q.through(q.last) {
		q.padAt += q.rows * ceilDiv(q.g.OW, q.last.span) * f.NC * q.elem()
	}
	q.biasAt = q.padAt
	if q.e.RunZero {
		q.biasAt += roundUp(q.padBytes(), 64)
	}
	q.size = q.biasAt + 4*f.NC + 63
}

// padBytes returns the length of a line of padding.
func (q *depthwisePlan) padBytes() int {
	if q.wide.inPlace {
		return q.g.W * q.w.shape.OC
	}
	return 1
}

func (q *depthwisePlan) kernel() string { return q.wide.row.Name }

func (q *depthwisePlan) scratch() int { return q.size }

func (q *depthwisePlan) tiles() int { return q.g.N * q.chunks * len(q.groups) }

func (q *depthwisePlan) bind(a ConvArgs) Step {
	s := &depthwiseStep{q: q, a: a, slots: newSlots[depthwiseArgs]()}
	if a.InZero == nil {
		s.pad = make([]byte, q.padBytes())
		fillBytes(s.pad, byte(q.e.InZero))
	}
	return s
}
