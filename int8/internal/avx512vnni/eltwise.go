//go:build amd64 && !noasm

package avx512vnni

import "github.com/octet-ml/octet/int8/internal/kernel"

func eltwise(s *kernel.Set) {
	s.Eltwise.Overlay(kernel.Eltwise{
		Lookup:      kernel.Row[kernel.LookupArgs]{Name: "u8_lookup_x64__avx512vnni", Run: lookup},
		Add:         kernel.Row[kernel.BinaryArgs]{Name: "u8_add_x64__avx512vnni", Run: add},
		Mul:         kernel.Row[kernel.BinaryArgs]{Name: "u8_mul_x64__avx512vnni", Run: multiply},
		MaxPool:     kernel.Row[kernel.PoolArgs]{Name: "u8_maxpool_4x64__avx512vnni", Run: maxPool},
		AveragePool: kernel.Row[kernel.PoolArgs]{Name: "u8_avgpool_1x64__avx512vnni", Run: averagePool},
	})
}

// The argument structs under names that go_asm.h carries.
type (
	lookupArgs   kernel.LookupArgs
	table        kernel.Table
	binaryArgs   kernel.BinaryArgs
	binaryParams kernel.BinaryParams
	poolArgs     kernel.PoolArgs
)

// lookup is
//
//	for i := range a.N { dst[i] = a.Table.Plain[src[i]] }
//
//go:noescape
func lookup(a *kernel.LookupArgs)

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

// mulNarrow is mul where Narrow is set.
//
//go:noescape
func mulNarrow(a *kernel.BinaryArgs)

// multiply is mul by the shorter of the two ways that there are.
func multiply(a *kernel.BinaryArgs) {
	if a.Params.Narrow == 1 {
		mulNarrow(a)
		return
	}
	mul(a)
}

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
