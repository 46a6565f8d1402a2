package generic

import "github.com/octet-ml/octet/fp32/internal/kernel"

const (
	mr = 4
	nr = 8
)

// Set returns the portable kernels; every entry is filled.
func Set() kernel.Set {
	g := kernel.Gemm{Name: "f32_gemm_4x8__generic", NR: nr, MR: mr}
	for m := 1; m <= mr; m++ {
		g.Run[m] = gemm
	}
	return kernel.Set{
		Gemm:        []kernel.Gemm{g},
		Depthwise:   kernel.Depthwise{Name: "f32_depthwise__generic", Run: depthwise},
		Winograd:    kernel.Winograd{Name: "f32_winograd_4x4__generic", In: winogradIn, Out: winogradOut},
		Interleave3: kernel.Interleave3{Name: "f32_interleave3__generic", Run: interleave3},
		MaxPool:     kernel.Pool{Name: "f32_maxpool__generic", Run: maxPool},
		AveragePool: kernel.Pool{Name: "f32_averagepool__generic", Run: averagePool},
		Binary: [kernel.NumBinaryOps]kernel.Binary{
			kernel.Add:  binary("add", func(a, b float32) float32 { return a + b }),
			kernel.Sub:  binary("sub", func(a, b float32) float32 { return a - b }),
			kernel.Mul:  binary("mul", func(a, b float32) float32 { return a * b }),
			kernel.Div:  binary("div", func(a, b float32) float32 { return a / b }),
			kernel.Max:  binary("max", greater),
			kernel.Min:  binary("min", less),
			kernel.RSub: binary("rsub", func(a, b float32) float32 { return b - a }),
			kernel.RDiv: binary("rdiv", func(a, b float32) float32 { return b / a }),
		},
		Clamp: kernel.Unary{Name: "f32_clamp__generic", Run: clamp},
	}
}
