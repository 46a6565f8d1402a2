package i8

import (
	"fmt"
	"math"

	"github.com/octet-ml/octet/int8/internal/kernel"
)

// source says where the rows of A come from.
type source uint8

const (
	direct   source = iota // rows are pixels one after another: 1x1 without stride, dense
	indexed                // an offset table over the source buffer
	banded                 // an offset table over a bordered copy of some image rows in scratch
	windowed               // windows cut out of such a copy, one after another in scratch
)

const (
	maxOffsets   = 1 << 22   // entries of a table over the source; layers with more are banded
	mergedRows   = 512       // images are merged into one set of tiles up to this many rows
	mergedBytes  = 256 << 10 // chunks are merged up to this many bytes of rows
	maxScratch   = 64 << 20  // bytes
	bytesPerWork = 16        // products that take as long as streaming one byte of weights
	partialRows  = 96        // rows computed at once where results pass through scratch
	bandBytes    = 48 << 10  // bytes of source copied at once
	windowsBytes = 64 << 10  // bytes of windows at once, if an output row has no more
)

// gemmPlan computes a convolution as an indirect matrix product. The work is cut into units of images x chunks of rows x
// runs of panels.
type gemmPlan struct {
	*ConvPlan
	source        source
	images        int // images computed together: 1 or N
	rows          int // output pixels of those images
	tiles_        rowTiles
	chunks        int
	merged        int       // chunks that a call computes at once where it is given several
	table         []int32   // indexed: [tile][tap][row]
	runs          []tileRun // where taps are left out, by chunk: runs from starts[c] to starts[c+1]; else nil
	starts        []int
	outs          []int32 // with runs: [tile][row], where the row goes
	band          band
	lineOfWindows kernel.WindowsArgs // windowed: how the windows of an output row are cut out of the band
	full          bandTable          // banded: chunks of band.rows output rows
	rest          bandTable          // banded: the last chunk of an image, if it is shorter
	groups        []panelRun
	fused         bool   // the kernels add the residual
	pad           []byte // padding for the plan's InZero
	layout        gemmScratch
	widest        int // index of the kernel row of the first panel

}

// bandTable is the tiles and offsets of a band of a certain number of output rows.
type bandTable struct {
	tiles   rowTiles
	offsets []int32
}

// panelRun is panels from <= i < to, computed by one unit.
type panelRun struct{ from, to int }

// panelRuns cuts n panels into runs of about equal length.
func panelRuns(n, runs int) []panelRun {
	out := make([]panelRun, runs)
	for i := range out {
		out[i] = panelRun{n * i / runs, n * (i + 1) / runs}
	}
	return out
}

// gemmScratch is where things stand in a worker's scratch, from its first multiple of 64 on.
type gemmScratch struct {
	pad, bias, rowBias, panel, partial, band, windows, size int
}

func newGemmPlan(p *ConvPlan) (*gemmPlan, error) {
	w, g := p.w, &p.g
	q := &gemmPlan{ConvPlan: p, widest: w.panels[0].row}
	s := &w.shape
	pixels := g.OH * g.OW
	onePixel := s.KH == 1 && s.KW == 1 && g.Strides == [2]int{1, 1} && g.Pads[0] == 0 && g.Pads[1] == 0 && g.OH == g.H && g.OW == g.W
	entries, fits := product(maxOffsets, min(g.N, max(1, mergedRows/pixels)), pixels, w.taps)
	switch {
	case w.form == formWindows:
		q.source = windowed
	case w.form == formRows || !onePixel && !fits:
		q.source = banded
	case onePixel:
		q.source = direct
	default:
		q.source = indexed
	}
	q.images, q.merged = 1, 1
	if q.source == direct || q.source == indexed && entries == g.N*pixels*w.taps {
		q.images = g.N
	}
	q.rows = q.images * pixels
	q.fused = p.add != nil && p.pitch == s.OC && fusible(p.add, p.e.OutZero)
	for i := range w.panels {
		q.fused = q.fused && w.set().Gemm.Rows[w.panels[i].row].Residual && !q.passes(&w.panels[i])
	}
	if q.fused {
		p.after = nil
	}
	q.pad = alignedBytes(w.kPad + Slack)
	fillBytes(q.pad, byte(p.e.InZero))
	mr := w.set().Gemm.Rows[q.widest].MR
	chunkRows := q.cut()
	if q.inBands() {
		if err := q.layBand(chunkRows); err != nil {
			return nil, err
		}
	} else {
		q.tiles_ = newRowTiles(q.rows, mr)
		q.chunks = ceilDiv(q.rows, chunkRows)
		q.chunks = min(q.chunks, q.tiles_.count())
		q.refine()
	}
	if q.scattered() {
		if classes := q.tapClasses(mr); classes != nil {
			q.layRuns(classes, mr)
		}
	}
	if q.source == indexed && q.runs == nil {
		q.table = w.offsets(q.tiles_, q.sourcePlane(), g, g.OH, g.OW)
	}
	q.layScratch(chunkRows)
	if q.layout.size > maxScratch {
		return nil, fmt.Errorf("i8: conv: %w: %d bytes of scratch", ErrShape, q.layout.size)
	}
	return q, nil
}

