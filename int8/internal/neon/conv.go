//go:build arm64 && !noasm

package neon

import "github.com/octet-ml/octet/int8/internal/kernel"

//go:generate go run github.com/octet-ml/octet/internal/asmgen

// The argument struct under a name of this package, for the offsets in go_asm.h.
type gemmArgs kernel.GemmArgs

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

// inOrder returns the order of packed columns: as they are.
func inOrder() []uint8 {
	out := make([]uint8, 16)
	for i := range out {
		out[i] = uint8(i)
	}
	return out
}

func conv(s *kernel.Set) {
	s.Gemm = kernel.GemmFamily{
		Rows: []kernel.Gemm{{
			Name: "u8s8_gemm_4x16c2__neon", MR: 4, NR: 16, KR: 2, Order: inOrder(), Partial: true, Signed: true,
			Func: []func(*kernel.GemmArgs){nil, gemm1x16, gemm2x16, gemm3x16, gemm4x16},
		}},
		Main: func(int, int) int { return 0 },
		Work: 1 << 20,
	}
}
