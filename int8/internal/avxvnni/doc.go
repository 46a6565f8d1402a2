// Package avxvnni has kernels for amd64 processors with AVX-VNNI and without AVX-512: products by VPDPBUSD on 32 bytes, written as
// raw bytes, because Go's assembler encodes the mnemonic for AVX-512. All else is inherited from avx2.
package avxvnni
