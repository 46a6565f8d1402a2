package i8

import (
	"unsafe"

	"github.com/octet-ml/octet/int8/internal/kernel"
)

// fewRows is how many tiles of a 4-bit panel are computed from the codes; for more the panel is expanded once.
const fewRows = 2

// maxHeight bounds the height of tiles.
const maxHeight = 32

// gemmArgs are the argument structs of one concurrent Run.
type gemmArgs struct {
	gemm    kernel.GemmArgs
	outs    [maxHeight]int32 // of rows that are LDC apart
	expand  kernel.Expand4Args
	sum     kernel.RowSumArgs
	windows kernel.WindowsArgs
	finish  finishArgs
}

// gemmStep is a gemmPlan bound to buffers.
type gemmStep struct {
	q     *gemmPlan
	a     ConvArgs
	slots slots[gemmArgs]
}

// Tiles returns the number of units.
func (s *gemmStep) Tiles() int { return s.q.tiles() }

// Run computes units from <= u < to.
func (s *gemmStep) Run(scratch []byte, from, to int) {
	slot := s.slots.get()
	r := gemmRun{gemmPlan: s.q, a: &s.a, args: &slot.args, scratch: align64(scratch)}
	r.prepare()
	for from < to {
		chunk := from % r.chunks
		n := min(to-from, r.chunks-chunk, r.merged)
		r.unit(from/r.chunks, chunk, chunk+n)
		from += n
	}
	slot.put()
}

// gemmRun is the state of one Run call.
type gemmRun struct {
	*gemmPlan
	a       *ConvArgs
	args    *gemmArgs
	scratch []byte

	pad      []byte
	zero     byte    // zero point of the source
	src      []byte  // what offsets are relative to
	stride   int     // bytes between rows, direct or windowed
	offsets  []int32 // of the unit's tiles; nil: direct or windowed
	cuts     rowTiles
	from, to int       // tiles of cuts
	first    int       // output pixel of the unit's first row, over all images
	n        int       // rows of the unit
	taps     int       // of all its tiles
	runs     []tileRun // of the unit, where taps are left out
	summed   int       // group whose row sums stand in scratch, -1: none
}

// prepare fills the arguments that no unit changes.
func (r *gemmRun) prepare() {
	g, e := &r.args.gemm, &r.e
	*g = kernel.GemmArgs{LDC: int64(r.pitch * r.elem()), K: int64(r.w.kPad), Taps: int64(r.w.taps), Output: kernel.Output(e.Output), Lo: e.Lo, Zero: e.OutZero, HiF: float32(int32(e.Hi) - e.OutZero)}
	if e.Output == OutF32 {
		g.HiF, g.LoF = e.HiF, e.LoF
	}
	g.Hi, g.Narrow, g.Plain = e.Hi, flag(r.narrow), flag(r.plain)
	if r.fused {
		d := r.add
		g.LoQ, g.AScale = float32(int32(e.Lo)-e.OutZero), d.AScale
		g.BMagic, g.BScale = float32(1<<23+d.BZero), d.BScale
		g.AddZero, g.AddLo, g.AddHi = d.OutZero, uint8(int32(d.Lo)+d.OutZero), uint8(int32(d.Hi)+d.OutZero)
		g.Plain = flag(g.AddZero == 0 && g.AddLo == 0 && g.AddHi == 255)
	}
	r.outRows(int(g.LDC))
	r.pad, r.zero = r.gemmPlan.pad, byte(e.InZero)
	if r.a.InZero != nil {
		r.zero = r.a.InZero[0]
		r.pad = r.scratch[r.layout.pad:][:len(r.pad)]
		fillBytes(r.pad, r.zero)
	}
	g.Pad = &r.pad[0]
}

func flag(set bool) uint8 {
	if set {
		return 1
	}
	return 0
}

// outRows sets the bytes between rows of results.
func (r *gemmRun) outRows(bytes int) {
	r.args.gemm.LDC = int64(bytes)
	for m := range r.args.outs {
		r.args.outs[m] = int32(m * bytes)
	}
	r.args.gemm.Outs = &r.args.outs[0]
}

