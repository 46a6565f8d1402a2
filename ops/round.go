package ops

import (
	"math"

	"github.com/octet-ml/octet/graph"
)

// RoundHalfEven returns x rounded to the nearest integer, ties to even. Go's compilers turn the two conversions into single instructions.
func RoundHalfEven(x float32) float32 { return float32(math.RoundToEven(float64(x))) }

// requantize returns clamp(RoundHalfEven(float32(acc)*multiplier) + zero, lo, hi); this is what ONNX Runtime's and
// XNNPACK's float32 requantization compute.
func requantize(acc int32, multiplier float32, zero int32, lo, hi int64) int64 {
	return saturate(float64(RoundHalfEven(float32(acc)*multiplier))+float64(zero), lo, hi)
}

// quantizeReal returns clamp(RoundHalfEven(x/scale) + zero, lo, hi), the QuantizeLinear of ONNX; NaN gives zero.
func quantizeReal(x, scale float32, zero int32, lo, hi int64) int64 {
	if x != x {
		return min(max(int64(zero), lo), hi)
	}
	return saturate(float64(RoundHalfEven(x/scale))+float64(zero), lo, hi)
}

// saturate converts an integral x to an integer within [lo, hi].
func saturate(x float64, lo, hi int64) int64 {
	if x <= float64(lo) {
		return lo
	}
	if x >= float64(hi) {
		return hi
	}
	return int64(x)
}

// quantBounds returns the integers that the clamp c leaves of type d under q, which is per tensor.
func quantBounds(c Clamp, d graph.DType, q *graph.Quant) (lo, hi int64) {
	lo, hi = d.IntRange()
	if !c.On || q == nil {
		return lo, hi
	}
	l, h := c.Bounds()
	return quantizeReal(l, q.Scale[0], q.ZeroAt(0), lo, hi), quantizeReal(h, q.Scale[0], q.ZeroAt(0), lo, hi)
}
