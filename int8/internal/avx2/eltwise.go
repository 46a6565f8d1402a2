//go:build amd64 && !noasm

package avx2

import "github.com/octet-ml/octet/int8/internal/kernel"

func eltwise(s *kernel.Set) {
	s.Eltwise.Overlay(kernel.Eltwise{
		Lookup:        kernel.Row[kernel.LookupArgs]{Name: "u8_lookup_x128__avx2", Run: lookup},
		LookupF32:     kernel.Row[kernel.LookupF32Args]{Name: "u8f32_lookup_x16__avx2", Run: lookupF32},
		Quantize:      kernel.Row[kernel.QuantizeArgs]{Name: "f32u8_quantize_x32__avx2", Run: quantize},
		QuantizeAway:  kernel.Row[kernel.QuantizeArgs]{Name: "f32u8_quantizeaway_x32__avx2", Run: quantizeAway},
		Extent:        kernel.Row[kernel.ExtentArgs]{Name: "f32_extent_x32__avx2", Run: extent},
		Scale:         kernel.Row[kernel.ScaleArgs]{Name: "s32f32_scale_x16__avx2", Run: scale},
		Add:           kernel.Row[kernel.BinaryArgs]{Name: "u8_add_x32__avx2", Run: add},
		Mul:           kernel.Row[kernel.BinaryArgs]{Name: "u8_mul_x32__avx2", Run: mul},
		MaxPool:       kernel.Row[kernel.PoolArgs]{Name: "u8_maxpool_4x32__avx2", Run: maxPool},
		AveragePool:   kernel.Row[kernel.PoolArgs]{Name: "u8_avgpool_1x32__avx2", Run: averagePool},
		AverageNarrow: kernel.Row[kernel.PoolArgs]{Name: "u8_avgpool_1x32__avx2", Run: averagePool},
		Transpose:     kernel.Row[kernel.TransposeArgs]{Name: "u8_transpose_8x32__avx2", Run: transpose},
		Interleave3:   kernel.Row[kernel.TransposeArgs]{Name: "u8_interleave3_x32__avx2", Run: interleave3},
		Interleave4:   kernel.Row[kernel.TransposeArgs]{Name: "u8_interleave4_x32__avx2", Run: interleave4},
	})
}

// The argument structs under names that go_asm.h carries.
type (
	lookupArgs     kernel.LookupArgs
	lookupF32Args  kernel.LookupF32Args
	table          kernel.Table
	quantizeArgs   kernel.QuantizeArgs
	quantizeParams kernel.QuantizeParams
	binaryArgs     kernel.BinaryArgs
	binaryParams   kernel.BinaryParams
	poolArgs       kernel.PoolArgs
	extentArgs     kernel.ExtentArgs
	scaleArgs      kernel.ScaleArgs
	transposeArgs  kernel.TransposeArgs
)

// lookup is
//
//	for i := range a.N { dst[i] = a.Table.Plain[src[i]] }
//
//go:noescape
func lookup(a *kernel.LookupArgs)

// lookupF32 is 16 lookups of float32 at a time.
//
//go:noescape
func lookupF32(a *kernel.LookupF32Args)

// quantize is
//
//	for i := range a.N { dst[i] = uint8(rne(clamp(src[i]/p.Scale, p.Lo, p.Hi))+p.Zero) ^ uint8(p.Flip) }
//
// with a product in place of the quotient if p.Inv, and a NaN taken for 0.
//
//go:noescape
func quantize(a *kernel.QuantizeArgs)

// quantizeAway is
//
//	for i := range a.N { dst[i] = uint8(roundHalfAway(clamp(src[i]*p.Scale+p.Offset, p.Lo, p.Hi))) ^ uint8(p.Flip) }
//
// with a product that is a NaN taken for 0.
//
//go:noescape
func quantizeAway(a *kernel.QuantizeArgs)

// extent is
//
//	for i := range a.N { if src[i] < lo { lo = src[i] }; if src[i] > hi { hi = src[i] } }
//
//go:noescape
func extent(a *kernel.ExtentArgs)

// scale is, for every row r,
//
//	for c := range a.N { dst[c] = clamp(float32(src[c])*(a.Scale*weights[c])+bias[c], a.Lo, a.Hi) }
//
//go:noescape
func scale(a *kernel.ScaleArgs)

// add is, for every row r,
//
//	for i := range a.N { dst[i] = uint8(rne(clamp((x[i]-p.AZero)*p.AScale+(y[i]-p.BZero)*p.BScale, p.Lo, p.Hi)) + p.OutZero) }
//
//go:noescape
func add(a *kernel.BinaryArgs)

// mul is, for every row r,
//
//	for i := range a.N { dst[i] = uint8(rne(clamp((x[i]-p.AZero)*(y[i]-p.BZero)*p.AScale, p.Lo, p.Hi)) + p.OutZero) }
//
//go:noescape
func mul(a *kernel.BinaryArgs)

// maxPool is, for every unit and channel c,
//
//	for i := range a.KH { for j := range a.KW { m = max(m, src[i*a.RowStride+j*a.ColStride+c]) } }
//	dst[c] = min(max(m, lo), hi)
//
//go:noescape
func maxPool(a *kernel.PoolArgs)

// averagePool is, for every unit and channel c,
//
//	for i := range a.KH { for j := range a.KW { sum += src[i*a.RowStride+j*a.ColStride+c] } }
//	dst[c] = uint8(rne(clamp(float32(sum-a.Bias)*a.Mult, a.Lo, a.Hi)) + a.OutZero)
//
//go:noescape
func averagePool(a *kernel.PoolArgs)

// transpose is
//
//	for i := range a.M { for j := range a.N { dst[j*a.DstRow+i] = src[i*a.SrcRow+j] } }
//
//go:noescape
func transpose(a *kernel.TransposeArgs)

// interleave3 is transpose of three rows to pixels of three bytes.
//
//go:noescape
func interleave3(a *kernel.TransposeArgs)

// interleave4 is transpose of four rows to pixels of four bytes.
//
//go:noescape
func interleave4(a *kernel.TransposeArgs)
