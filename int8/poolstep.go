package i8

import (
	"fmt"
	"unsafe"

	"github.com/octet-ml/octet/int8/internal/kernel"
)

// Bind returns the step over src, [N][H][W][C], and dst, [N][OH][OW][C] without padding after the last pixel, which do not overlap; else it returns ErrBuffer.
func (p *PoolPlan) Bind(src, dst []byte) (Step, error) {
	g := &p.pool
	if in, out := g.N*g.H*g.W*g.C, (g.N*g.OH*g.OW-1)*g.pitch()+g.C; len(src) != in || len(dst) != out {
		return nil, fmt.Errorf("i8: %s: %w: src has %d bytes, dst %d: want %d and %d", p.op, ErrBuffer, len(src), len(dst), in, out)
	}
	if err := apart(p.op, src, dst); err != nil {
		return nil, err
	}
	return &poolStep{
		PoolPlan: p, src: src, dst: dst, args: newSlots[kernel.PoolArgs](),
		chunks: ceilDiv(g.C, p.chunk), groups: ceilDiv(g.OH, p.rows),
	}, nil
}

// poolStep runs a pooling: tile ((n*groups)+group)*chunks + chunk is a group of output rows of one picture over a chunk of
// the channels.
type poolStep struct {
	*PoolPlan
	src, dst       []byte
	args           slots[kernel.PoolArgs]
	chunks, groups int
}

// Tiles returns the number of tiles.
func (s *poolStep) Tiles() int { return s.pool.N * s.groups * s.chunks }

// Run computes the tiles from <= t < to.
func (s *poolStep) Run(_ []byte, from, to int) {
	slot := s.args.get()
	defer slot.put()
	for t := from; t < to; t++ {
		c, group := t%s.chunks*s.chunk, t/s.chunks
		n, y := group/s.groups, group%s.groups*s.rows
		for end := min(y+s.rows, s.pool.OH); y < end; y++ {
			s.line(&slot.args, n, y, c)
		}
	}
}

// window is the part of a window that lies inside the input, along one dimension.
type window struct {
	at      int // coordinate of the first tap inside
	taps    int // taps inside
	counted int // taps inside the input or its pads
}

// clip returns the window of k taps, d apart, whose first tap is at base, against an extent of size and the pad after it.
func clip(base, k, d, size, pad int) window {
	first := 0
	if base < 0 {
		first = (-base + d - 1) / d
	}
	within := func(size int) int { // taps before size
		if base >= size {
			return 0
		}
		return min(k, (size-1-base)/d+1)
	}
	return window{base + first*d, max(0, within(size)-first), within(size + pad)}
}

// line computes output row y of picture n over the chunk of channels that begins at c.
func (s *poolStep) line(a *kernel.PoolArgs, n, y, c int) {
	g := &s.pool
	*a = s.constant
	a.W = uintptr(min(s.chunk, g.C-c))
	v := clip(y*g.Strides[0]-g.Pads[0], g.Kernel[0], g.Dilations[0], g.H, g.Pads[2])
	for x := 0; x < g.OW; {
		units := 1
		if x >= s.left && x < s.right {
			units = min(s.right-x, s.run)
		}
		h := clip(x*g.Strides[1]-g.Pads[1], g.Kernel[1], g.Dilations[1], g.W, g.Pads[3])
		at := ((n*g.OH+y)*g.OW+x)*g.pitch() + c
		if v.taps == 0 || h.taps == 0 {
			fill(s.dst[at:at+int(a.W)], s.empty)
			x++
			continue
		}
		a.Units, a.KH, a.KW = uintptr(units), uintptr(v.taps), uintptr(h.taps)
		a.Src = unsafe.Pointer(&s.src[((n*g.H+v.at)*g.W+h.at)*g.C+c])
		a.Dst = unsafe.Pointer(&s.dst[at])
		if s.average {
			s.divisor(a, v, h)
		}
		s.row.Run(a)
		x += units
	}
}

// divisor sets the constants of an average that depend on the window. Padded taps that count equal inZero, so they change
// the divisor only.
func (s *poolStep) divisor(a *kernel.PoolArgs, v, h window) {
	n := v.taps * h.taps
	a.Bias = int32(n) * s.inZero
	if s.pool.CountIncludePad {
		n = v.counted * h.counted
	}
	a.Mult = s.scale / float32(n)
}

func fill(dst []byte, v byte) {
	for i := range dst {
		dst[i] = v
	}
}
