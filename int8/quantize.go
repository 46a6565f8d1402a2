package i8

import (
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
	row := k.set.Eltwise.Quantize
	if p.HalfAway {
		row = k.set.Eltwise.QuantizeAway
	}
	return &QuantizePlan{row, &q, p.check()}
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