// unit computes chunks from <= c < to of a group of images by a run of panels: panel after panel.
func (r *gemmRun) unit(part, from, to int) {
	r.locate(part/len(r.groups), from, to)
	run := r.groups[part%len(r.groups)]
	for i := run.from; i < run.to; i++ {
		r.panel(i, i+1 < len(r.w.panels))
	}
	first, last := &r.w.panels[run.from], &r.w.panels[run.to-1]
	channels := last.channel + last.cols - first.channel
	if r.runs != nil {
		r.finishRuns(first.channel, channels)
		return
	}
	r.finish(&r.args.finish, r.a, r.first, r.n, first.channel, channels)
}

// locate sets the rows of chunks from <= c < to, one where the source is banded, of a group of images.
func (r *gemmRun) locate(group, from, to int) {
	r.summed = -1
	image := r.g.H * r.g.W * r.w.shape.Groups * r.w.shape.IC
	r.runs = nil
	if r.gemmPlan.runs != nil {
		r.runs = r.gemmPlan.runs[r.starts[from]:r.starts[to]]
		r.first, r.src = group*r.rows, r.a.Src[group*r.images*image:]
		r.n, r.taps = count(r.runs)
		return
	}
	if r.inBands() {
		y0 := from * r.band.rows
		rows := min(r.band.rows, r.g.OH-y0)
		r.first, r.n = (group*r.g.OH+y0)*r.g.OW, rows*r.g.OW
		if r.source == windowed {
			r.windows(group, y0, rows)
			return
		}
		t := &r.full
		if rows < r.band.rows {
			t = &r.rest
		}
		r.src = r.scratch[r.layout.band:]
		r.band.fill(r.src, r.a.Src, &r.g, group, y0, rows, r.zero)
		r.cuts, r.offsets, r.from, r.to = t.tiles, t.offsets, 0, t.tiles.count()
		r.taps = r.to * r.w.taps
		return
	}
	t := r.tiles_
	r.from, r.to = t.count()*from/r.chunks, t.count()*to/r.chunks
	row := t.row(r.from)
	r.first, r.n = group*r.rows+row, t.row(r.to)-row
	r.cuts, r.taps = t, (r.to-r.from)*r.w.taps
	if r.source == direct {
		r.src = r.a.Src[r.first*r.w.shape.Groups*r.w.shape.IC:]
		r.offsets, r.stride = nil, r.w.shape.Groups*r.w.shape.IC
		return
	}
	r.src = r.a.Src[group*r.images*image:]
	r.offsets = r.table[row*r.w.taps:]
}

// windows puts the windows of rows output rows from y0 on of an image side by side.
func (r *gemmRun) windows(image, y0, rows int) {
	b, g := &r.band, &r.g
	band, windows := r.scratch[r.layout.band:], r.scratch[r.layout.windows:]
	b.fill(band, r.a.Src, g, image, y0, rows, r.zero)
	a := &r.args.windows
	*a = r.lineOfWindows
	for y := range rows {
		a.Dst, a.Src = &windows[y*g.OW*r.w.kPad], &band[y*g.Strides[0]*b.pitch]
		r.w.set().Windows.Func(a)
	}
	r.src, r.offsets, r.stride = windows, nil, r.w.kPad
	r.taps = ceilDiv(r.n, r.w.set().Gemm.Rows[r.widest].MR)
}

// panel computes the unit's rows of panel i; ahead says that another panel's weights may be fetched meanwhile.
func (r *gemmRun) panel(i int, ahead bool) {
	p, g := &r.w.panels[i], &r.args.gemm
	row := &r.w.set().Gemm.Rows[p.row]
	channels := p.group * r.w.shape.IC
	g.Base = &r.src[channels]
	g.Cols = int64(p.cols)
	if row.Steps {
		g.Steps = &r.w.steps[p.steps]
	}
	g.Mult = &r.mult[p.column]
	g.Bias = &r.bias[p.column]
	if r.a.InZero != nil {
		g.Bias = r.compensate(int32s(r.scratch[r.layout.bias:], row.NR), p.column, r.zero)
	}
	kernels := r.weights(p, row)
	g.Prefetch, g.Stride = uintptr(unsafe.Pointer(g.B)), 0 // never turned back into a pointer
	if ahead {
		next := &r.w.panels[i+1]
		steps := r.taps * r.w.kPad / 8
		g.Prefetch = uintptr(unsafe.Pointer(&r.w.data[next.at]))
		g.Stride = int64(r.w.packedBytes(&r.w.set().Gemm.Rows[next.row])/max(steps, 1) + 1)
	}
	if r.w.shape.Zero != 0 && r.summed != p.group {
		r.sumRows(channels)
		r.summed = p.group
	}
	for j := range r.runs {
		t := &r.runs[j]
		r.scatteredRun(p, row, kernels[t.h], t, r.first*r.pitch+p.channel)
	}
	if r.runs != nil {
		return
	}
	cuts, from, to := r.cuts, r.from, r.to
	if r.offsets == nil {
		cuts = newRowTiles(r.n, row.MR)
		from, to = 0, cuts.count()
		g.RowStride = int64(r.stride)
	}
	r.calls(p, row, kernels, cuts, from, min(to, cuts.high), from)
	r.calls(p, row, kernels, cuts, max(from, cuts.high), to, from)
}

