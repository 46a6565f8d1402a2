// Package neon holds the float32 kernels for every arm64 processor (Advanced SIMD), with the contracts of package kernel.
//
// The machine has 32 registers of four elements, and FMLA by element, which multiplies a vector of weights by one element of
// another vector: a row is loaded four elements of k at a time and never repeated over a vector. A tile of 6 rows by 16 columns
// has 24 sums, 6 vectors of rows and 2 of weights: all registers.
//
// The assembly and its declarations are generated (go generate); on other machines and under the build tag noasm the
// package is empty. Products are fused into sums (FMLA).
package neon

//go:generate go run ../asmgen ..
