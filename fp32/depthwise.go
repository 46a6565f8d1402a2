package f32

import "github.com/octet-ml/octet/fp32/internal/kernel"

// depthwiseStep is a depthwise convolution bound to buffers. A tile is a block of output pixels of one image.
type depthwiseStep struct {
	p             *ConvPlan
	src, dst, add []float32
	args          []kernel.DepthwiseArgs // one for each tile, see gemmStep
}

func newDepthwiseStep(p *ConvPlan, src, dst, residual []float32) *depthwiseStep {
	s := &depthwiseStep{p: p, src: src, dst: dst, add: residual}
	s.args = make([]kernel.DepthwiseArgs, p.images*p.blocks)
	for i := range s.args {
		s.args[i] = kernel.DepthwiseArgs{
			Alt: p.zero, AltLen: int64(len(p.zero)), Weights: p.w.data, Bias: p.bias,
			WeightStride: int64(p.w.stride), Channels: int64(p.w.oc), Taps: int64(p.w.kh * p.w.kw),
			AddResidual: p.add, Lo: p.lo, Hi: p.hi,
		}
	}
	return s
}

func (s *depthwiseStep) Tiles() int { return len(s.args) }

func (s *depthwiseStep) Run(scratch []byte, from, to int) {
	p := s.p
	ints, floats := p.scratchSizes()
	offsets, _ := scratchViews(scratch, ints, floats)
	for t := from; t < to; t++ {
		a := &s.args[t]
		image, block := t/p.blocks, t%p.blocks
		first, last := split(p.pixels, p.blocks, block)
		p.fillTable(offsets, first, last-first, -int32(len(p.zero)))
		a.Src = s.src[image*p.g.H*p.g.W*p.w.oc:]
		a.Offsets, a.OffsetStride = offsets, int64(last-first)
		a.Pixels = int64(last - first)
		at := (image*p.pixels + first) * p.w.oc
		a.Dst = s.dst[at:]
		if a.AddResidual != 0 {
			a.Residual = s.add[at:]
		}
		p.w.k.set.Depthwise.Run(a)
	}
}
