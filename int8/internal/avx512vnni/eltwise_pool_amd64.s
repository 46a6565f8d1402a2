//go:build amd64 && !noasm

#include "go_asm.h"
#include "textflag.h"
#include "eltwise_amd64.h"

// The loops, outermost first: blocks of 64 channels, units (four at once for maxima), window rows, taps.
//
//	AX args   BX SrcUnit   DX 3*SrcUnit or rows before the next flush   CX channels left   SI, DI unit in src, dst
//	R8 units left   R9 ColStride   R10 window row   R11 tap   R12 window rows left   R13 taps left in the row
//	K1 channels of the block   src-8(SP), dst-16(SP): the block's first unit
//	Z0-Z3 maxima   Z14 LoB   Z15 HiB

#define POOL_START \
	MOVQ a+0(FP), AX                \
	MOVQ poolArgs_SrcUnit(AX), BX   \
	MOVQ poolArgs_ColStride(AX), R9 \
	MOVQ poolArgs_W(AX), CX         \
	MOVQ poolArgs_Src(AX), SI       \
	MOVQ poolArgs_Dst(AX), DI       \
	MOVQ SI, src-8(SP)              \
	MOVQ DI, dst-16(SP)

// POOL_NEXT goes to the next block of 64 channels.
#define POOL_NEXT \
	MOVQ src-8(SP), SI  \
	MOVQ dst-16(SP), DI \
	ADDQ $64, SI        \
	ADDQ $64, DI        \
	MOVQ SI, src-8(SP)  \
	MOVQ DI, dst-16(SP)

// STORE_MAX stores z, clamped, as the next unit.
#define STORE_MAX(z) \
	VPMAXUB  Z14, z, z                \
	VPMINUB  Z15, z, z                \
	VMOVDQU8 z, K1, (DI)              \
	ADDQ     poolArgs_DstUnit(AX), DI

// func maxPool(a *kernel.PoolArgs)
TEXT ·maxPool(SB), NOSPLIT, $16-8
	POOL_START
	VPBROADCASTD poolArgs_LoB(AX), Z14
	VPBROADCASTD poolArgs_HiB(AX), Z15
	LEAQ         (BX)(BX*2), DX
	TESTQ        CX, CX
	JZ           done

block:
	MASK_FIRST(CX, K1, set)
	MOVQ poolArgs_Units(AX), R8

quad:
	CMPQ   R8, $4
	JLT    single
	VPXORD Z0, Z0, Z0
	VPXORD Z1, Z1, Z1
	VPXORD Z2, Z2, Z2
	VPXORD Z3, Z3, Z3
	MOVQ   SI, R10
	MOVQ   poolArgs_KH(AX), R12

quadRow:
	MOVQ R10, R11
	MOVQ poolArgs_KW(AX), R13

quadTap:
	VPMAXUB (R11), Z0, K1, Z0
	VPMAXUB (R11)(BX*1), Z1, K1, Z1
	VPMAXUB (R11)(BX*2), Z2, K1, Z2
	VPMAXUB (R11)(DX*1), Z3, K1, Z3
	ADDQ    R9, R11
	DECQ    R13
	JNZ     quadTap
	ADDQ    poolArgs_RowStride(AX), R10
	DECQ    R12
	JNZ     quadRow
	STORE_MAX(Z0)
	STORE_MAX(Z1)
	STORE_MAX(Z2)
	STORE_MAX(Z3)
	LEAQ (SI)(BX*4), SI
	SUBQ $4, R8
	JMP  quad

single:
	SUBQ   $1, R8
	JLT    next
	VPXORD Z0, Z0, Z0
	MOVQ   SI, R10
	MOVQ   poolArgs_KH(AX), R12

row:
	MOVQ R10, R11
	MOVQ poolArgs_KW(AX), R13

tap:
	VPMAXUB (R11), Z0, K1, Z0
	ADDQ    R9, R11
	DECQ    R13
	JNZ     tap
	ADDQ    poolArgs_RowStride(AX), R10
	DECQ    R12
	JNZ     row
	STORE_MAX(Z0)
	ADDQ BX, SI
	JMP  single

