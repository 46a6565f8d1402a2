//go:build amd64 && !noasm

package avx512vnni

import "github.com/octet-ml/octet/int8/internal/kernel"

//go:generate go run github.com/octet-ml/octet/internal/asmgen

// The argument structs under names of this package, for the offsets in go_asm.h.
type (
	gemmArgs      kernel.GemmArgs
	peakArgs      kernel.PeakArgs
	depthwiseArgs kernel.DepthwiseArgs
	expand4Args   kernel.Expand4Args
)

// The outputs, for go_asm.h.
const (
	outI32 = int64(kernel.OutI32)
	outF32 = int64(kernel.OutF32)
)

//go:noescape
func depthwise(a *kernel.DepthwiseArgs)

//go:noescape
func depthwise3x3r1(a *kernel.DepthwiseArgs)

//go:noescape
func depthwise3x3r2(a *kernel.DepthwiseArgs)

//go:noescape
func depthwise5x5r1(a *kernel.DepthwiseArgs)

//go:noescape
func depthwise5x5r2(a *kernel.DepthwiseArgs)

//go:noescape
func expand4(a *kernel.Expand4Args)

// peak is a loop of independent products, a.Turns times.
//
//go:noescape
func peak(a *kernel.PeakArgs)

func gemmRow(name string, nz int, f []func(*kernel.GemmArgs)) kernel.Gemm {
	return kernel.Gemm{Name: name, MR: len(f) - 1, NR: 16 * nz, KR: 4, Order: kernel.PackedOrder(nz, 16), Partial: true, Residual: true, Scatter: true, Func: f}
}

// mainRow chooses wide tiles where the epilogue is a large part, for its one store a row, and for dense layers, whose rows are
// few; tall ones where a panel leaves the first cache or serves few tiles, and so must be read fast.
func mainRow(taps, pixels int) int {
	const fewPixels = 64
	if taps > 1 || pixels > 1 && pixels <= fewPixels {
		return 1
	}
	return 0
}

func conv(s *kernel.Set) {
	wide := gemmRow("u8s8_gemm_6x64c4__avx512vnni", 4, gemm64)
	wide.Func4 = gemm64w4
	s.Peak = kernel.Peak{Name: "u8s8_peak_16x16__avx512vnni", Products: 1024, Func: peak}
	s.Gemm = kernel.GemmFamily{
		Rows: []kernel.Gemm{
			wide,
			gemmRow("u8s8_gemm_12x32c4__avx512vnni", 2, gemm32),
			gemmRow("u8s8_gemm_12x16c4__avx512vnni", 1, gemm16),
		},
		Main: mainRow,
		Work: 16 << 20,
	}
	s.Expand4 = kernel.Expand4{Name: "s4_expand__avx512vnni", Func: expand4}
	s.Depthwise = kernel.DepthwiseFamily{
		Rows: []kernel.Depthwise{
			{Name: "u8s8_depthwise3x3r1_64c4__avx512vnni", Window: 3, Ratio: 1, Func: depthwise3x3r1},
			{Name: "u8s8_depthwise3x3r2_64c4__avx512vnni", Window: 3, Ratio: 2, Func: depthwise3x3r2},
			{Name: "u8s8_depthwise5x5r1_64c4__avx512vnni", Window: 5, Ratio: 1, Func: depthwise5x5r1},
			{Name: "u8s8_depthwise5x5r2_64c4__avx512vnni", Window: 5, Ratio: 2, Func: depthwise5x5r2},
			{Name: "u8s8_depthwise_64c4__avx512vnni", Words: true, Func: depthwise},
		},
		NC: 64, TR: 4, Order: kernel.PackedOrder(4, 16), Work: 4 << 20,
	}
}
