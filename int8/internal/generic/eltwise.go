package generic

import (
	"math"

	"github.com/octet-ml/octet/int8/internal/kernel"
)

func eltwise(s *kernel.Set) {
	s.Eltwise = kernel.Eltwise{
		Lookup:         kernel.Row[kernel.LookupArgs]{Name: "u8_lookup_x1__generic", Run: lookup},
		LookupF32:      kernel.Row[kernel.LookupF32Args]{Name: "u8f32_lookup_x1__generic", Run: lookupF32},
		Quantize:       kernel.Row[kernel.QuantizeArgs]{Name: "f32u8_quantize_x1__generic", Run: quantize},
		QuantizeAway:   kernel.Row[kernel.QuantizeArgs]{Name: "f32u8_quantizeaway_x1__generic", Run: quantizeAway},
		Extent:         kernel.Row[kernel.ExtentArgs]{Name: "f32_extent_x1__generic", Run: extent},
		Scale:          kernel.Row[kernel.ScaleArgs]{Name: "s32f32_scale_x1__generic", Run: scale},
		Add:            kernel.Row[kernel.BinaryArgs]{Name: "u8_add_x1__generic", Run: add},
		Mul:            kernel.Row[kernel.BinaryArgs]{Name: "u8_mul_x1__generic", Run: mul},
		AddAny:         kernel.Row[kernel.BinaryArgs]{Name: "u8_add_x1__generic", Run: add},
		MulAny:         kernel.Row[kernel.BinaryArgs]{Name: "u8_mul_x1__generic", Run: mul},
		MaxPool:        kernel.Row[kernel.PoolArgs]{Name: "u8_maxpool_1x64__generic", Run: maxPool},
		AveragePool:    kernel.Row[kernel.PoolArgs]{Name: "u8_avgpool_1x64__generic", Run: averagePool},
		AverageNarrow:  kernel.Row[kernel.PoolArgs]{Name: "u8_avgpool_1x64__generic", Run: averagePool},
		MaxPoolAny:     kernel.Row[kernel.PoolArgs]{Name: "u8_maxpool_1x64__generic", Run: maxPool},
		AveragePoolAny: kernel.Row[kernel.PoolArgs]{Name: "u8_avgpool_1x64__generic", Run: averagePool},
		Transpose:      kernel.Row[kernel.TransposeArgs]{Name: "u8_transpose_x8__generic", Run: transpose},
		TransposeAny:   kernel.Row[kernel.TransposeArgs]{Name: "u8_transpose_x8__generic", Run: transpose},
		Interleave3:    kernel.Row[kernel.TransposeArgs]{Name: "u8_interleave3_x1__generic", Run: interleave3},
		Interleave4:    kernel.Row[kernel.TransposeArgs]{Name: "u8_interleave4_x1__generic", Run: interleave4},
	}
}

// magic is 1.5*2^23: the unit in the last place of its neighbours is 1, so that adding it rounds half to even.
const magic = 12582912

var magicBits = int32(math.Float32bits(magic))

// clampRound returns x clamped to whole lo..hi (|·| ≤ 2²¹) and rounded half to even; a NaN gives lo.
func clampRound(x, lo, hi float32) int32 {
	if !(x > lo) {
		x = lo
	}
	if !(x < hi) {
		x = hi
	}
	return int32(math.Float32bits(x+magic)) - magicBits
}