// sourcePlane is the images of the source, whose padding is outside.
func (q *gemmPlan) sourcePlane() plane {
	g := &q.g
	c := q.w.shape.Groups * q.w.shape.IC
	return plane{g.H, g.W, g.Pads[0], g.Pads[1], g.W * c, c, g.H * g.W * c}
}

// fusible reports whether the kernels may add the residual to results with the given zero point: the sum must refer to the same
// one, and fit.
func fusible(d *kernel.BinaryParams, zero int32) bool {
	return d.AZero == zero && 255*(math.Abs(float64(d.AScale))+math.Abs(float64(d.BScale))) < 1<<30*(1-1e-6)
}

// cut chooses the rows of a chunk and fills groups.
//
// A unit should be worth Work products, or less where the layer is small, so that workers share it evenly. Rows are cut
// first, as long as a chunk keeps enough of them to make the passage of the weights worth while; then panels.
func (q *gemmPlan) cut() (chunkRows int) {
	w := q.w
	family := &w.set().Gemm
	columns := int64(len(q.bias))
	perRow := int64(w.taps*w.kPad) * columns / int64(w.shape.Groups)
	total := max(perRow*int64(q.rows), bytesPerWork*int64(len(w.data))) * int64(q.g.N/q.images)
	fraction := int64(16) // of Work that a unit is at least
	if q.inBands() {
		fraction = 64 // refine does not cut bands
	}
	unit := min(family.Work, max(total/32, family.Work/fraction))
	row := &family.Rows[q.widest]
	least := int64(8 * row.MR)
	if w.shape.Bits == 4 {
		least *= 4
	}
	least = max(int64(row.MR), min(least, family.Work/int64(w.panelBytes(row))))
	chunk := min(int64(q.rows), max(unit/perRow, least))
	cost := max(perRow*chunk, bytesPerWork*int64(len(w.data)))
	runs := int(min(int64(len(w.panels)), max(1, (cost+unit-1)/unit)))
	q.groups = panelRuns(len(w.panels), runs)
	return int(chunk)
}

// refine cuts chunks of small layers further, so that threads end together: to about manyUnits units, of a fraction of Work at
// least. A thread that is given several neighbouring ones computes them at once, up to Work products and mergedBytes of rows.
func (q *gemmPlan) refine() {
	const manyUnits, fraction = 48, 64
	units, work := q.tiles(), q.w.set().Gemm.Work
	perRow := int64(q.w.taps*q.w.kPad) * int64(len(q.bias)/q.w.shape.Groups)
	products := perRow * int64(q.rows) * int64(q.g.N/q.images)
	parts := max(1, min(int64(ceilDiv(manyUnits, units)), products/int64(units)/(work/fraction), int64(q.tiles_.count()/q.chunks)))
	q.chunks *= int(parts)
	rows := int64(ceilDiv(q.rows, q.chunks))
	q.merged = int(max(parts, min(work/perRow, mergedBytes/int64(q.w.kPad))/rows))
}

// inBands reports whether a unit is some output rows of one image, computed from a copy of what they need.
func (q *gemmPlan) inBands() bool { return q.source == banded || q.source == windowed }