next:
	POOL_NEXT
	SUBQ $64, CX
	JGT  block

done:
	VZEROUPPER
	RET

// Sums of bytes in 16 bits, two to a word w = even + 256*odd: Z1 sums w and Z2 sums odd = w>>8, both modulo 2^16, so that
// Z1 - 256*Z2 is the sum of even bytes, exact for up to 257 taps. FLUSH moves them to the dwords Z4 (byte 0 of 4), Z5, Z6, Z7.
//
//	Z3 loaded bytes   Z16 Bias   Z17 Mult   Z18 Lo   Z19 Hi   Z20 OutZero in every byte
//	Z25 0x00ff00ff   Z26 0x0000ffff

#define FLUSH \
	VPSLLW $8, Z2, Z3   \
	VPSUBW Z3, Z1, Z1   \
	VPANDD Z26, Z1, Z3  \
	VPADDD Z3, Z4, Z4   \
	VPSRLD $16, Z1, Z1  \
	VPADDD Z1, Z6, Z6   \
	VPANDD Z26, Z2, Z3  \
	VPADDD Z3, Z5, Z5   \
	VPSRLD $16, Z2, Z2  \
	VPADDD Z2, Z7, Z7

#define REQUANTIZE(z) \
	VPSUBD    Z16, z, z \
	VCVTDQ2PS z, z      \
	VMULPS    Z17, z, z \
	VMAXPS    Z18, z, z \
	VMINPS    Z19, z, z \
	VCVTPS2DQ z, z

// func averagePool(a *kernel.PoolArgs)
TEXT ·averagePool(SB), NOSPLIT, $16-8
	POOL_START
	VPBROADCASTD poolArgs_Bias(AX), Z16
	VBROADCASTSS poolArgs_Mult(AX), Z17
	VBROADCASTSS poolArgs_Lo(AX), Z18
	VBROADCASTSS poolArgs_Hi(AX), Z19
	VPBROADCASTB poolArgs_OutZero(AX), Z20
	BCAST32(0x00ff00ff, Z25)
	BCAST32(0x0000ffff, Z26)
	TESTQ        CX, CX
	JZ           done

block:
	MASK_FIRST(CX, K1, set)
	MOVQ poolArgs_Units(AX), R8

unit:
	SUBQ   $1, R8
	JLT    next
	VPXORD Z4, Z4, Z4
	VPXORD Z5, Z5, Z5
	VPXORD Z6, Z6, Z6
	VPXORD Z7, Z7, Z7
	MOVQ   SI, R10
	MOVQ   poolArgs_KH(AX), R12

part16:
	MOVQ    poolArgs_Flush(AX), DX
	CMPQ    DX, R12
	CMOVQGT R12, DX
	SUBQ    DX, R12
	VPXORD  Z1, Z1, Z1
	VPXORD  Z2, Z2, Z2

row:
	MOVQ R10, R11
	MOVQ poolArgs_KW(AX), R13

tap:
	VMOVDQU8.Z (R11), K1, Z3
	VPADDW     Z3, Z1, Z1
	VPSRLW     $8, Z3, Z3
	VPADDW     Z3, Z2, Z2
	ADDQ       R9, R11
	DECQ       R13
	JNZ        tap
	ADDQ       poolArgs_RowStride(AX), R10
	DECQ       DX
	JNZ        row
	FLUSH
	TESTQ      R12, R12
	JNZ        part16

	REQUANTIZE(Z4)
	REQUANTIZE(Z5)
	REQUANTIZE(Z6)
	REQUANTIZE(Z7)
	JOIN(Z25, Z26, Z4, Z5, Z6, Z7)
	VPADDB   Z20, Z4, Z4
	VMOVDQU8 Z4, K1, (DI)
	ADDQ     poolArgs_DstUnit(AX), DI
	ADDQ     BX, SI
	JMP      unit

next:
	POOL_NEXT
	SUBQ $64, CX
	JGT  block

done:
	VZEROUPPER
	RET
