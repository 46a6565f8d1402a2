package i8

import (
	"slices"

	"github.com/octet-ml/octet/int8/internal/kernel"
)

// tileRun is tiles of one height whose rows take the same taps. Rows are any output pixels.
type tileRun struct {
	tiles, h int
	taps     []int32 // numbers of the taps
	offs     int     // first entry of gemmPlan.table: [tile][tap][row]
	outs     int     // first entry of gemmPlan.outs: [tile][row]
}

// tapRange is the taps of a part of the window, from <= k < to on each side.
type tapRange struct{ y, x [2]int }

// taps returns the number of taps.
func (t tapRange) taps() int { return (t.y[1] - t.y[0]) * (t.x[1] - t.x[0]) }

// around returns the least range that has the taps of both.
func (t tapRange) around(u tapRange) tapRange {
	return tapRange{
		y: [2]int{min(t.y[0], u.y[0]), max(t.y[1], u.y[1])},
		x: [2]int{min(t.x[0], u.x[0]), max(t.x[1], u.x[1])},
	}
}

// cost returns what pixels that take the taps cost, in tiles of up to mr rows, in units of one row and tap.
func (t tapRange) cost(pixels, mr int) float64 {
	tiles := newRowTiles(pixels, mr)
	rows := 0
	for i := range tiles.count() {
		rows += max(tiles.height(i), leastHeight)
	}
	return float64(t.taps()) * (float64(rows) + tileOverhead*float64(tiles.count()))
}

// tapClass is output pixels and the part of the window that they take: the taps outside of it are padding for all of them.
type tapClass struct {
	tapRange
	rows []int32 // pixels, in order
}

const (
	maxTapClasses = 64
	leastHeight   = 5    // tiles of fewer rows take no less time
	tileOverhead  = 0.75 // of a tile, in rows
)

// insideTaps returns the taps of a side of the window that lie in the input for output coordinate o; at least one.
func insideTaps(o, in, k, stride, pad, dilation int) [2]int {
	first := o*stride - pad
	from := min(ceilDiv(max(0, -first), dilation), k-1)
	to := min(ceilDiv(max(0, in-first), dilation), k)
	return [2]int{from, max(to, from+1)}
}

// tapClasses sorts the output pixels of images by the taps that they need, and joins classes as long as that saves time. It
// returns nil where that leaves one class that takes all taps.
func (q *gemmPlan) tapClasses(mr int) []*tapClass {
	g, s := &q.g, &q.w.shape
	found := make(map[tapRange]*tapClass)
	var classes []*tapClass
	for row := range q.rows {
		y, x := row/g.OW%g.OH, row%g.OW
		k := tapRange{
			insideTaps(y, g.H, s.KH, g.Strides[0], g.Pads[0], g.Dilations[0]),
			insideTaps(x, g.W, s.KW, g.Strides[1], g.Pads[1], g.Dilations[1]),
		}
		c := found[k]
		if c == nil {
			c = &tapClass{tapRange: k}
			found[k] = c
			if classes = append(classes, c); len(classes) > maxTapClasses {
				return nil
			}
		}
		c.rows = append(c.rows, int32(row))
	}
	for joined := true; joined; {
		classes, joined = joinBest(classes, mr)
	}
	if len(classes) == 1 && classes[0].taps() == q.w.taps {
		return nil
	}
	return classes
}

// joinBest joins the two classes that save most, and reports false where none do.
func joinBest(classes []*tapClass, mr int) ([]*tapClass, bool) {
	least, from, into := 0.0, 0, 0
	for i, c := range classes {
		for j, d := range classes[:i] {
			both := c.around(d.tapRange).cost(len(c.rows)+len(d.rows), mr)
			if more := both - c.cost(len(c.rows), mr) - d.cost(len(d.rows), mr); more < least {
				least, from, into = more, i, j
			}
		}
	}
	if least == 0 {
		return classes, false
	}
	c, d := classes[into], classes[from]
	c.tapRange, c.rows = c.around(d.tapRange), append(c.rows, d.rows...)
	slices.Sort(c.rows)
	return slices.Delete(classes, from, from+1), true
}

