// Package avx2 has kernels in AVX2 assembly for amd64. Products are exact: bytes are widened to int16 and multiplied by
// VPMADDWD; VPMADDUBSW, which saturates, is never used.
package avx2
