package i8

import (
	"bytes"
	"fmt"
	"math"
	"unsafe"

	"github.com/octet-ml/octet/int8/internal/kernel"
)

const quantizeTile = 4 << 10 // elements

// QuantizeParams describes the way from float32 to a byte, as ONNX QuantizeLinear has it:
//
//	q = clamp(roundHalfEven(x/Scale) + Zero, Lo, Hi), stored as uint8(q) ^ Flip
//
// The division is a true one. With Inv, Scale holds the reciprocal and x is multiplied by it instead, as some formats ask.
// With HalfAway, which wants Inv, as TensorFlow Lite's kernels quantize at run time:
//
//	q = clamp(roundHalfAway(float32(x*Scale) + Zero), Lo, Hi), the sum rounded to float32
//
// A quotient or product that is a NaN counts as 0, so it gives Zero. Scale is finite and positive; Zero, Lo and Hi are -128..255 with
// Lo <= Hi <= Lo+255. Flip 0x80 stores an int8 result in the uint8 order.
type QuantizeParams struct {
	Inv      bool
	HalfAway bool
	Scale    float32
	Zero     int32
	Lo, Hi   int32
	Flip     byte
}

func (p QuantizeParams) check() error {
	if !(p.Scale > 0) || math.IsInf(float64(p.Scale), 0) {
		return fmt.Errorf("i8: quantize: %w: scale %v: want finite and positive", ErrParameter, p.Scale)
	}
	for _, v := range []int32{p.Zero, p.Lo, p.Hi} {
		if v < -128 || v > 255 {
			return fmt.Errorf("i8: quantize: %w: zero %d, lo %d, hi %d: want -128..255", ErrParameter, p.Zero, p.Lo, p.Hi)
		}
	}
	if p.HalfAway && !p.Inv {
		return fmt.Errorf("i8: quantize: %w: rounding half away from zero wants a reciprocal", ErrParameter)
	}
	if p.Lo > p.Hi || p.Hi-p.Lo > 255 {
		return fmt.Errorf("i8: quantize: %w: clamp %d..%d: want 1 to 256 values", ErrParameter, p.Lo, p.Hi)
	}
	return nil
}

// QuantizePlan turns float32 into bytes. Immutable, safe for concurrent use.
type QuantizePlan struct {
	row    kernel.Row[kernel.QuantizeArgs]
	params *kernel.QuantizeParams
	err    error
}

// Quantize returns the plan of p. Parameters out of range are reported by Bind.
func (k *Kernels) Quantize(p QuantizeParams) *QuantizePlan {
	q := p.kernel()
	row, err := k.set.Eltwise.Quantize, p.check()
	if p.HalfAway {
		row = k.set.Eltwise.QuantizeAway
	}
	if err == nil && !p.Inv && (p.Flip == 0 && p.Lo == 0 && p.Hi == 255 || p.Flip == 0x80 && p.Lo == -128 && p.Hi == 127) {
		refine(&q, p, row.Run)
	}
	return &QuantizePlan{row, &q, err}
}

// refine allows the kernel of q to refine products with the reciprocal, where that is the same as to divide. Before their last
// rounding refined products are within 2⁻⁴⁶ of quotients, and those of neighbouring floats are 2⁻²⁴ apart, so that both functions
// are monotonic: they are the same if they jump from each integer to the next at the same float.
func refine(q *kernel.QuantizeParams, p QuantizeParams, run func(*kernel.QuantizeArgs)) {
	if q.Scale < 0x1p-60 || q.Scale > 0x1p60 {
		return // what is left of a small number would not be exact
	}
	src := jumps(q)
	r := *q
	r.Refine, r.Recip, r.ZeroUp = 1, 1/q.Scale, p.Zero+int32(p.Flip)
	divided, refined := make([]byte, len(src)), make([]byte, len(src))
	run(&kernel.QuantizeArgs{Dst: unsafe.Pointer(&divided[0]), Src: unsafe.Pointer(&src[0]), N: uintptr(len(src)), Params: q})
	run(&kernel.QuantizeArgs{Dst: unsafe.Pointer(&refined[0]), Src: unsafe.Pointer(&src[0]), N: uintptr(len(src)), Params: &r})
	if bytes.Equal(divided, refined) {
		*q = r
	}
}

// jumps returns for each integer above Lo, up to Hi, the float whose quotient is the first to round to it, and the float before. Both
// bounds follow often enough that no tail of a kernel, which may divide, has any of those.
func jumps(q *kernel.QuantizeParams) []float32 {
	var out []float32
	for n := q.Lo; n < q.Hi; n++ {
		above := func(x float32) bool { return float32(math.RoundToEven(float64(x/q.Scale))) > n }
		x := float32((float64(n) + 0.5) * float64(q.Scale))
		for above(x) {
			x = math.Nextafter32(x, float32(math.Inf(-1)))
		}
		for !above(x) {
			x = math.Nextafter32(x, float32(math.Inf(1)))
		}
		out = append(out, x, math.Nextafter32(x, float32(math.Inf(-1))))
	}
	for range 64 {
		out = append(out, q.Lo*q.Scale, q.Hi*q.Scale)
	}
	return out
}

// kernel returns p as kernels take it.
func (p *QuantizeParams) kernel() kernel.QuantizeParams {
	q := kernel.QuantizeParams{
		Scale: p.Scale, Lo: float32(p.Lo - p.Zero), Hi: float32(p.Hi - p.Zero), Zero: p.Zero, Flip: uint32(p.Flip) * 0x01010101,
	}
	if p.HalfAway {
		q.Lo, q.Hi, q.Offset = float32(p.Lo), float32(p.Hi), float32(p.Zero)
	}
	if p.Inv {
		q.Inv = 1
	}
	return q
}

// Kernel returns the name of the kernel that runs the plan.
func (p *QuantizePlan) Kernel() string { return p.row.Name }

// Bind returns the step over src (float32, little endian) and dst, which has a byte for every four of src and does not
// overlap it. It returns ErrParameter for parameters out of range and ErrBuffer for unsuitable buffers.
func (p *QuantizePlan) Bind(src, dst []byte) (Step, error) {
	if p.err != nil {
		return nil, p.err
	}
	if err := sameLen("quantize", src, dst, 4, 1); err != nil {
		return nil, err
	}
	if err := apart("quantize", src, dst); err != nil {
		return nil, err
	}
	return &tiled[kernel.QuantizeArgs]{p.row.Run, pieces(len(dst), quantizeTile, func(i, n int) kernel.QuantizeArgs {
		return kernel.QuantizeArgs{Dst: unsafe.Pointer(&dst[i]), Src: unsafe.Pointer(&src[4*i]), N: uintptr(n), Params: p.params}
	})}, nil
}
