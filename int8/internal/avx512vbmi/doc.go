// Package avx512vbmi has what AVX-512 VBMI adds to level avx512vnni on amd64: bytes permuted across a whole register, so that a
// function of one byte is two instructions.
package avx512vbmi
