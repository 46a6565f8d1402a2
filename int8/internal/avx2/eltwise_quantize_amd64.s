//go:build amd64 && !noasm

#include "go_asm.h"
#include "textflag.h"
#include "eltwise_amd64.h"

// Y8 Scale   Y9 Lo   Y10 Hi   Y11 Zero   Y12 0xff in every dword   Y13 Flip   Y14 order of dwords after the packs

// FINISH turns the quotients y into bytes in dwords; t is changed. A NaN compares unordered and becomes 0.
#define FINISH(y, t) \
	VCMPPS    $7, y, y, t \ // ordered
	VPAND     t, y, y     \
	VMAXPS    Y9, y, y    \
	VMINPS    Y10, y, y   \
	VCVTPS2DQ y, y        \
	VPADDD    Y11, y, y   \
	VPAND     Y12, y, y

// QUANTIZE32 turns the 32 floats at SI into the bytes of Y0; op is VDIVPS or VMULPS.
#define QUANTIZE32(op) \
	VMOVUPS    0(SI), Y0   \
	VMOVUPS    32(SI), Y1  \
	VMOVUPS    64(SI), Y2  \
	VMOVUPS    96(SI), Y3  \
	op         Y8, Y0, Y0  \
	op         Y8, Y1, Y1  \
	op         Y8, Y2, Y2  \
	op         Y8, Y3, Y3  \
	FINISH(Y0, Y4)         \
	FINISH(Y1, Y5)         \
	FINISH(Y2, Y6)         \
	FINISH(Y3, Y7)         \
	VPACKUSDW  Y1, Y0, Y0  \
	VPACKUSDW  Y3, Y2, Y2  \
	VPACKUSWB  Y2, Y0, Y0  \
	VPERMD     Y0, Y14, Y0 \
	VPXOR      Y13, Y0, Y0

// QUANTIZE8 turns the 8 floats at SI into the low 8 bytes of X0.
#define QUANTIZE8(op) \
	VMOVUPS      (SI), Y0   \
	op           Y8, Y0, Y0 \
	FINISH(Y0, Y4)          \
	VEXTRACTI128 $1, Y0, X1 \
	VPACKUSDW    X1, X0, X0 \
	VPACKUSWB    X0, X0, X0 \
	VPXOR        X13, X0, X0

// LOOPS runs all elements with op; its labels are the arguments.
#define LOOPS(op, wide, rest, narrow, tail) \
	SUBQ    $32, CX   \
	JLT     rest      \
wide: \
	QUANTIZE32(op)    \
	VMOVDQU Y0, (DI)  \
	ADDQ    $128, SI  \
	ADDQ    $32, DI   \
	SUBQ    $32, CX   \
	JGE     wide      \
rest: \
	ADDQ    $24, CX   \ // elements left - 8
	JLT     tail      \
narrow: \
	QUANTIZE8(op)     \
	VMOVQ   X0, (DI)  \
	ADDQ    $32, SI   \
	ADDQ    $8, DI    \
	SUBQ    $8, CX    \
	JGE     narrow    \
tail: \
	ADDQ    $8, CX    \
	JZ      done      \
	QUANTIZE8(op)     \
	JMP     store

// REFINED8 turns the 8 floats at off(SI) into refined products, rounded, in y; those out of range, and a NaN, become 1<<31. t is changed.
#define REFINED8(off, y, t) \
	VMOVUPS      off(SI), y \
	VMULPS       Y15, y, t  \
	VFNMADD231PS Y8, t, y   \ // what is left
	VFMADD213PS  t, Y15, y  \
	VCVTPS2DQ    y, y

// func quantize(a *kernel.QuantizeArgs)
TEXT ·quantize(SB), NOSPLIT, $0-8
	MOVQ         a+0(FP), AX
	MOVQ         quantizeArgs_Dst(AX), DI
	MOVQ         quantizeArgs_Src(AX), SI
	MOVQ         quantizeArgs_N(AX), CX
	MOVQ         quantizeArgs_Params(AX), DX
	VBROADCASTSS quantizeParams_Scale(DX), Y8
	VBROADCASTSS quantizeParams_Lo(DX), Y9
	VBROADCASTSS quantizeParams_Hi(DX), Y10
	VPBROADCASTD quantizeParams_Zero(DX), Y11
	VPBROADCASTD quantizeParams_Flip(DX), Y13
	BCAST32(0xff, X12, Y12)
	VMOVDQU      lanes<>(SB), Y14
	CMPL         quantizeParams_Inv(DX), $0
	JNE          multiply
	CMPL         quantizeParams_Refine(DX), $0
	JNE          refine

divide:
	LOOPS(VDIVPS, divwide, divrest, divnarrow, divtail)

multiply:
	LOOPS(VMULPS, mulwide, mulrest, mulnarrow, multail)

	// In place of Lo and Hi, Y9 is Zero and Y10 -1<<15 in words; a word of that value may stand for anything.
refine:
	VBROADCASTSS quantizeParams_Recip(DX), Y15

refinestart:
	VPBROADCASTW quantizeParams_ZeroUp(DX), Y9
	VPCMPEQW     Y10, Y10, Y10
	VPSLLW       $15, Y10, Y10
	JMP          refineleft

refinewide:
	PREFETCHT0   4096(SI) // the processor by itself does not fetch across pages in time
	PREFETCHT0   4160(SI)
	REFINED8(0, Y0, Y4)
	REFINED8(32, Y1, Y5)
	REFINED8(64, Y2, Y6)
	REFINED8(96, Y3, Y7)
	VPACKSSDW    Y1, Y0, Y0
	VPACKSSDW    Y3, Y2, Y2
	VPCMPEQW     Y10, Y0, Y4
	VPCMPEQW     Y10, Y2, Y5
	VPADDSW      Y9, Y0, Y0
	VPADDSW      Y9, Y2, Y2
	VPOR         Y5, Y4, Y4
	VPACKUSWB    Y2, Y0, Y0
	VPERMD       Y0, Y14, Y0
	VPTEST       Y4, Y4
	JNZ          refineslow
	VMOVDQU      Y0, (DI)
	ADDQ         $128, SI
	ADDQ         $32, DI
	SUBQ         $32, CX

refineleft:
	CMPQ         CX, $32
	JGE          refinewide
	VBROADCASTSS quantizeParams_Lo(DX), Y9
	VBROADCASTSS quantizeParams_Hi(DX), Y10
	JMP          divide

refineslow:
	VBROADCASTSS quantizeParams_Lo(DX), Y9
	VBROADCASTSS quantizeParams_Hi(DX), Y10
	QUANTIZE32(VDIVPS)
	VMOVDQU      Y0, (DI)
	ADDQ         $128, SI
	ADDQ         $32, DI
	SUBQ         $32, CX
	JMP          refinestart

store:
	STORE_TAIL(w8, w4, w2, w1, done)

done:
	VZEROUPPER
	RET

DATA lanes<>+0(SB)/4, $0
DATA lanes<>+4(SB)/4, $4
DATA lanes<>+8(SB)/4, $1
DATA lanes<>+12(SB)/4, $5
DATA lanes<>+16(SB)/4, $2
DATA lanes<>+20(SB)/4, $6
DATA lanes<>+24(SB)/4, $3
DATA lanes<>+28(SB)/4, $7
GLOBL lanes<>(SB), RODATA|NOPTR, $32
