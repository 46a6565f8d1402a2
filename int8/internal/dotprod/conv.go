//go:build arm64 && !noasm

package dotprod

import "github.com/octet-ml/octet/int8/internal/kernel"

//go:generate go run github.com/octet-ml/octet/internal/asmgen

// The argument structs under names of this package, for the offsets in go_asm.h.
type (
	gemmArgs      kernel.GemmArgs
	depthwiseArgs kernel.DepthwiseArgs
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

//go:noescape
func depthwise(a *kernel.DepthwiseArgs)

func conv(s *kernel.Set) {
	s.Gemm = kernel.GemmFamily{
		Rows: []kernel.Gemm{{
			Name: "u8s8_gemm_6x16c4__dotprod", MR: 6, NR: 16, KR: 4, Order: kernel.PlainOrder(16), Partial: true, Signed: true,
			Func: []func(*kernel.GemmArgs){nil, gemm1x16, gemm2x16, gemm3x16, gemm4x16, gemm5x16, gemm6x16},
		}},
		Main: func(int, int) int { return 0 },
		Work: 4 << 20,
	}
	s.Depthwise = kernel.DepthwiseFamily{
		Rows: []kernel.Depthwise{{Name: "u8s8_depthwise_32c4__dotprod", Words: true, Func: depthwise}},
		NC:   32, TR: 4, Order: kernel.PlainOrder(32), Work: 1 << 20, Signed: true,
	}
}
