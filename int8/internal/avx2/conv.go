//go:build amd64 && !noasm

package avx2

import "github.com/octet-ml/octet/int8/internal/kernel"

//go:generate go run github.com/octet-ml/octet/internal/asmgen

// The argument structs under names of this package, for the offsets in go_asm.h.
type (
	gemmArgs      kernel.GemmArgs
	peakArgs      kernel.PeakArgs
	depthwiseArgs kernel.DepthwiseArgs
	expand4Args   kernel.Expand4Args
	rowSumArgs    kernel.RowSumArgs
	copyArgs      kernel.CopyArgs
	windowsArgs   kernel.WindowsArgs
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

// copyPieces is
//
//	for i := range a.N { copy(dst[i*DstStep:][:Width], src[i*SrcStep:]) }
//
//go:noescape
func copyPieces(a *kernel.CopyArgs)

// windows puts the rows of windows side by side.
//
//go:noescape
func windows(a *kernel.WindowsArgs)

// peak is a loop of independent products, a.Turns times.
//
//go:noescape
func peak(a *kernel.PeakArgs)

// rowSum is
//
//	for i := range a.Rows { for k := range a.K { dst[i] += int32(base[offs[i]+k]) } }
//
// with PadSum for a negative offset, and i*Stride for offs[i] without Offs.
//
//go:noescape
func rowSum(a *kernel.RowSumArgs)

// depthwiseOrder returns the channel of each packed channel: even ones, then odd ones, each as word unpacks leave them.
func depthwiseOrder() []uint8 {
	out := make([]uint8, 0, 32)
	for j := range 4 {
		for d := range 8 {
			out = append(out, uint8(16*(d/4)+8*(j%2)+2*(d%4)+j/2))
		}
	}
	return out
}

func conv(s *kernel.Set) {
	s.Peak = kernel.Peak{Name: "u8s8_peak_8x8__avx2", Products: 128, Func: peak}
	s.Gemm = kernel.GemmFamily{
		Rows: []kernel.Gemm{{
			Name: "u8s8_gemm_4x16c4__avx2", MR: 4, NR: 16, KR: 4, Order: kernel.PackedOrder(2, 8), Partial: true, Scatter: true, Steps: true,
			Func: []func(*kernel.GemmArgs){nil, gemm1x16, gemm2x16, gemm3x16, gemm4x16},
		}},
		Main: func(int, int) int { return 0 },
		Work: 2 << 20,
	}
	s.Copy = kernel.Copy{Name: "u8_copy_x64__avx2", Func: copyPieces}
	s.Windows = kernel.Windows{Name: "u8_windows_x32__avx2", Func: windows}
	s.RowSum = kernel.RowSum{Name: "u8s32_rowsum_x32__avx2", Func: rowSum}
	s.Expand4 = kernel.Expand4{Name: "s4_expand__avx2", Func: expand4}
	s.Depthwise = kernel.DepthwiseFamily{
		Rows: []kernel.Depthwise{{Name: "u8s8_depthwise_32c2__avx2", Words: true, Func: depthwise}},
		NC:   32, TR: 2, Order: depthwiseOrder(), Work: 1 << 20,
	}
}
