package i8

import (
	"fmt"

	"github.com/octet-ml/octet/int8/internal/kernel"
)

const (
	trayBytes = 48 << 10 // of the copy of a part of the source
	trayUnits = 16       // units that a layer is cut into, if it is large enough
)

// trayPlan computes a depthwise convolution panel by panel: what a unit's windows lie over, for the channels of one panel, is copied
// to scratch with its border, pixels side by side and aligned, and the kernel reads that. A panel with few channels takes two or four
// pixels as one block where the stride is 1, and its results pass through scratch. A unit is a chunk of output rows of one image by a
// run of panels.
type trayPlan struct {
	*ConvPlan
	rows, chunks int // output rows of a unit; units of an image
	groups       []panelRun
	wide, narrow tray // for all panels but the last, or all; for the last where it has few channels
	plain        bool // results need no clamp and no zero point
	resultsAt    int  // offset in scratch of narrow results
	biasAt       int  // of a panel's biases for a run-time zero point
	size         int
}

// tray is the form of copies for panels of one width.
type tray struct {
	row     *kernel.Depthwise
	pixel   int // bytes
	span    int // output pixels of a block
	width   int // pixels of a row, border included
	pitch   int // bytes of a row
	blocks  int // of an output row
	offsets []int32
}

// traysFit reports whether a layer can be computed by way of trays, and repays the copying: where the stride is 1, each pixel
// serves a whole window, and of a small image most would be copied anyway.
func (p *ConvPlan) traysFit() bool {
	s, in := &p.w.shape, p.inside()
	small := in.empty() || (in.y1-in.y0)*(in.x1-in.x0) < depthwiseInner
	return p.e.Output == OutU8 && s.OC == s.Groups && p.w.copies == 1 && p.g.Strides == [2]int{1, 1} && small
}

func newTrayPlan(p *ConvPlan) (*trayPlan, error) {
	w, g := p.w, &p.g
	s, f := &w.shape, &w.set().Depthwise
	q := &trayPlan{ConvPlan: p}
	q.plain = p.e.OutZero == 0 && p.e.Lo == 0 && p.e.Hi == 255 && p.narrow()
	reach, reachX := (s.KH-1)*g.Dilations[0]+1, (s.KW-1)*g.Dilations[1]+1
	if _, ok := product(maxScratch, reach, g.OW*g.Strides[1]+reachX+f.NC, f.NC); !ok {
		return nil, fmt.Errorf("i8: depthwise conv: %w: a window spans %d rows of %d pixels of %d bytes", ErrShape, reach, g.OW*g.Strides[1]+reachX, f.NC)
	}
	q.wide = q.tray(f.NC)
	last := &w.panels[len(w.panels)-1]
	if last.width < f.NC {
		q.narrow = q.tray(last.width)
	}
	q.cut(reach)
	bytes := max(q.wide.pitch, q.narrow.pitch) * ((q.rows-1)*g.Strides[0] + reach)
	q.resultsAt = roundUp(bytes+f.NC*(reachX+1), 64)
	q.biasAt = roundUp(q.resultsAt+q.rows*q.narrow.blocks*f.NC, 64)
	q.size = q.biasAt + 4*f.NC + 63
	return q, nil
}

// tray lays out copies of pixel bytes a pixel.
func (q *trayPlan) tray(pixel int) tray {
	g, s, f := &q.g, &q.w.shape, &q.w.set().Depthwise
	t := tray{pixel: pixel, span: 1}
	if g.Strides[1] == 1 {
		t.span = f.NC / pixel
	}
	t.blocks = ceilDiv(g.OW, t.span)
	t.width = (t.blocks*t.span-1)*g.Strides[1] + (s.KW-1)*g.Dilations[1] + 1
	t.pitch = t.width * pixel
	t.offsets = make([]int32, q.w.taps)
	q.w.eachTap(func(tap, ky, kx, _ int) {
		t.offsets[tap] = int32(ky*g.Dilations[0]*t.pitch + kx*g.Dilations[1]*pixel)
	})
	ratio := 0
	if d := g.Dilations[1]; g.Strides[1]*t.span%d == 0 {
		ratio = g.Strides[1] * t.span / d
	}
	t.row = &f.Rows[f.Fit(q.w.fixed(), s.KH, s.KW, ratio, kernel.OutU8)]
	return t
}

// cut chooses rows and panels of a unit: as many rows as a tray holds; then panels, as windows of neighbouring rows overlap and
// panels do not, but not where a table is applied, which goes through whole pixels; then rows again.
func (q *trayPlan) cut(reach int) {
	g, w := &q.g, q.w
	f := &w.set().Depthwise
	total := int64(g.OH) * int64(g.OW) * int64(len(w.panels)*f.NC) * int64(w.taps)
	unit := min(f.Work, max(total*int64(g.N)/trayUnits, f.Work/16))
	need := int((total + unit - 1) / unit)
	rows := max(1, min(g.OH, (trayBytes/q.wide.pitch-reach)/g.Strides[0]+1))
	chunks := ceilDiv(g.OH, rows)
	runs := 1
	if q.lut == nil && q.after == nil {
		runs = min(len(w.panels), max(1, ceilDiv(need, chunks)))
	}
	chunks = min(g.OH, max(chunks, ceilDiv(need, runs)))
	q.rows = ceilDiv(g.OH, chunks)
	q.chunks = ceilDiv(g.OH, q.rows)
	for i := range runs {
		q.groups = append(q.groups, panelRun{len(w.panels) * i / runs, len(w.panels) * (i + 1) / runs})
	}
}

func (q *trayPlan) kernel() string { return q.wide.row.Name }

func (q *trayPlan) scratch() int { return q.size }

func (q *trayPlan) tiles() int { return q.g.N * q.chunks * len(q.groups) }

func (q *trayPlan) bind(a ConvArgs) Step { return &trayStep{q, a, newSlots[depthwiseArgs]()} }
