//go:build amd64 && !noasm

#include "go_asm.h"
#include "textflag.h"
#include "eltwise_amd64.h"

// Byte k of every dword is taken by shift and mask, computed in float32 lanes, and put back by shift and select: no lane
// is ever crossed. A byte x or-ed into the bits of 2^23 is the float 2^23+x, so subtracting 2^23+zero gives x-zero exactly.
//
//	Z0-Z3 results of bytes 0-3   Z4 term   Z8 a   Z9 b
//	Z16 AScale   Z17 BScale   Z18 2^23+AZero   Z19 2^23+BZero   Z20 Lo   Z21 Hi   Z22 OutZero in every byte
//	Z23 0xff   Z24 bits of 2^23   Z25 0x00ff00ff   Z26 0x0000ffff

#define ADD(z) \
	VMULPS Z16, z, z   \
	VMULPS Z17, Z4, Z4 \
	VADDPS Z4, z, z

#define MUL(z) \
	VMULPS Z4, z, z    \
	VMULPS Z16, z, z

#define TERM(OP, z) \
	VSUBPS    Z18, z, z   \
	VSUBPS    Z19, Z4, Z4 \
	OP(z)                 \
	VMAXPS    Z20, z, z   \
	VMINPS    Z21, z, z   \
	VCVTPS2DQ z, z

// MASKED keeps the low byte of z and sets the bits of 2^23.
#define MASKED(z) VPTERNLOGD $0xea, Z24, Z23, z

#define MIDDLE(k, OP, z) \
	VPSRLD $k, Z8, z  \
	VPSRLD $k, Z9, Z4 \
	MASKED(z)         \
	MASKED(Z4)        \
	TERM(OP, z)

// BYTES64 sets Z0 to the results of the bytes in Z8 and Z9, which it changes.
#define BYTES64(OP) \
	MIDDLE(8, OP, Z1)       \
	MIDDLE(16, OP, Z2)      \
	VPSRLD $24, Z8, Z3      \
	VPSRLD $24, Z9, Z4      \
	VPORD  Z24, Z3, Z3      \
	VPORD  Z24, Z4, Z4      \
	TERM(OP, Z3)            \
	VPANDD Z23, Z8, Z0      \
	VPANDD Z23, Z9, Z4      \
	VPORD  Z24, Z0, Z0      \
	VPORD  Z24, Z4, Z4      \
	TERM(OP, Z0)            \
	JOIN(Z25, Z26, Z0, Z1, Z2, Z3) \
	VPADDB Z22, Z0, Z0

// R8, R9, R11: row of a, b, dst   R12, R13: bytes between rows   BX: rows left   SI, DX, DI, CX: place in the row, left
// K1: the tail of a row
#define BINARY(OP) \
	MOVQ         a+0(FP), AX                   \
	MOVQ         binaryArgs_Params(AX), DX     \
	BCAST32(0xff, Z23)                         \
	BCAST32(0x4b000000, Z24)                   \
	BCAST32(0x00ff00ff, Z25)                   \
	BCAST32(0x0000ffff, Z26)                   \
	VBROADCASTSS binaryParams_AScale(DX), Z16  \
	VBROADCASTSS binaryParams_BScale(DX), Z17  \
	VPBROADCASTD binaryParams_AZero(DX), Z18   \
	VPORD        Z24, Z18, Z18                 \
	VPBROADCASTD binaryParams_BZero(DX), Z19   \
	VPORD        Z24, Z19, Z19                 \
	VBROADCASTSS binaryParams_Lo(DX), Z20      \
	VBROADCASTSS binaryParams_Hi(DX), Z21      \
	VPBROADCASTB binaryParams_OutZero(DX), Z22 \
	MOVQ         binaryArgs_A(AX), R8          \
	MOVQ         binaryArgs_B(AX), R9          \
	MOVQ         binaryArgs_Dst(AX), R11       \
	MOVQ         binaryArgs_Row(AX), R12       \
	MOVQ         binaryArgs_BRow(AX), R13      \
	MOVQ         binaryArgs_Rows(AX), BX       \
	MOVQ         binaryArgs_N(AX), CX          \
	ANDQ         $63, CX                       \
	MASK_FIRST(CX, K1, set)                    \
row: \
	SUBQ         $1, BX                        \
	JLT          done                          \
	MOVQ         R8, SI                        \
	MOVQ         R9, DX                        \
	MOVQ         R11, DI                       \
	MOVQ         binaryArgs_N(AX), CX          \
	ADDQ         R12, R8                       \
	ADDQ         R13, R9                       \
	ADDQ         R12, R11                      \
	SUBQ         $64, CX                       \
	JLT          tail                          \
whole: \
	VMOVDQU64    (SI), Z8                      \
	VMOVDQU64    (DX), Z9                      \
	BYTES64(OP)                                \
	VMOVDQU64    Z0, (DI)                      \
	ADDQ         $64, SI                       \
	ADDQ         $64, DX                       \
	ADDQ         $64, DI                       \
	SUBQ         $64, CX                       \
	JGE          whole                         \
tail: \
	ADDQ         $64, CX                       \
	JZ           row                           \
	VMOVDQU8.Z   (SI), K1, Z8                  \
	VMOVDQU8.Z   (DX), K1, Z9                  \
	BYTES64(OP)                                \
	VMOVDQU8     Z0, K1, (DI)                  \
	JMP          row                           \
done: \
	VZEROUPPER                                 \
	RET

// func add(a *kernel.BinaryArgs)
TEXT ·add(SB), NOSPLIT, $0-8
	BINARY(ADD)

// func mul(a *kernel.BinaryArgs)
TEXT ·mul(SB), NOSPLIT, $0-8
	BINARY(MUL)