// layBand chooses the band and makes its tables.
func (q *gemmPlan) layBand(chunkRows int) error {
	w, g := q.w, &q.g
	s := &w.shape
	c := s.Groups * s.IC
	b, ok := newBand(g, s.KH, s.KW, min(g.OH, max(1, chunkRows/g.OW)), c, maxScratch)
	if !ok {
		return fmt.Errorf("i8: conv: %w: a window spans %d rows of %d pixels of %d bytes", ErrShape, b.reach, b.width, b.pixel)
	}
	step := *g
	if w.form != formGemm && g.Dilations[1] > 1 {
		b.gather, b.pixel, b.width, step.Strides[1] = s.KW, s.KW*s.IC, g.OW, 1
		b.pitch = b.width * b.pixel
	}
	b.shrink(g, bandBytes)
	if q.source == windowed {
		b.rows = max(1, min(b.rows, windowsBytes/(g.OW*w.kPad)))
	}
	q.chunks = ceilDiv(g.OH, b.rows)
	q.band = b
	if q.source == windowed {
		q.layWindows(step.Strides[1])
		return nil
	}
	table := func(rows int) bandTable {
		t := newRowTiles(rows*g.OW, w.set().Gemm.Rows[q.widest].MR)
		return bandTable{t, w.offsets(t, plane{h: b.height(g, rows), w: b.width, rowBytes: b.pitch, pixBytes: b.pixel}, &step, rows, g.OW)}
	}
	q.full = table(b.rows)
	if rest := g.OH % b.rows; rest > 0 {
		q.rest = table(rest)
	}
	return nil
}

// layWindows describes the windows of an output row.
func (q *gemmPlan) layWindows(stride int) {
	s, g := &q.w.shape, &q.g
	q.lineOfWindows = kernel.WindowsArgs{
		DstStep: int64(q.w.kPad), SrcStep: int64(stride * q.band.pixel), SrcRow: int64(g.Dilations[0] * q.band.pitch),
		N: int64(g.OW), Rows: int64(s.KH), Width: int64(s.KW * s.IC),
	}
	q.lineOfWindows.Pair = kernel.PairOfWindows(&q.lineOfWindows)
}

// layScratch places what the runs need in scratch.
func (q *gemmPlan) layScratch(chunkRows int) {
	l, w := &q.layout, q.w
	place := func(n int) int {
		at := l.size
		l.size += roundUp(n, 64)
		return at
	}
	rows := w.set().Gemm.Rows
	nr := rows[q.widest].NR
	l.pad = place(len(q.pad))
	l.bias = place(4 * nr)
	if w.shape.Zero != 0 {
		l.rowBias = place(4 * q.unitRows())
	}
	if w.shape.Bits == 4 {
		l.panel = place(roundUp(w.panelBytes(&rows[q.widest]), 128))
	}
	l.partial = place(q.partialRows() * nr * q.elem())
	if q.inBands() {
		l.band = place(q.band.bytes(&q.g))
	}
	if q.source == windowed {
		l.windows = place(q.unitRows()*w.kPad + kernel.WindowsSlack)
	}
	l.size += 63
}

// unitRows returns the largest number of rows of a unit.
func (q *gemmPlan) unitRows() int {
	if q.inBands() {
		return q.band.rows * q.g.OW
	}
	t := q.tiles_
	return ceilDiv(t.count()*q.merged, q.chunks) * t.height(0)
}

// partialRows returns the rows of scratch for results of panels that a kernel cannot write in place, 0 if there are none.
func (q *gemmPlan) partialRows() int {
	for i := range q.w.panels {
		if q.passes(&q.w.panels[i]) {
			return partialRows
		}
	}
	return 0
}

// passes reports whether the results of panel p must pass through scratch.
func (q *gemmPlan) passes(p *panel) bool {
	row := &q.w.set().Gemm.Rows[p.row]
	return p.cols < row.NR && !(row.Partial && q.e.Output == OutU8)
}

func (q *gemmPlan) kernel() string { return q.w.set().Gemm.Rows[q.widest].Name }

func (q *gemmPlan) scratch() int { return q.layout.size }

func (q *gemmPlan) tiles() int { return len(q.groups) * (q.g.N / q.images) * q.chunks }

func (q *gemmPlan) bind(a ConvArgs) Step {
	return &gemmStep{q: q, a: a, slots: newSlots[gemmArgs]()}
}