// scattered reports whether the plan may compute pixels in any order and leave out taps: padding must add nothing, and the
// kernels must find out where to write.
func (q *gemmPlan) scattered() bool {
	e := &q.e
	if q.source != indexed || e.Output != OutU8 || e.InZero != 0 || e.RunZero || q.w.shape.Zero != 0 || q.after != nil {
		return false
	}
	for i := range q.w.panels {
		row := &q.w.set().Gemm.Rows[q.w.panels[i].row]
		if !row.Scatter || q.passes(&q.w.panels[i]) {
			return false
		}
	}
	return true
}

// layRuns cuts the classes into runs and these into chunks of about equal work, and fills table, outs, runs and starts.
func (q *gemmPlan) layRuns(classes []*tapClass, mr int) {
	g, s := &q.g, &q.w.shape
	total := 0
	for _, c := range classes {
		total += len(c.rows) * c.taps()
	}
	source := q.sourcePlane()
	work := 0
	q.starts = []int{0}
	for _, c := range classes {
		var taps []int32
		for ky := c.y[0]; ky < c.y[1]; ky++ {
			for kx := c.x[0]; kx < c.x[1]; kx++ {
				taps = append(taps, int32(ky*s.KW+kx))
			}
		}
		t := newRowTiles(len(c.rows), mr)
		for i := range t.count() {
			h := t.height(i)
			rows := c.rows[t.row(i):][:h]
			if last := len(q.runs) - 1; last < q.starts[len(q.starts)-1] || q.runs[last].h != h || &q.runs[last].taps[0] != &taps[0] {
				q.runs = append(q.runs, tileRun{h: h, taps: taps, offs: len(q.table), outs: len(q.outs)})
			}
			q.runs[len(q.runs)-1].tiles++
			for _, tap := range taps {
				for _, r := range rows {
					q.table = append(q.table, source.offset(g, g.OH, g.OW, int(r), int(tap)/s.KW*g.Dilations[0], int(tap)%s.KW*g.Dilations[1]))
				}
			}
			for _, r := range rows {
				q.outs = append(q.outs, r*int32(q.pitch))
			}
			work += h * len(taps)
			if work*q.chunks >= total*len(q.starts) {
				q.starts = append(q.starts, len(q.runs))
			}
		}
	}
	if q.starts[len(q.starts)-1] < len(q.runs) {
		q.starts = append(q.starts, len(q.runs))
	}
	q.starts = slices.Compact(q.starts)
	q.chunks = len(q.starts) - 1
}

// count returns the rows of runs, and the taps of all tiles together.
func count(runs []tileRun) (rows, taps int) {
	for _, t := range runs {
		rows += t.tiles * t.h
		taps += t.tiles * len(t.taps)
	}
	return rows, taps
}

// scatteredRun runs the kernel over the tiles of t.
func (r *gemmRun) scatteredRun(p *panel, row *kernel.Gemm, run func(*kernel.GemmArgs), t *tileRun, out int) {
	g, n := &r.args.gemm, len(t.taps)
	g.Taps, g.TapList = int64(n), &t.taps[0]
	g.OutTile, g.OutStep = 0, int64(t.h)
	g.C = &r.a.Dst[out]
	if r.fused {
		g.Residual = &r.a.Residual[out]
	}
	step := r.tilesOfCall(row, t.h)
	for i := 0; i < t.tiles; i += step {
		g.Tiles = int64(min(step, t.tiles-i))
		g.Offs = &r.table[t.offs+i*t.h*n]
		g.Outs = &r.outs[t.outs+i*t.h]
		run(g)
		r.fetched()
	}
}

// finishRuns applies the table to channels from <= c < from+n of the unit's pixels.
func (r *gemmRun) finishRuns(from, n int) {
	if r.lut == nil {
		return
	}
	base := r.first*r.pitch + from
	for i := range r.runs {
		t := &r.runs[i]
		for _, out := range r.outs[t.outs:][:t.tiles*t.h] {
			r.look(&r.args.finish, r.a.Dst[base+int(out):], n)
		}
	}
}
