//go:build amd64 && !noasm

package avx2

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
			{Name: "f32_gemm_6x16__avx2", NR: 16, MR: 6, Run: [kernel.MaxMR + 1]func(*kernel.GemmArgs){
				nil, gemm1x16, gemm2x16, gemm3x16, gemm4x16, gemm5x16, gemm6x16,
			}},
			{Name: "f32_gemm_6x8__avx2", NR: 8, MR: 6, Run: [kernel.MaxMR + 1]func(*kernel.GemmArgs){
				nil, gemm1x8, gemm2x8, gemm3x8, gemm4x8, gemm5x8, gemm6x8,
			}},
		},
		Depthwise:   kernel.Depthwise{Name: "f32_depthwise__avx2", Run: depthwise},
		MaxPool:     kernel.Pool{Name: "f32_maxpool__avx2", Run: maxPool},
		Winograd:    kernel.Winograd{Name: "f32_winograd_4x4__avx2", In: winogradIn, Out: winogradOut},
		Interleave3: kernel.Interleave3{Name: "f32_interleave3__avx2", Run: interleave3},
		AveragePool: kernel.Pool{Name: "f32_averagepool__avx2", Run: averagePool},
		Binary: [kernel.NumBinaryOps]kernel.Binary{
			kernel.Add:  {Name: "f32_add__avx2", Vector: addVector, Scalar: addScalar},
			kernel.Sub:  {Name: "f32_sub__avx2", Vector: subVector, Scalar: subScalar},
			kernel.Mul:  {Name: "f32_mul__avx2", Vector: mulVector, Scalar: mulScalar},
			kernel.Div:  {Name: "f32_div__avx2", Vector: divVector, Scalar: divScalar},
			kernel.Max:  {Name: "f32_max__avx2", Vector: maxVector, Scalar: maxScalar},
			kernel.Min:  {Name: "f32_min__avx2", Vector: minVector, Scalar: minScalar},
			kernel.RSub: {Name: "f32_rsub__avx2", Vector: rsubVector, Scalar: rsubScalar},
			kernel.RDiv: {Name: "f32_rdiv__avx2", Vector: rdivVector, Scalar: rdivScalar},
		},
		Clamp: kernel.Unary{Name: "f32_clamp__avx2", Run: clamp},
		Functions: [kernel.NumFunctions]kernel.Unary{
			kernel.Exp:       {Name: "f32_exp__avx2", Run: exp},
			kernel.Sigmoid:   {Name: "f32_sigmoid__avx2", Run: sigmoid},
			kernel.Tanh:      {Name: "f32_tanh__avx2", Run: tanh},
			kernel.Silu:      {Name: "f32_silu__avx2", Run: silu},
			kernel.HardSwish: {Name: "f32_hardswish__avx2", Run: hardSwish},
			kernel.Mish:      {Name: "f32_mish__avx2", Run: mish},
			kernel.GeluErf:   {Name: "f32_geluerf__avx2", Run: geluErf},
			kernel.GeluTanh:  {Name: "f32_gelutanh__avx2", Run: geluTanh},
		},
	}
}
