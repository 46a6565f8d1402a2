//go:build amd64 && !noasm

package avxvnni

import "github.com/octet-ml/octet/int8/internal/kernel"

// The argument structs under names of this package, for the offsets in go_asm.h.
type (
	gemmArgs kernel.GemmArgs
	peakArgs kernel.PeakArgs
)

// The outputs, for go_asm.h.
const (
	outI32 = int64(kernel.OutI32)
	outF32 = int64(kernel.OutF32)
)

//go:noescape
func gemm1x16(a *kernel.GemmArgs)

//go:noescape
func gemm2x16(a *kernel.GemmArgs)

//go:noescape
func gemm3x16(a *kernel.GemmArgs)

//go:noescape
func gemm4x16(a *kernel.GemmArgs)

//go:noescape
func gemm5x16(a *kernel.GemmArgs)

//go:noescape
func gemm6x16(a *kernel.GemmArgs)

// peak is a loop of independent products, a.Turns times.
//
//go:noescape
func peak(a *kernel.PeakArgs)

// Overlay replaces the rows of s that this package has kernels for.
func Overlay(s *kernel.Set) {
	s.Peak = kernel.Peak{Name: "u8s8_peak_12x8__avxvnni", Products: 384, Func: peak}
	s.Gemm = kernel.GemmFamily{
		Rows: []kernel.Gemm{{
			Name: "u8s8_gemm_6x16c4__avxvnni", MR: 6, NR: 16, KR: 4, Order: kernel.PackedOrder(2, 8), Partial: true, Scatter: true,
			Func: []func(*kernel.GemmArgs){nil, gemm1x16, gemm2x16, gemm3x16, gemm4x16, gemm5x16, gemm6x16},
		}},
		Main: func(int, int) int { return 0 },
		Work: 8 << 20,
	}
}
