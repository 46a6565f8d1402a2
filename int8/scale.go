package i8

import (
	"fmt"
	"math"
	"slices"
	"unsafe"

	"github.com/octet-ml/octet/int8/internal/kernel"
)

// ScaleParams describes the way from the accumulators of a product of data quantized at run time to real numbers:
//
//	y = clamp(float32(float32(acc) * float32(scale*Weights[c])) + Bias[c], Lo, Hi)
//
// where a NaN stays a NaN. Weights has one element or one for each channel, Bias as many or is nil; Lo <= Hi.
type ScaleParams struct {
	Weights, Bias []float32
	Lo, Hi        float32
}

// ScalePlan scales accumulators. Immutable, safe for concurrent use.
type ScalePlan struct {
	row           kernel.Row[kernel.ScaleArgs]
	weights, bias []float32 // one for each channel
	lo, hi        float32
	groups, rows  int
	err           error
}

// Scale returns the plan of p over groups of rows of channels accumulators, each group with a scale of its own. Sizes and
// parameters out of range are reported by Bind.
func (k *Kernels) Scale(p ScaleParams, groups, rows, channels int) *ScalePlan {
	s := &ScalePlan{row: k.set.Eltwise.Scale, lo: p.Lo, hi: p.Hi, groups: groups, rows: rows}
	_, ok := product(maxBytes/4, groups, rows, channels)
	if !ok || len(p.Weights) != 1 && len(p.Weights) != channels || p.Bias != nil && len(p.Bias) != channels || !(p.Lo <= p.Hi) {
		s.err = fmt.Errorf("i8: scale: %w: %d groups of %d rows, %d channels, %d scales, %d biases, clamp %v..%v", ErrParameter,
			groups, rows, channels, len(p.Weights), len(p.Bias), p.Lo, p.Hi)
		return s
	}
	s.weights, s.bias = slices.Clone(p.Weights), make([]float32, channels)
	if len(p.Weights) != channels {
		s.weights = slices.Repeat(p.Weights, channels)
	}
	copy(s.bias, p.Bias)
	return s
}

// Kernel returns the name of the kernel that runs the plan.
func (p *ScalePlan) Kernel() string { return p.row.Name }

// scaleTile is about how many elements a tile has.
const scaleTile = 8 << 10

// Bind returns the step from src, int32, to dst, as many float32, with the float32 of scales, one for each group, which Run
// reads; dst may be src. It returns ErrParameter for what the plan was made of, and ErrBuffer for unsuitable buffers.
func (p *ScalePlan) Bind(src, scales, dst []byte) (Step, error) {
	if p.err != nil {
		return nil, p.err
	}
	channels := len(p.weights)
	if n := 4 * p.groups * p.rows * channels; len(src) != n || len(dst) != n || len(scales) != 4*p.groups {
		return nil, fmt.Errorf("i8: scale: %w: src has %d bytes, dst %d, scales %d: want %d, %d, %d", ErrBuffer, len(src), len(dst), len(scales), n, n, 4*p.groups)
	}
	if err := inPlace("scale", "src", src, dst); err != nil {
		return nil, err
	}
	each := max(1, scaleTile/channels)
	s := &scaleStep{run: p.row.Run, scales: scales, tiles: ceilDiv(p.rows, each)}
	for g := range p.groups {
		for r := 0; r < p.rows; r += each {
			i := 4 * (g*p.rows + r) * channels
			s.args = append(s.args, kernel.ScaleArgs{
				Dst: unsafe.Pointer(&dst[i]), Src: unsafe.Pointer(&src[i]), Weights: &p.weights[0], Bias: &p.bias[0],
				Rows: uintptr(min(each, p.rows-r)), N: uintptr(channels), Lo: p.lo, Hi: p.hi,
			})
		}
	}
	return s, nil
}

// scaleStep is a ScalePlan bound to buffers.
type scaleStep struct {
	run    func(*kernel.ScaleArgs)
	args   []kernel.ScaleArgs
	scales []byte
	tiles  int // of a group
}

// Tiles returns the number of kernel calls.
func (s *scaleStep) Tiles() int { return len(s.args) }

// Run makes the kernel calls from <= t < to.
func (s *scaleStep) Run(_ []byte, from, to int) {
	for t := from; t < to; t++ {
		b := s.scales[4*(t/s.tiles):]
		s.args[t].Scale = math.Float32frombits(uint32(b[0]) | uint32(b[1])<<8 | uint32(b[2])<<16 | uint32(b[3])<<24)
		s.run(&s.args[t])
	}
}
