package i8

import (
	"fmt"
	"math"

	"github.com/octet-ml/octet/int8/internal/kernel"
)

// MulParams describes the product of two quantized values:
//
//	y = clamp(roundHalfEven(float32((a-AZero)*(b-BZero)) * Scale) + OutZero, Lo, Hi)
//
// Scale is sa*sb/sy; the zero points are 0..255.
type MulParams struct {
	Scale                 float32
	AZero, BZero, OutZero int32
	Lo, Hi                uint8
}

// checkBinary returns ErrParameter if a zero point, a scale or the clamp is out of range.
func checkBinary(q *kernel.BinaryParams, lo, hi uint8) error {
	for _, z := range [...]int32{q.AZero, q.BZero, q.OutZero} {
		if z < 0 || z > 255 {
			return fmt.Errorf("%w: zero points %d, %d, %d: want 0..255", ErrParameter, q.AZero, q.BZero, q.OutZero)
		}
	}
	for _, s := range [...]float32{q.AScale, q.BScale} {
		if v := float64(s); math.IsNaN(v) || math.IsInf(v, 0) {
			return fmt.Errorf("%w: scale %v: want finite", ErrParameter, s)
		}
	}
	if lo > hi {
		return fmt.Errorf("%w: clamp %d..%d", ErrParameter, lo, hi)
	}
	return nil
}
