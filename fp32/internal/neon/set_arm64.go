//go:build arm64 && !noasm

package neon

import "github.com/octet-ml/octet/fp32/internal/kernel"

// The argument structs, declared here too so that go_asm.h has their offsets.
type (
	gemmArgs        kernel.GemmArgs
	depthwiseArgs   kernel.DepthwiseArgs
	poolArgs        kernel.PoolArgs
	interleave3Args kernel.Interleave3Args
	winogradInArgs  kernel.WinogradInArgs
	winogradOutArgs kernel.WinogradOutArgs
	binaryArgs      kernel.BinaryArgs
	unaryArgs       kernel.UnaryArgs
)

// Set returns the kernels of this instruction set.
func Set() kernel.Set {
	return kernel.Set{
		Gemm: []kernel.Gemm{
			{Name: "f32_gemm_6x16__neon", NR: 16, MR: 6, Run: [kernel.MaxMR + 1]func(*kernel.GemmArgs){
				nil, gemm1x16, gemm2x16, gemm3x16, gemm4x16, gemm5x16, gemm6x16,
			}},
			{Name: "f32_gemm_8x8__neon", NR: 8, MR: 8, Run: [kernel.MaxMR + 1]func(*kernel.GemmArgs){
				nil, gemm1x8, gemm2x8, gemm3x8, gemm4x8, gemm5x8, gemm6x8, gemm7x8, gemm8x8,
			}},
		},
		Depthwise:   kernel.Depthwise{Name: "f32_depthwise__neon", Run: depthwise},
		Winograd:    kernel.Winograd{Name: "f32_winograd_4x4__neon", In: winogradIn, Out: winogradOut},
		Interleave3: kernel.Interleave3{Name: "f32_interleave3__neon", Run: interleave3},
		MaxPool:     kernel.Pool{Name: "f32_maxpool__neon", Run: maxPool},
		AveragePool: kernel.Pool{Name: "f32_averagepool__neon", Run: averagePool},
		Binary: [kernel.NumBinaryOps]kernel.Binary{
			kernel.Add:  {Name: "f32_add__neon", Vector: addVector, Scalar: addScalar},
			kernel.Sub:  {Name: "f32_sub__neon", Vector: subVector, Scalar: subScalar},
			kernel.Mul:  {Name: "f32_mul__neon", Vector: mulVector, Scalar: mulScalar},
			kernel.Div:  {Name: "f32_div__neon", Vector: divVector, Scalar: divScalar},
			kernel.Max:  {Name: "f32_max__neon", Vector: maxVector, Scalar: maxScalar},
			kernel.Min:  {Name: "f32_min__neon", Vector: minVector, Scalar: minScalar},
			kernel.RSub: {Name: "f32_rsub__neon", Vector: rsubVector, Scalar: rsubScalar},
			kernel.RDiv: {Name: "f32_rdiv__neon", Vector: rdivVector, Scalar: rdivScalar},
		},
		Clamp: kernel.Unary{Name: "f32_clamp__neon", Run: clamp},
		Functions: [kernel.NumFunctions]kernel.Unary{
			kernel.Exp:       {Name: "f32_exp__neon", Run: exp},
			kernel.Sigmoid:   {Name: "f32_sigmoid__neon", Run: sigmoid},
			kernel.Tanh:      {Name: "f32_tanh__neon", Run: tanh},
			kernel.Silu:      {Name: "f32_silu__neon", Run: silu},
			kernel.HardSwish: {Name: "f32_hardswish__neon", Run: hardSwish},
			kernel.Mish:      {Name: "f32_mish__neon", Run: mish},
			kernel.GeluErf:   {Name: "f32_geluerf__neon", Run: geluErf},
			kernel.GeluTanh:  {Name: "f32_gelutanh__neon", Run: geluTanh},
		},
	}
}
