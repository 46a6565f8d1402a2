//go:build amd64 && !noasm

#include "go_asm.h"
#include "textflag.h"
#include "eltwise_amd64.h"

// The loops, outermost first: blocks of 32 channels, units (four at once where the block is whole), window rows, taps.
//
//	AX args   BX SrcUnit   DX 3*SrcUnit or rows before the next flush   CX channels left   SI, DI unit in src, dst
//	R8 units left   R9 ColStride   R10 window row   R11 tap   R12 window rows left   R13 taps left in the row
//	src-8(SP), dst-16(SP): the block's first unit
//	Y0-Y3 maxima   Y14 LoB   Y15 HiB

#define POOL_START \
	MOVQ a+0(FP), AX             \
	MOVQ poolArgs_SrcUnit(AX), BX \
	MOVQ poolArgs_ColStride(AX), R9 \
	MOVQ poolArgs_W(AX), CX      \
	MOVQ poolArgs_Src(AX), SI    \
	MOVQ poolArgs_Dst(AX), DI    \
	MOVQ SI, src-8(SP)           \
	MOVQ DI, dst-16(SP)

// POOL_NEXT goes to the next block of 32 channels.
#define POOL_NEXT \
	MOVQ src-8(SP), SI  \
	MOVQ dst-16(SP), DI \
	ADDQ $32, SI        \
	ADDQ $32, DI        \
	MOVQ SI, src-8(SP)  \
	MOVQ DI, dst-16(SP)

#define CLAMP(y) \
	VPMAXUB Y14, y, y \
	VPMINUB Y15, y, y

// func maxPool(a *kernel.PoolArgs)
TEXT ·maxPool(SB), NOSPLIT, $16-8
	POOL_START
	VPBROADCASTD poolArgs_LoB(AX), Y14
	VPBROADCASTD poolArgs_HiB(AX), Y15
	LEAQ         (BX)(BX*2), DX
	TESTQ        CX, CX
	JZ           done

block:
	MOVQ poolArgs_Units(AX), R8
	CMPQ CX, $32
	JLT  single

quad:
	CMPQ  R8, $4
	JLT   single
	VPXOR Y0, Y0, Y0
	VPXOR Y1, Y1, Y1
	VPXOR Y2, Y2, Y2
	VPXOR Y3, Y3, Y3
	MOVQ  SI, R10
	MOVQ  poolArgs_KH(AX), R12

quadRow:
	MOVQ R10, R11
	MOVQ poolArgs_KW(AX), R13

quadTap:
	VPMAXUB (R11), Y0, Y0
	VPMAXUB (R11)(BX*1), Y1, Y1
	VPMAXUB (R11)(BX*2), Y2, Y2
	VPMAXUB (R11)(DX*1), Y3, Y3
	ADDQ    R9, R11
	DECQ    R13
	JNZ     quadTap
	ADDQ    poolArgs_RowStride(AX), R10
	DECQ    R12
	JNZ     quadRow
	CLAMP(Y0)
	CLAMP(Y1)
	CLAMP(Y2)
	CLAMP(Y3)
	VMOVDQU Y0, (DI)
	ADDQ    poolArgs_DstUnit(AX), DI
	VMOVDQU Y1, (DI)
	ADDQ    poolArgs_DstUnit(AX), DI
	VMOVDQU Y2, (DI)
	ADDQ    poolArgs_DstUnit(AX), DI
	VMOVDQU Y3, (DI)
	ADDQ    poolArgs_DstUnit(AX), DI
	LEAQ    (SI)(BX*4), SI
	SUBQ    $4, R8
	JMP     quad

single:
	SUBQ  $1, R8
	JLT   next
	VPXOR Y0, Y0, Y0
	MOVQ  SI, R10
	MOVQ  poolArgs_KH(AX), R12

row:
	MOVQ R10, R11
	MOVQ poolArgs_KW(AX), R13

tap:
	VPMAXUB (R11), Y0, Y0
	ADDQ    R9, R11
	DECQ    R13
	JNZ     tap
	ADDQ    poolArgs_RowStride(AX), R10
	DECQ    R12
	JNZ     row
	CLAMP(Y0)
	ADDQ    BX, SI
	CMPQ    CX, $32
	JLT     part
	VMOVDQU Y0, (DI)
	ADDQ    poolArgs_DstUnit(AX), DI
	JMP     single

part:
	MOVQ DI, R11
	STORE_TAIL(w8, w4, w2, w1, stored)

