package f32

import (
	"fmt"
	"math"

	"github.com/octet-ml/octet/fp32/internal/kernel"
)

// Pool describes a pool over windows of Kernel (height, width) of C channels.
type Pool struct {
	Geometry
	C               int
	Kernel          [2]int
	CountIncludePad bool // average: padded taps count as zeros; taps past the pads (ceil mode) never count
}

// PoolPlan is a pool of given sizes: immutable, safe for concurrent use.
type PoolPlan struct {
	p       Pool
	kernel  kernel.Pool
	average bool
	lo, hi  float32
	rows    int // output rows of a tile
}

// MaxPool plans y = clamp(max of the window's taps inside the input). A window with none gives -Inf before the clamp.
// Sizes that do not fit give ErrGeometry.
func (k *Kernels) MaxPool(p Pool, lo, hi float32) (*PoolPlan, error) {
	plan, err := newPool(p, lo, hi)
	if err != nil {
		return nil, fmt.Errorf("max pool: %w", err)
	}
	plan.kernel = k.set.MaxPool
	return plan, nil
}

// AveragePool plans y = clamp(sum of the window's taps inside the input / number of taps). A window with no tap to
// count gives 0 before the clamp. Sizes that do not fit give ErrGeometry.
//
// The number is that of the taps inside the input, or with CountIncludePad inside the padded input, as in ONNX
// AveragePool (opset 19, count_include_pad with ceil_mode).
func (k *Kernels) AveragePool(p Pool, lo, hi float32) (*PoolPlan, error) {
	plan, err := newPool(p, lo, hi)
	if err != nil {
		return nil, fmt.Errorf("average pool: %w", err)
	}
	plan.kernel, plan.average = k.set.AveragePool, true
	return plan, nil
}

func newPool(p Pool, lo, hi float32) (*PoolPlan, error) {
	if err := p.check(p.Kernel, p.C, p.C); err != nil {
		return nil, err
	}
	if !(lo <= hi) {
		return nil, fmt.Errorf("clamp: %w: %v..%v", ErrEpilogue, lo, hi)
	}
	// A tile is whole output rows, about poolWork additions.
	row := int64(p.OW) * int64(p.C) * min(int64(p.Kernel[0]), int64(p.H)) * min(int64(p.Kernel[1]), int64(p.W))
	return &PoolPlan{p: p, lo: lo, hi: hi, rows: int(min(max(1, poolWork/row), int64(p.OH)))}, nil
}

// poolWork is the additions of a tile at which it stops growing.
const poolWork = 1 << 16

// Kernel returns the name of the kernel.
func (p *PoolPlan) Kernel() string { return p.kernel.Name }

// Scratch returns 0: pools need none.
func (p *PoolPlan) Scratch() int { return 0 }

// Bind ties the plan to buffers: src [N,H,W,C], dst [N,OH,OW,C]. Wrong lengths, misalignment and overlap give ErrBuffer.
func (p *PoolPlan) Bind(src, dst []byte) (Step, error) {
	in, err := view("src", src, p.p.N*p.p.H*p.p.W*p.p.C)
	if err != nil {
		return nil, fmt.Errorf("pool: %w", err)
	}
	out, err := view("dst", dst, p.p.N*p.p.OH*p.p.OW*p.p.C)
	if err != nil {
		return nil, fmt.Errorf("pool: %w", err)
	}
	if overlaps(in, out) {
		return nil, fmt.Errorf("pool: %w: src overlaps dst", ErrBuffer)
	}
	s := &poolStep{plan: p, src: in, dst: out}
	s.args = make([]kernel.PoolArgs, p.p.N*ceilDiv(p.p.OH, p.rows))
	g := &p.p
	for i := range s.args {
		s.args[i] = kernel.PoolArgs{
			RowStride: int64(g.Dilations[0]) * int64(g.W*g.C), ColStride: int64(g.Dilations[1]) * int64(g.C),
			Channels: int64(g.C), Lo: p.lo, Hi: p.hi,
		}
	}
	return s, nil
}

// poolStep is a pool bound to buffers. A tile is some output rows of one image.
type poolStep struct {
	plan     *PoolPlan
	src, dst []float32
	args     []kernel.PoolArgs // one for each tile, see gemmStep
}

func (s *poolStep) Tiles() int { return len(s.args) }

func (s *poolStep) Run(_ []byte, from, to int) {
	p := &s.plan.p
	perImage := ceilDiv(p.OH, s.plan.rows)
	for t := from; t < to; t++ {
		image, part := t/perImage, t%perImage
		first, last := split(p.OH, perImage, part)
		for y := first; y < last; y++ {
			s.row(&s.args[t], image, y)
		}
	}
}

// row computes one row of output pixels.
func (s *poolStep) row(a *kernel.PoolArgs, image, y int) {
	p := &s.plan.p
	rows := p.window(0, y)
	src := s.src[image*p.H*p.W*p.C:]
	at := (image*p.OH + y) * p.OW * p.C
	for x := range p.OW {
		cols := p.window(1, x)
		a.Dst = s.dst[at : at+p.C]
		at += p.C
		if rows.inside == 0 || cols.inside == 0 {
			s.empty(a.Dst)
			continue
		}
		a.Src = src[(rows.first*p.W+cols.first)*p.C:]
		a.Rows, a.Cols = int64(rows.inside), int64(cols.inside)
		a.Count = float32(rows.inside * cols.inside)
		if p.CountIncludePad {
			a.Count = float32(rows.padded * cols.padded)
		}
		s.plan.kernel.Run(a)
	}
}

// empty fills the pixel of a window without taps.
func (s *poolStep) empty(dst []float32) {
	v := float32(math.Inf(-1))
	if s.plan.average {
		v = 0
	}
	for c := range dst {
		dst[c] = kernel.Clamp(v, s.plan.lo, s.plan.hi)
	}
}

// taps is one axis of a window: the first tap inside the input, the number inside it and inside the padded input.
type taps struct{ first, inside, padded int }

// window returns the taps of output position o on an axis (0 height, 1 width).
func (p *Pool) window(axis, o int) taps {
	size := [2]int{p.H, p.W}[axis]
	step, n := p.Dilations[axis], p.Kernel[axis]
	start := o*p.Strides[axis] - p.Pads[axis]
	skip := 0
	if start < 0 {
		skip = ceilDiv(-start, step)
	}
	below := func(end int) int {
		if start >= end {
			return 0
		}
		return min(n, ceilDiv(end-start, step))
	}
	return taps{first: start + skip*step, inside: max(0, below(size)-skip), padded: below(size + p.Pads[axis+2])}
}
