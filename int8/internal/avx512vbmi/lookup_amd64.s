//go:build amd64 && !noasm

#include "go_asm.h"
#include "textflag.h"

// VPERMI2B takes a byte's low seven bits as the place in a table of 128 bytes; the top bit chooses between two such tables.
//
//	Z0, Z1 entries 0-127   Z2, Z3 entries 128-255   CX bytes left less 128 or 64   K1, K2 top bits   K3 the tail

// LOOKUP sets r to the entries of the bytes x; changes x and k.
#define LOOKUP(x, r, k) \
	VMOVDQA64 x, r      \
	VPMOVB2M  x, k      \
	VPERMI2B  Z1, Z0, r \
	VPERMI2B  Z3, Z2, x \
	VMOVDQU8  x, k, r

// func lookup(a *kernel.LookupArgs)
//
// Dst may be Src: each vector is read whole before it is stored. Nothing is read beyond N.
TEXT ·lookup(SB), NOSPLIT, $0-8
	MOVQ      a+0(FP), AX
	MOVQ      lookupArgs_Dst(AX), DI
	MOVQ      lookupArgs_Src(AX), SI
	MOVQ      lookupArgs_N(AX), CX
	MOVQ      lookupArgs_Table(AX), DX
	VMOVDQU64 (table_Plain+0)(DX), Z0
	VMOVDQU64 (table_Plain+64)(DX), Z1
	VMOVDQU64 (table_Plain+128)(DX), Z2
	VMOVDQU64 (table_Plain+192)(DX), Z3
	SUBQ      $128, CX
	JLT       rest

two:
	VMOVDQU64 (SI), Z4
	VMOVDQU64 64(SI), Z5
	LOOKUP(Z4, Z6, K1)
	LOOKUP(Z5, Z7, K2)
	VMOVDQU64 Z6, (DI)
	VMOVDQU64 Z7, 64(DI)
	ADDQ      $128, SI
	ADDQ      $128, DI
	SUBQ      $128, CX
	JGE       two

rest:
	ADDQ      $64, CX
	JLT       tail
	VMOVDQU64 (SI), Z4
	LOOKUP(Z4, Z6, K1)
	VMOVDQU64 Z6, (DI)
	ADDQ      $64, SI
	ADDQ      $64, DI
	SUBQ      $64, CX

tail:
	ADDQ       $64, CX
	JZ         done
	MOVQ       $-1, AX
	BZHIQ      CX, AX, AX
	KMOVQ      AX, K3
	VMOVDQU8.Z (SI), K3, Z4
	LOOKUP(Z4, Z6, K1)
	VMOVDQU8   Z6, K3, (DI)

done:
	VZEROUPPER
	RET
