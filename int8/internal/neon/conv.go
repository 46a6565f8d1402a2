//go:build arm64 && !noasm

package neon

import "github.com/octet-ml/octet/int8/internal/kernel"

//go:generate go run github.com/octet-ml/octet/internal/asmgen

// The argument structs under names of this package, for the offsets in go_asm.h.
type (
	gemmArgs      kernel.GemmArgs
	depthwiseArgs kernel.DepthwiseArgs
	expand4Args   kernel.Expand4Args
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
func depthwise(a *kernel.DepthwiseArgs)

//go:noescape
func expand4(a *kernel.Expand4Args)

func conv(s *kernel.Set) {
	s.Gemm = kernel.GemmFamily{
		Rows: []kernel.Gemm{{
			Name: "u8s8_gemm_4x16c2__neon", MR: 4, NR: 16, KR: 2, Order: kernel.PlainOrder(16), Partial: true, Signed: true,
			Func: []func(*kernel.GemmArgs){nil, gemm1x16, gemm2x16, gemm3x16, gemm4x16},
		}},
		Main: func(int, int) int { return 0 },
		Work: 1 << 20,
	}
	s.Expand4 = kernel.Expand4{Name: "s4_expand__neon", Func: expand4}
	s.Depthwise = kernel.DepthwiseFamily{
		Rows: []kernel.Depthwise{{Name: "u8s8_depthwise_32c1__neon", Words: true, Func: depthwise}},
		NC:   32, TR: 1, Order: kernel.PlainOrder(32), Work: 1 << 19,
	}
}
