package f32

import "github.com/octet-ml/octet/fp32/internal/kernel"

// gemmStep is a convolution bound to buffers, as an indirect matrix product.
//
// A tile is a block of output pixels of one image and group by a chunk of panels. Each tile has an argument struct of
// its own, made once: a struct on the stack would escape through the kernel's function value on every run.
type gemmStep struct {
	p             *ConvPlan
	src, dst, add []float32
	args          []kernel.GemmArgs
}

func newGemmStep(p *ConvPlan, src, dst, residual []float32) *gemmStep {
	s := &gemmStep{p: p, src: src, dst: dst, add: residual}
	s.args = make([]kernel.GemmArgs, p.images*p.w.groups*p.blocks*p.chunks)
	taps, k := p.taps()
	for i := range s.args {
		s.args[i] = kernel.GemmArgs{
			Alt: p.zero, AltLen: int64(len(p.zero)), DstStride: int64(p.w.oc),
			K: int64(k), Taps: int64(taps), AddResidual: p.add, Lo: p.lo, Hi: p.hi,
		}
	}
	return s
}

func (s *gemmStep) Tiles() int { return len(s.args) }

func (s *gemmStep) Run(scratch []byte, from, to int) {
	ints, floats := s.p.scratchSizes()
	offsets, alt := scratchViews(scratch, ints, floats)
	for t := from; t < to; t++ {
		s.tile(t, offsets, alt)
	}
}

// tile runs tile t, which is numbered [image][block][group][chunk].
func (s *gemmStep) tile(t int, offsets []int32, alt []float32) {
	p, w := s.p, s.p.w
	a := &s.args[t]
	chunk, t := t%p.chunks, t/p.chunks
	group, t := t%w.groups, t/w.groups
	block, image := t%p.blocks, t/p.blocks
	first, last := split(p.pixels, p.blocks, block)
	rows := last - first
	channels := w.groups * w.ic
	a.Src = s.src[image*p.g.H*p.g.W*channels+group*w.ic:]
	a.Offsets, a.OffsetStride = offsets, int64(rows)
	switch p.access {
	case accessUniform:
		a.Src = a.Src[first*channels:]
		fillUniform(offsets[:rows], channels)
	case accessRows:
		a.Alt, a.AltLen = alt, int64(len(alt))
		p.fillRows(offsets, a.Src, alt, first, rows)
	default:
		p.fillTable(offsets, first, rows, -int32(len(p.zero)))
	}
	at := (image*p.pixels+first)*w.oc + group*(w.oc/w.groups)
	from, to := split(len(w.panels), p.chunks, chunk)
	for _, panel := range w.panels[from:to] {
		s.panel(a, panel, group, at+panel.start, rows)
	}
}

// panel multiplies rows by one panel.
func (s *gemmStep) panel(a *kernel.GemmArgs, p panel, group, at, rows int) {
	w := s.p.w
	family := &w.k.set.Gemm[p.family]
	a.Weights = w.panelData(group, p)
	a.Bias = s.p.bias[group*w.stride+p.column:][:family.NR]
	a.Columns = int64(p.columns)
	multiply(a, family, s.dst, s.add, at, rows)
}

// multiply runs the kernels over rows whose first result is element at of dst and of the residual, if there is one. Heights differ by
// one at most, so no tile is mostly empty.
func multiply(a *kernel.GemmArgs, family *kernel.Gemm, dst, residual []float32, at, rows int) {
	offsets := a.Offsets
	tiles := ceilDiv(rows, family.MR)
	low, tall := rows/tiles, rows%tiles
	most := int(max(1, callWork/(int64(family.MR*family.NR)*a.Taps*a.K)))
	for tiles > 0 {
		height, n := low, min(tiles, most)
		if tall > 0 {
			height, n = low+1, min(tall, most)
			tall -= n
		}
		a.Rows, a.Tiles = int64(height), int64(n)
		a.Dst = dst[at:]
		if a.AddResidual != 0 {
			a.Residual = residual[at:]
		}
		family.Run[height](a)
		tiles -= n
		a.Offsets = a.Offsets[n*height:]
		at += n * height * int(a.DstStride)
	}
	a.Offsets = offsets
}

// split returns the range of part i when n things are divided evenly into parts.
func split(n, parts, i int) (from, to int) {
	return int(int64(n) * int64(i) / int64(parts)), int(int64(n) * int64(i+1) / int64(parts))
}