stored:
	MOVQ R11, DI
	ADDQ poolArgs_DstUnit(AX), DI
	JMP  single

next:
	POOL_NEXT
	SUBQ $32, CX
	JGT  block

done:
	VZEROUPPER
	RET

// Sums of bytes in 16 bits, two to a word w = even + 256*odd: Y1 sums w and Y2 sums odd = w>>8, both modulo 2^16, so that
// Y1 - 256*Y2 is the sum of even bytes, exact for up to 257 taps. FLUSH moves them to the dwords Y4 (byte 0 of 4), Y5, Y6, Y7.
//
//	Y3 loaded bytes   Y8 Bias   Y9 Mult   Y10 Lo   Y11 Hi   Y12 OutZero   Y13 0xffff in every dword

#define FLUSH \
	VPSLLW $8, Y2, Y3   \
	VPSUBW Y3, Y1, Y1   \
	VPAND  Y13, Y1, Y3  \
	VPADDD Y3, Y4, Y4   \
	VPSRLD $16, Y1, Y1  \
	VPADDD Y1, Y6, Y6   \
	VPAND  Y13, Y2, Y3  \
	VPADDD Y3, Y5, Y5   \
	VPSRLD $16, Y2, Y2  \
	VPADDD Y2, Y7, Y7

#define REQUANTIZE(y) \
	VPSUBD    Y8, y, y  \
	VCVTDQ2PS y, y      \
	VMULPS    Y9, y, y  \
	VMAXPS    Y10, y, y \
	VMINPS    Y11, y, y \
	VCVTPS2DQ y, y      \
	VPADDD    Y12, y, y

// func averagePool(a *kernel.PoolArgs)
TEXT ·averagePool(SB), NOSPLIT, $16-8
	POOL_START
	VPBROADCASTD poolArgs_Bias(AX), Y8
	VBROADCASTSS poolArgs_Mult(AX), Y9
	VBROADCASTSS poolArgs_Lo(AX), Y10
	VBROADCASTSS poolArgs_Hi(AX), Y11
	VPBROADCASTD poolArgs_OutZero(AX), Y12
	BCAST32(0xffff, X13, Y13)
	TESTQ        CX, CX
	JZ           done

block:
	MOVQ poolArgs_Units(AX), R8

unit:
	SUBQ  $1, R8
	JLT   next
	VPXOR Y4, Y4, Y4
	VPXOR Y5, Y5, Y5
	VPXOR Y6, Y6, Y6
	VPXOR Y7, Y7, Y7
	MOVQ  SI, R10
	MOVQ  poolArgs_KH(AX), R12

part16:
	MOVQ    poolArgs_Flush(AX), DX
	CMPQ    DX, R12
	CMOVQGT R12, DX
	SUBQ    DX, R12
	VPXOR   Y1, Y1, Y1
	VPXOR   Y2, Y2, Y2

row:
	MOVQ R10, R11
	MOVQ poolArgs_KW(AX), R13

tap:
	VMOVDQU (R11), Y3
	VPADDW  Y3, Y1, Y1
	VPSRLW  $8, Y3, Y3
	VPADDW  Y3, Y2, Y2
	ADDQ    R9, R11
	DECQ    R13
	JNZ     tap
	ADDQ    poolArgs_RowStride(AX), R10
	DECQ    DX
	JNZ     row
	FLUSH
	TESTQ   R12, R12
	JNZ     part16

	REQUANTIZE(Y4)
	REQUANTIZE(Y5)
	REQUANTIZE(Y6)
	REQUANTIZE(Y7)
	VPSLLD  $8, Y5, Y5
	VPSLLD  $16, Y6, Y6
	VPSLLD  $24, Y7, Y7
	VPOR    Y5, Y4, Y4
	VPOR    Y7, Y6, Y6
	VPOR    Y6, Y4, Y0
	ADDQ    BX, SI
	CMPQ    CX, $32
	JLT     part
	VMOVDQU Y0, (DI)
	ADDQ    poolArgs_DstUnit(AX), DI
	JMP     unit

part:
	MOVQ DI, R11
	STORE_TAIL(w8, w4, w2, w1, stored)

stored:
	MOVQ R11, DI
	ADDQ poolArgs_DstUnit(AX), DI
	JMP  unit

next:
	POOL_NEXT
	SUBQ $32, CX
	JGT  block

done:
	VZEROUPPER
	RET
