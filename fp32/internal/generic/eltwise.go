package generic

import "github.com/octet-ml/octet/fp32/internal/kernel"

func greater(a, b float32) float32 {
	if a > b {
		return a
	}
	return b
}

func less(a, b float32) float32 {
	if a < b {
		return a
	}
	return b
}

// binary returns both forms of kernel.BinaryArgs for one operation.
func binary(name string, op func(a, b float32) float32) kernel.Binary {
	return kernel.Binary{
		Name: "f32_" + name + "__generic",
		Vector: func(a *kernel.BinaryArgs) {
			b, dst := a.B[:a.N], a.Dst[:a.N]
			for i, x := range a.A[:a.N] {
				dst[i] = kernel.Clamp(op(x, b[i]), a.Lo, a.Hi)
			}
		},
		Scalar: func(a *kernel.BinaryArgs) {
			b, dst := a.B[0], a.Dst[:a.N]
			for i, x := range a.A[:a.N] {
				dst[i] = kernel.Clamp(op(x, b), a.Lo, a.Hi)
			}
		},
	}
}

// clamp implements kernel.UnaryArgs.
func clamp(a *kernel.UnaryArgs) {
	dst := a.Dst[:a.N]
	for i, x := range a.Src[:a.N] {
		dst[i] = kernel.Clamp(x, a.Lo, a.Hi)
	}
}
