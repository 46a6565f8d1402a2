package f32

import (
	"fmt"

	"github.com/octet-ml/octet/fp32/internal/kernel"
)

// Interleave3Plan turns planes of pictures with three channels into pixels, NCHW into NHWC. Immutable, safe for concurrent use.
type Interleave3Plan struct {
	k             *Kernels
	count, pixels int
}

const interleaveTile = 4096 // pixels

// Interleave3 returns the plan for count pictures of the given number of pixels. Sizes out of range give ErrGeometry.
func (k *Kernels) Interleave3(count, pixels int) (*Interleave3Plan, error) {
	if _, ok := product(3, count, pixels); !ok {
		return nil, fmt.Errorf("interleave: %w: %d pictures of %d pixels", ErrGeometry, count, pixels)
	}
	return &Interleave3Plan{k, count, pixels}, nil
}

// Kernel returns the name of the kernel that runs the plan.
func (p *Interleave3Plan) Kernel() string { return p.k.set.Interleave3.Name }

// Bind ties the plan to src [count 3 pixels] and dst [count pixels 3], float32. Buffers of the wrong length or alignment, or that
// overlap, give ErrBuffer.
func (p *Interleave3Plan) Bind(src, dst []byte) (Step, error) {
	in, err := view("src", src, 3*p.count*p.pixels)
	if err != nil {
		return nil, fmt.Errorf("interleave: %w", err)
	}
	out, err := view("dst", dst, 3*p.count*p.pixels)
	if err != nil {
		return nil, fmt.Errorf("interleave: %w", err)
	}
	if overlaps(in, out) {
		return nil, fmt.Errorf("interleave: %w: src overlaps dst", ErrBuffer)
	}
	s := &interleave3Step{run: p.k.set.Interleave3.Run}
	for n := range p.count {
		at := 3 * n * p.pixels
		for i := 0; i < p.pixels; i += interleaveTile {
			s.args = append(s.args, kernel.Interleave3Args{
				Src: in[at+i : at+3*p.pixels], Dst: out[at+3*i : at+3*p.pixels], Plane: int64(p.pixels), N: int64(min(interleaveTile, p.pixels-i)),
			})
		}
	}
	return s, nil
}

// interleave3Step runs a piece of a picture as a tile.
type interleave3Step struct {
	run  func(*kernel.Interleave3Args)
	args []kernel.Interleave3Args
}

func (s *interleave3Step) Tiles() int { return len(s.args) }

func (s *interleave3Step) Run(_ []byte, from, to int) {
	for t := from; t < to; t++ {
		s.run(&s.args[t])
	}
}
