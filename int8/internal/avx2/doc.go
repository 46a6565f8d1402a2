// Package avx2 has kernels in AVX2 assembly for amd64. Products are exact: bytes are widened to int16 and multiplied by
// VPMADDWD. VPMADDUBSW, which saturates, is used where the weights are proved to leave it no occasion.
package avx2
