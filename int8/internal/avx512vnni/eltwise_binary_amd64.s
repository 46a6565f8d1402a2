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

// PRODUCT64 sets Z0 to the products of the bytes in Z8 and Z9 where none is large (Narrow): as 16-bit words, whose product has 32
// bits, in two halves. Words and dwords are unpacked and packed within lanes of 16 bytes, which keeps their order.
//
//	Z27 AZero, Z28 BZero, Z29 OutZero in every word   Z30 LoB, Z31 HiB in every byte   Z24 zero
#define PRODUCT64 \
	VPUNPCKLBW Z24, Z8, Z0   \
	VPUNPCKHBW Z24, Z8, Z2   \
	VPUNPCKLBW Z24, Z9, Z4   \
	VPUNPCKHBW Z24, Z9, Z5   \
	VPSUBW     Z27, Z0, Z0   \
	VPSUBW     Z27, Z2, Z2   \
	VPSUBW     Z28, Z4, Z4   \
	VPSUBW     Z28, Z5, Z5   \
	VPMULHW    Z4, Z0, Z6    \
	VPMULLW    Z4, Z0, Z4    \
	VPMULHW    Z5, Z2, Z7    \
	VPMULLW    Z5, Z2, Z5    \
	VPUNPCKLWD Z6, Z4, Z0    \
	VPUNPCKHWD Z6, Z4, Z1    \
	VPUNPCKLWD Z7, Z5, Z2    \
	VPUNPCKHWD Z7, Z5, Z3    \
	SCALED(Z0)               \
	SCALED(Z1)               \
	SCALED(Z2)               \
	SCALED(Z3)               \
	VPACKSSDW  Z1, Z0, Z0    \
	VPACKSSDW  Z3, Z2, Z2    \
	VPADDSW    Z29, Z0, Z0   \
	VPADDSW    Z29, Z2, Z2   \
	VPACKUSWB  Z2, Z0, Z0    \
	VPMAXUB    Z30, Z0, Z0   \
	VPMINUB    Z31, Z0, Z0

#define SCALED(z) \
	VCVTDQ2PS z, z      \
	VMULPS    Z16, z, z \
	VCVTPS2DQ z, z

// PLACES loads where the rows are, as ROWS has them.
#define PLACES(set) \
	MOVQ         binaryArgs_A(AX), R8          \
	MOVQ         binaryArgs_B(AX), R9          \
	MOVQ         binaryArgs_Dst(AX), R11       \
	MOVQ         binaryArgs_Row(AX), R12       \
	MOVQ         binaryArgs_BRow(AX), R13      \
	MOVQ         binaryArgs_Rows(AX), BX       \
	MOVQ         binaryArgs_N(AX), CX          \
	ANDQ         $63, CX                       \
	MASK_FIRST(CX, K1, set)

// R8, R9, R11: row of a, b, dst   R12, R13: bytes between rows   BX: rows left   SI, DX, DI, CX: place in the row, left
// K1: the tail of a row
#define BINARY(OP) \
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
	PLACES(set)                                \
	ROWS(BYTES64(OP))

// ROWS goes through the rows, 64 bytes at a time, each time with WORK.
#define ROWS(WORK) \
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
	WORK                                       \
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
	WORK                                       \
	VMOVDQU8     Z0, K1, (DI)                  \
	JMP          row                           \
done: \
	VZEROUPPER                                 \
	RET

// func add(a *kernel.BinaryArgs)
TEXT ·add(SB), NOSPLIT, $0-8
	MOVQ a+0(FP), AX
	MOVQ binaryArgs_Params(AX), DX
	BINARY(ADD)

// func mul(a *kernel.BinaryArgs)
TEXT ·mul(SB), NOSPLIT, $0-8
	MOVQ a+0(FP), AX
	MOVQ binaryArgs_Params(AX), DX
	BINARY(MUL)

// func mulNarrow(a *kernel.BinaryArgs)
TEXT ·mulNarrow(SB), NOSPLIT, $0-8
	MOVQ         a+0(FP), AX
	MOVQ         binaryArgs_Params(AX), DX
	VPXORD       Z24, Z24, Z24
	VBROADCASTSS binaryParams_AScale(DX), Z16
	VPBROADCASTW binaryParams_AZero(DX), Z27
	VPBROADCASTW binaryParams_BZero(DX), Z28
	VPBROADCASTW binaryParams_OutZero(DX), Z29
	VPBROADCASTB binaryParams_LoB(DX), Z30
	VPBROADCASTB binaryParams_HiB(DX), Z31
	PLACES(set)
	ROWS(PRODUCT64)
