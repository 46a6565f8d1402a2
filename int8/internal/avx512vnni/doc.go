// Package avx512vnni has kernels in AVX-512 assembly with VPDPBUSD for amd64 (AVX-512 F, BW, DQ, VL and VNNI).
package avx512vnni
