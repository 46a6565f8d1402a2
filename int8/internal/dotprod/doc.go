// Package dotprod has kernels in assembly for arm64 with the dot product instructions of Armv8.2 (FEAT_DotProd).
//
// SDOT takes two signed operands: activations become signed by an exclusive or with 0x80, and the drivers fold the
// difference, 128 times the sum of the weights, into the bias (Gemm.Signed, DepthwiseFamily.Signed).
package dotprod
