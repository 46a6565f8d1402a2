package i8

import (
	"fmt"
	"math"

	"github.com/octet-ml/octet/int8/internal/kernel"
)

// Pool is the geometry of a pooling of an NHWC tensor with C channels.
//
// CountIncludePad makes an average count the taps that fall on the pads, as the input's zero point; taps beyond the pads
// (ceil mode) are never counted. MaxPool ignores it.
type Pool struct {
	Geometry
	C               int    // channels
	Pitch           int    // bytes between pixels of dst, at least C, where it is a slice of wider pixels (0: C)
	Kernel          [2]int // window height, width, in taps
	CountIncludePad bool
}

// pitch returns the bytes between pixels of dst.
func (p *Pool) pitch() int { return max(p.C, p.Pitch) }

// maxWindow bounds the taps of a window: 2²³ taps of a byte fit an int32 sum.
const maxWindow = 1 << 23

func (p *Pool) validate(op string) error {
	if err := p.Geometry.validate(op); err != nil {
		return err
	}
	if _, ok := product(maxWindow, p.Kernel[0], p.Kernel[1]); !ok {
		return fmt.Errorf("i8: %s: %w: window %dx%d: want 1 to %d taps", op, ErrShape, p.Kernel[0], p.Kernel[1], maxWindow)
	}
	for i := range 2 {
		if int64(p.Kernel[i])*int64(p.Dilations[i]) > 1<<30 {
			return fmt.Errorf("i8: %s: %w: window %v with dilations %v", op, ErrShape, p.Kernel, p.Dilations)
		}
	}
	if p.Pitch != 0 && p.Pitch < p.C {
		return fmt.Errorf("i8: %s: %w: %d bytes between pixels of %d channels", op, ErrParameter, p.Pitch, p.C)
	}
	_, in := product(maxBytes, p.N, p.H, p.W, p.C)
	_, out := product(maxBytes, p.N, p.OH, p.OW, max(p.C, p.Pitch))
	if !in || !out {
		return fmt.Errorf("i8: %s: %w: input %dx%dx%dx%d, output %dx%dx%dx%d", op, ErrShape,
			p.N, p.H, p.W, p.C, p.N, p.OH, p.OW, p.C)
	}
	return nil
}

// PoolPlan is a pooling. Immutable, safe for concurrent use.
type PoolPlan struct {
	op       string
	row      kernel.Row[kernel.PoolArgs]
	pool     Pool
	constant kernel.PoolArgs // what all calls share
	empty    uint8           // result of a window without taps inside the input
	average  bool
	scale    float32
	inZero   int32
	left     int // windows of output columns left <= x < right lie inside the input
	right    int
	chunk    int // channels of a tile
	rows     int // output rows of a tile
	run      int // most output pixels of one kernel call
}

// MaxPool returns the plan of dst = clamp(max of the window, lo, hi). Padded taps are ignored; a window without any other
// tap gives lo. It returns ErrShape or ErrParameter for what it cannot do.
func (k *Kernels) MaxPool(p Pool, lo, hi uint8) (*PoolPlan, error) {
	if err := p.validate("max pool"); err != nil {
		return nil, err
	}
	if lo > hi {
		return nil, fmt.Errorf("i8: max pool: %w: clamp %d..%d", ErrParameter, lo, hi)
	}
	e := &k.set.Eltwise
	plan := &PoolPlan{op: "max pool", row: e.MaxPool, pool: p, empty: lo}
	if p.Kernel[0]*p.Kernel[1] > maxAtOnce {
		plan.row = e.MaxPoolAny
	}
	plan.constant = kernel.PoolArgs{LoB: uint32(lo) * 0x01010101, HiB: uint32(hi) * 0x01010101}
	plan.layout()
	return plan, nil
}

// AveragePool returns the plan of
//
//	dst = clamp(roundHalfEven(float32(sum - n*inZero) * float32(scale/float32(n))) + outZero, lo, hi)
//
// where n is the number of taps counted and scale is sx/sy, finite and positive; the zero points are 0..255. A window
// without taps inside the input gives outZero, clamped. It returns ErrShape or ErrParameter for what it cannot do.
func (k *Kernels) AveragePool(p Pool, scale float32, inZero, outZero int32, lo, hi uint8) (*PoolPlan, error) {
	if err := p.validate("average pool"); err != nil {
		return nil, err
	}
	if !(scale > 0) || math.IsInf(float64(scale), 0) {
		return nil, fmt.Errorf("i8: average pool: %w: scale %v: want finite and positive", ErrParameter, scale)
	}
	if inZero < 0 || inZero > 255 || outZero < 0 || outZero > 255 || lo > hi {
		return nil, fmt.Errorf("i8: average pool: %w: zero points %d, %d, clamp %d..%d", ErrParameter, inZero, outZero, lo, hi)
	}
	e := &k.set.Eltwise
	plan := &PoolPlan{op: "average pool", row: e.AveragePool, pool: p, average: true, scale: scale, inZero: inZero}
	if p.C <= 32 {
		plan.row = e.AverageNarrow
	}
	if p.Kernel[1] > maxFlush || p.Kernel[0]*p.Kernel[1] > maxAtOnce {
		plan.row = e.AveragePoolAny
	}
	plan.empty = uint8(min(max(outZero, int32(lo)), int32(hi)))
	plan.constant = kernel.PoolArgs{
		Flush: uintptr(max(1, maxFlush/p.Kernel[1])),
		Lo:    float32(int32(lo) - outZero), Hi: float32(int32(hi) - outZero), OutZero: outZero,
	}
	plan.layout()
	return plan, nil
}

// maxFlush is the number of bytes that a 16-bit sum surely holds (255*256 < 2¹⁶).
const maxFlush = 256

// maxAtOnce is the number of taps above which a window goes to a row that the scheduler can preempt.
const maxAtOnce = 1 << 16

// poolWork is about the number of bytes that one tile reads.
const poolWork = 64 << 10

// layout fixes the interior columns and cuts the work into tiles.
func (p *PoolPlan) layout() {
	g := &p.pool
	p.constant.SrcUnit, p.constant.DstUnit = uintptr(g.Strides[1]*g.C), uintptr(g.pitch())
	p.constant.RowStride = uintptr(g.Dilations[0] * g.W * g.C)
	p.constant.ColStride = uintptr(g.Dilations[1] * g.C)
	p.left = min(g.OW, ceilDiv(g.Pads[1], g.Strides[1]))
	last := g.W - 1 - (g.Kernel[1]-1)*g.Dilations[1] + g.Pads[1]
	p.right = p.left
	if last >= 0 {
		p.right = max(p.left, min(g.OW, last/g.Strides[1]+1))
	}
	taps := g.Kernel[0] * g.Kernel[1]
	p.chunk = g.C
	if limit := poolWork / taps / 64 * 64; g.C > limit {
		p.chunk = max(64, min(g.C, limit))
	}
	p.rows = max(1, poolWork/taps/p.chunk/g.OW)
	p.run = max(4, poolWork/taps/p.chunk)
}

// Kernel returns the name of the kernel that runs the plan.
func (p *PoolPlan) Kernel() string { return p.row.Name }

// Scratch returns the bytes of scratch that a Run needs: none.
func (p *PoolPlan) Scratch() int { return 0 }
