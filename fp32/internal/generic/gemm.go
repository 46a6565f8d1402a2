package generic

import "github.com/octet-ml/octet/fp32/internal/kernel"

// gemm implements kernel.GemmArgs for any height and NR = 8.
func gemm(a *kernel.GemmArgs) {
	for r := range int(a.Tiles * a.Rows) {
		acc := [nr]float32(a.Bias)
		w := a.Weights
		for t := range int(a.Taps) {
			row := kernel.Row(a.Src, a.Alt, a.Offsets[t*int(a.OffsetStride)+r])[:a.K]
			for _, x := range row {
				b := (*[nr]float32)(w)
				acc[0] += float32(x * b[0])
				acc[1] += float32(x * b[1])
				acc[2] += float32(x * b[2])
				acc[3] += float32(x * b[3])
				acc[4] += float32(x * b[4])
				acc[5] += float32(x * b[5])
				acc[6] += float32(x * b[6])
				acc[7] += float32(x * b[7])
				w = w[nr:]
			}
		}
		at := r * int(a.DstStride)
		dst := a.Dst[at : at+int(a.Columns)]
		if a.AddResidual != 0 {
			for n, v := range a.Residual[at : at+len(dst)] {
				acc[n] += v
			}
		}
		for n := range dst {
			dst[n] = kernel.Clamp(acc[n], a.Lo, a.Hi)
		}
	}
}
