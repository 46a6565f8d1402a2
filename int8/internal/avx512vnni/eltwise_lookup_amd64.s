//go:build amd64 && !noasm

#include "go_asm.h"
#include "textflag.h"
#include "eltwise_amd64.h"

// A table of 256 bytes is 16 tables of 16. VPSHUFB gives 0 for an index whose top bit is set, so with x less 16 at every
// step (saturating, so that negative stays negative) step h adds, by exclusive or, entry x-16h of Delta h only where
// x >= 16h, up to 127. The second half does the same with x ^ 0x80.
//
//	Z0 x   Z1 result   Z2, Z3 entries   Z14 0x80 in every byte   Z15 16 in every byte   Z16-Z31 Delta

#define NEXT VPSUBSB Z15, Z0, Z0

// PAIR adds the entries of two steps to Z1 and goes on to the next.
#define PAIR(t0, t1) \
	VPSHUFB    Z0, t0, Z2          \
	NEXT                           \
	VPSHUFB    Z0, t1, Z3          \
	NEXT                           \
	VPTERNLOGD $0x96, Z2, Z3, Z1

// LOOKUP sets Z1 to the entries of the bytes of Z0; changes Z0, Z2-Z4.
#define LOOKUP \
	VPXORD  Z14, Z0, Z4 \
	VPSHUFB Z0, Z16, Z1 \
	NEXT                \
	PAIR(Z17, Z18)      \
	PAIR(Z19, Z20)      \
	PAIR(Z21, Z22)      \
	VPSHUFB Z0, Z23, Z2 \
	VMOVDQA64 Z4, Z0    \
	VPSHUFB Z0, Z24, Z3 \
	NEXT                \
	VPTERNLOGD $0x96, Z2, Z3, Z1 \
	PAIR(Z25, Z26)      \
	PAIR(Z27, Z28)      \
	PAIR(Z29, Z30)      \
	VPSHUFB Z0, Z31, Z2 \
	VPXORD  Z2, Z1, Z1

// func lookup(a *kernel.LookupArgs)
//
// Dst may be Src: each vector is read whole before it is stored. Nothing is read beyond N.
TEXT ·lookup(SB), NOSPLIT, $0-8
	MOVQ a+0(FP), AX
	MOVQ lookupArgs_Dst(AX), DI
	MOVQ lookupArgs_Src(AX), SI
	MOVQ lookupArgs_N(AX), CX
	MOVQ lookupArgs_Table(AX), DX
	BCAST32(0x10101010, Z15)
	BCAST32(0x80808080, Z14)
	VBROADCASTI32X4 (table_Delta+0)(DX), Z16
	VBROADCASTI32X4 (table_Delta+16)(DX), Z17
	VBROADCASTI32X4 (table_Delta+32)(DX), Z18
	VBROADCASTI32X4 (table_Delta+48)(DX), Z19
	VBROADCASTI32X4 (table_Delta+64)(DX), Z20
	VBROADCASTI32X4 (table_Delta+80)(DX), Z21
	VBROADCASTI32X4 (table_Delta+96)(DX), Z22
	VBROADCASTI32X4 (table_Delta+112)(DX), Z23
	VBROADCASTI32X4 (table_Delta+128)(DX), Z24
	VBROADCASTI32X4 (table_Delta+144)(DX), Z25
	VBROADCASTI32X4 (table_Delta+160)(DX), Z26
	VBROADCASTI32X4 (table_Delta+176)(DX), Z27
	VBROADCASTI32X4 (table_Delta+192)(DX), Z28
	VBROADCASTI32X4 (table_Delta+208)(DX), Z29
	VBROADCASTI32X4 (table_Delta+224)(DX), Z30
	VBROADCASTI32X4 (table_Delta+240)(DX), Z31
	SUBQ $64, CX
	JLT  tail

whole:
	VMOVDQU64 (SI), Z0
	LOOKUP
	VMOVDQU64 Z1, (DI)
	ADDQ      $64, SI
	ADDQ      $64, DI
	SUBQ      $64, CX
	JGE       whole

tail:
	ADDQ       $64, CX
	JZ         done
	MASK_FIRST(CX, K1, set)
	VMOVDQU8.Z (SI), K1, Z0
	LOOKUP
	VMOVDQU8   Z1, K1, (DI)

done:
	VZEROUPPER
	RET
