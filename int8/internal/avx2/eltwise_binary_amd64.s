//go:build amd64 && !noasm

#include "go_asm.h"
#include "textflag.h"
#include "eltwise_amd64.h"

// Byte k of every dword is taken by shift and mask, computed in float32 lanes, and put back by shift and or: no lane is
// ever crossed.
//
//	Y0 result   Y1 a   Y2 b   Y3, Y4 terms
//	Y8 AScale   Y9 BScale   Y10 AZero   Y11 BZero   Y12 Lo   Y13 Hi   Y14 OutZero   Y15 0xff in every dword

#define CENTER(zero, y) \
	VPSUBD    zero, y, y \
	VCVTDQ2PS y, y

// ADD sets Y3 to the sum of the bytes in the dwords of Y3 and Y4, MUL to their product.
#define ADD \
	CENTER(Y10, Y3)    \
	CENTER(Y11, Y4)    \
	VMULPS Y8, Y3, Y3  \
	VMULPS Y9, Y4, Y4  \
	VADDPS Y4, Y3, Y3

#define MUL \
	CENTER(Y10, Y3)    \
	CENTER(Y11, Y4)    \
	VMULPS Y4, Y3, Y3  \
	VMULPS Y8, Y3, Y3

#define ROUND \
	VMAXPS    Y12, Y3, Y3 \
	VMINPS    Y13, Y3, Y3 \
	VCVTPS2DQ Y3, Y3      \
	VPADDD    Y14, Y3, Y3

#define MIDDLE(k, OP) \
	VPSRLD $k, Y1, Y3   \
	VPSRLD $k, Y2, Y4   \
	VPAND  Y15, Y3, Y3  \
	VPAND  Y15, Y4, Y4  \
	OP                  \
	ROUND               \
	VPSLLD $k, Y3, Y3   \
	VPOR   Y3, Y0, Y0

// BYTES32 sets Y0 to the results of the bytes in Y1 and Y2.
#define BYTES32(OP) \
	VPAND   Y15, Y1, Y3 \
	VPAND   Y15, Y2, Y4 \
	OP                  \
	ROUND               \
	VMOVDQA Y3, Y0      \
	MIDDLE(8, OP)       \
	MIDDLE(16, OP)      \
	VPSRLD  $24, Y1, Y3 \
	VPSRLD  $24, Y2, Y4 \
	OP                  \
	ROUND               \
	VPSLLD  $24, Y3, Y3 \
	VPOR    Y3, Y0, Y0

// R8, R9, R11: row of a, b, dst   R12, R13: bytes between rows   BX: rows left   SI, DX, DI, CX: place in the row, left
#define BINARY(OP) \
	MOVQ         a+0(FP), AX                  \
	MOVQ         binaryArgs_Params(AX), DX    \
	VBROADCASTSS binaryParams_AScale(DX), Y8  \
	VBROADCASTSS binaryParams_BScale(DX), Y9  \
	VPBROADCASTD binaryParams_AZero(DX), Y10  \
	VPBROADCASTD binaryParams_BZero(DX), Y11  \
	VBROADCASTSS binaryParams_Lo(DX), Y12     \
	VBROADCASTSS binaryParams_Hi(DX), Y13     \
	VPBROADCASTD binaryParams_OutZero(DX), Y14 \
	BCAST32(0xff, X15, Y15)                   \
	MOVQ         binaryArgs_A(AX), R8         \
	MOVQ         binaryArgs_B(AX), R9         \
	MOVQ         binaryArgs_Dst(AX), R11      \
	MOVQ         binaryArgs_Row(AX), R12      \
	MOVQ         binaryArgs_BRow(AX), R13     \
	MOVQ         binaryArgs_Rows(AX), BX      \
row: \
	SUBQ         $1, BX                       \
	JLT          done                         \
	MOVQ         R8, SI                       \
	MOVQ         R9, DX                       \
	MOVQ         R11, DI                      \
	MOVQ         binaryArgs_N(AX), CX         \
	ADDQ         R12, R8                      \
	ADDQ         R13, R9                      \
	ADDQ         R12, R11                     \
	SUBQ         $32, CX                      \
	JLT          tail                         \
whole: \
	VMOVDQU      (SI), Y1                     \
	VMOVDQU      (DX), Y2                     \
	BYTES32(OP)                               \
	VMOVDQU      Y0, (DI)                     \
	ADDQ         $32, SI                      \
	ADDQ         $32, DX                      \
	ADDQ         $32, DI                      \
	SUBQ         $32, CX                      \
	JGE          whole                        \
tail: \
	ADDQ         $32, CX                      \
	JZ           row                          \
	VMOVDQU      (SI), Y1                     \
	VMOVDQU      (DX), Y2                     \
	BYTES32(OP)                               \
	STORE_TAIL(w8, w4, w2, w1, row)           \
	JMP          row                          \
done: \
	VZEROUPPER                                \
	RET

// func add(a *kernel.BinaryArgs)
TEXT ·add(SB), NOSPLIT, $0-8
	BINARY(ADD)

// func mul(a *kernel.BinaryArgs)
TEXT ·mul(SB), NOSPLIT, $0-8
	BINARY(MUL)
