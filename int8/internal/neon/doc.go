// Package neon has kernels in assembly for every arm64 processor (Advanced SIMD). Products are exact: bytes are multiplied
// to int16, or widened to int16 first, and added into int32.
//
// Matrix products take activations as signed bytes, by an exclusive or with 0x80; the drivers fold the difference, 128
// times the sum of the weights, into the bias (Gemm.Signed).
package neon
