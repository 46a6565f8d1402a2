//go:build amd64 && !noasm

package avx512

import "github.com/octet-ml/octet/fp32/internal/kernel"

// The argument structs, declared here too so that go_asm.h has their offsets.
type (
	gemmArgs        kernel.GemmArgs
	depthwiseArgs   kernel.DepthwiseArgs
	poolArgs        kernel.PoolArgs
	winogradInArgs  kernel.WinogradInArgs
	winogradOutArgs kernel.WinogradOutArgs
	binaryArgs      kernel.BinaryArgs
	unaryArgs       kernel.UnaryArgs
)

// Set returns the kernels of this instruction set.
func Set() kernel.Set {
	return kernel.Set{
		Gemm: []kernel.Gemm{
			{Name: "f32_gemm_12x32__avx512", NR: 32, MR: 12, Run: [kernel.MaxMR + 1]func(*kernel.GemmArgs){
				nil, gemm1x32, gemm2x32, gemm3x32, gemm4x32, gemm5x32, gemm6x32,
				gemm7x32, gemm8x32, gemm9x32, gemm10x32, gemm11x32, gemm12x32,
			}},
			{Name: "f32_gemm_12x16__avx512", NR: 16, MR: 12, Run: [kernel.MaxMR + 1]func(*kernel.GemmArgs){
				nil, gemm1x16, gemm2x16, gemm3x16, gemm4x16, gemm5x16, gemm6x16,
				gemm7x16, gemm8x16, gemm9x16, gemm10x16, gemm11x16, gemm12x16,
			}},
		},
		Depthwise:   kernel.Depthwise{Name: "f32_depthwise__avx512", Run: depthwise},
		MaxPool:     kernel.Pool{Name: "f32_maxpool__avx512", Run: maxPool},
		Winograd:    kernel.Winograd{Name: "f32_winograd_4x4__avx512", In: winogradIn, Out: winogradOut},
		AveragePool: kernel.Pool{Name: "f32_averagepool__avx512", Run: averagePool},
		Binary: [kernel.NumBinaryOps]kernel.Binary{
			kernel.Add:  {Name: "f32_add__avx512", Vector: addVector, Scalar: addScalar},
			kernel.Sub:  {Name: "f32_sub__avx512", Vector: subVector, Scalar: subScalar},
			kernel.Mul:  {Name: "f32_mul__avx512", Vector: mulVector, Scalar: mulScalar},
			kernel.Div:  {Name: "f32_div__avx512", Vector: divVector, Scalar: divScalar},
			kernel.Max:  {Name: "f32_max__avx512", Vector: maxVector, Scalar: maxScalar},
			kernel.Min:  {Name: "f32_min__avx512", Vector: minVector, Scalar: minScalar},
			kernel.RSub: {Name: "f32_rsub__avx512", Vector: rsubVector, Scalar: rsubScalar},
			kernel.RDiv: {Name: "f32_rdiv__avx512", Vector: rdivVector, Scalar: rdivScalar},
		},
		Clamp: kernel.Unary{Name: "f32_clamp__avx512", Run: clamp},
		Functions: [kernel.NumFunctions]kernel.Unary{
			kernel.Exp:       {Name: "f32_exp__avx512", Run: exp},
			kernel.Sigmoid:   {Name: "f32_sigmoid__avx512", Run: sigmoid},
			kernel.Tanh:      {Name: "f32_tanh__avx512", Run: tanh},
			kernel.Silu:      {Name: "f32_silu__avx512", Run: silu},
			kernel.HardSwish: {Name: "f32_hardswish__avx512", Run: hardSwish},
			kernel.Mish:      {Name: "f32_mish__avx512", Run: mish},
			kernel.GeluErf:   {Name: "f32_geluerf__avx512", Run: geluErf},
			kernel.GeluTanh:  {Name: "f32_gelutanh__avx512", Run: geluTanh},
		},
	}
}
