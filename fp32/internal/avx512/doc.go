// Package avx512 holds the float32 kernels for AVX-512F, FMA and BMI2, with the contracts of package kernel.
//
// The assembly and its declarations are generated (go generate); on other machines and under the build tag noasm the
// package is empty. Products are fused into sums (FMA).
package avx512

//go:generate go run ../asmgen ..