// weights sets the panel's weights and returns the functions that take them: codes of 4 bits are looked up on the way for a
// few rows, else the panel is expanded once.
func (r *gemmRun) weights(p *panel, row *kernel.Gemm) []func(*kernel.GemmArgs) {
	g := &r.args.gemm
	g.B = &r.w.data[p.at]
	if r.w.shape.Bits == 8 {
		return row.Func
	}
	if row.Func4 != nil && !r.w.noZero && r.n <= fewRows*row.MR {
		g.Table = &r.w.shape.Table
		return row.Func4
	}
	dst := r.scratch[r.layout.panel:]
	r.w.expand(&r.args.expand, dst, p)
	g.B = &dst[0]
	return row.Func
}

// calls runs the kernel over tiles lo <= t < hi, which have one height; origin is the unit's first tile.
func (r *gemmRun) calls(p *panel, row *kernel.Gemm, kernels []func(*kernel.GemmArgs), cuts rowTiles, lo, hi, origin int) {
	if lo >= hi {
		return
	}
	g := &r.args.gemm
	h := cuts.height(lo)
	step := r.tilesOfCall(row, h)
	through := r.passes(p)
	if through {
		step = max(1, min(step, partialRows/h))
	}
	for t := lo; t < hi; t += step {
		n := min(step, hi-t)
		at := cuts.row(t) - cuts.row(origin) // row within the unit
		g.Tiles = int64(n)
		if r.offsets != nil {
			g.Offs = &r.offsets[at*r.w.taps]
		} else {
			g.Offs = nil
			g.Base = &r.src[at*int(g.RowStride)+p.group*r.w.shape.IC]
		}
		if r.w.shape.Zero != 0 {
			g.RowBias = &r.rowSums()[at]
		}
		g.OutTile = int64(h) * g.LDC
		out := ((r.first+at)*r.pitch + p.channel) * r.elem()
		if through {
			r.through(p, row, kernels[h], n*h, out)
		} else {
			g.C = &r.a.Dst[out]
			if r.fused {
				g.Residual = &r.a.Residual[out]
			}
			kernels[h](g)
		}
		r.fetched()
	}
}

// tilesOfCall returns how many tiles of h rows a call takes: a kernel cannot be preempted.
func (r *gemmRun) tilesOfCall(row *kernel.Gemm, h int) int {
	g := &r.args.gemm
	return int(max(1, r.w.set().Gemm.Work/(int64(h)*g.Taps*g.K*int64(row.NR))))
}

// fetched moves on by what the last call has fetched of the next panel.
func (r *gemmRun) fetched() {
	g := &r.args.gemm
	g.Prefetch += uintptr(g.Stride * g.Tiles * g.Taps * g.K / 8)
}

// through runs the kernel into scratch and copies the columns of p to byte out of the destination.
func (r *gemmRun) through(p *panel, row *kernel.Gemm, run func(*kernel.GemmArgs), rows, out int) {
	g, elem := &r.args.gemm, r.elem()
	buf := r.scratch[r.layout.partial:]
	ldc := int(g.LDC)
	r.outRows(row.NR * elem)
	g.OutTile = g.OutTile / int64(ldc) * g.LDC
	g.C, g.Cols = &buf[0], int64(row.NR)
	run(g)
	r.outRows(ldc)
	for m := range rows {
		copy(r.a.Dst[out+m*ldc:][:p.cols*elem], buf[m*row.NR*elem:])
	}
}

func (r *gemmRun) rowSums() []int32 {
	return int32s(r.scratch[r.layout.rowBias:], r.n)
}

// int32s is n int32 of scratch, which starts at a multiple of 64.
func int32s(b []byte, n int) []int32 {
	_ = b[4*n-1]
	return unsafe.Slice((*int32)(unsafe.Pointer(&b[0])), n)
}
