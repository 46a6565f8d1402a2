//go:build amd64 && !noasm

#include "go_asm.h"
#include "textflag.h"
#include "eltwise_amd64.h"

// Y8 Scale   Y9 Lo   Y10 Hi   Y11 Offset   Y12 0xff in every dword   Y13 Flip   Y14 order of dwords after the packs
// Y15 sign bit of every dword

// FINISH_AWAY turns the products y into bytes in dwords; t is changed. A NaN compares unordered and becomes 0.
#define FINISH_AWAY(y, t) \
	VCMPPS     $7, y, y, t        \ // ordered
	VPAND      t, y, y            \
	VADDPS     Y11, y, y          \
	VMAXPS     Y9, y, y           \
	VMINPS     Y10, y, y          \
	VANDPS     Y15, y, t          \
	VORPS      belowHalf<>(SB), t, t \ // with the sign of y
	VADDPS     t, y, y            \
	VCVTTPS2DQ y, y               \
	VPAND      Y12, y, y

// func quantizeAway(a *kernel.QuantizeArgs)
TEXT ·quantizeAway(SB), NOSPLIT, $0-8
	MOVQ         a+0(FP), AX
	MOVQ         quantizeArgs_Dst(AX), DI
	MOVQ         quantizeArgs_Src(AX), SI
	MOVQ         quantizeArgs_N(AX), CX
	MOVQ         quantizeArgs_Params(AX), DX
	VBROADCASTSS quantizeParams_Scale(DX), Y8
	VBROADCASTSS quantizeParams_Lo(DX), Y9
	VBROADCASTSS quantizeParams_Hi(DX), Y10
	VBROADCASTSS quantizeParams_Offset(DX), Y11
	VPBROADCASTD quantizeParams_Flip(DX), Y13
	BCAST32(0xff, X12, Y12)
	BCAST32(0x80000000, X15, Y15)
	VMOVDQU      orderAway<>(SB), Y14
	SUBQ         $32, CX
	JLT          rest

wide:
	VMOVUPS   0(SI), Y0
	VMOVUPS   32(SI), Y1
	VMOVUPS   64(SI), Y2
	VMOVUPS   96(SI), Y3
	VMULPS    Y8, Y0, Y0
	VMULPS    Y8, Y1, Y1
	VMULPS    Y8, Y2, Y2
	VMULPS    Y8, Y3, Y3
	FINISH_AWAY(Y0, Y4)
	FINISH_AWAY(Y1, Y5)
	FINISH_AWAY(Y2, Y6)
	FINISH_AWAY(Y3, Y7)
	VPACKUSDW Y1, Y0, Y0
	VPACKUSDW Y3, Y2, Y2
	VPACKUSWB Y2, Y0, Y0
	VPERMD    Y0, Y14, Y0
	VPXOR     Y13, Y0, Y0
	VMOVDQU   Y0, (DI)
	ADDQ      $128, SI
	ADDQ      $32, DI
	SUBQ      $32, CX
	JGE       wide

rest:
	ADDQ $32, CX // elements left

narrow:
	CMPQ         CX, $0
	JLE          done
	VMOVUPS      (SI), Y0
	VMULPS       Y8, Y0, Y0
	FINISH_AWAY(Y0, Y4)
	VEXTRACTI128 $1, Y0, X1
	VPACKUSDW    X1, X0, X0
	VPACKUSWB    X0, X0, X0
	VPXOR        X13, X0, X0
	CMPQ         CX, $8
	JLT          store
	VMOVQ        X0, (DI)
	ADDQ         $32, SI
	ADDQ         $8, DI
	SUBQ         $8, CX
	JMP          narrow

store:
	STORE_TAIL(w8, w4, w2, w1, done)

done:
	VZEROUPPER
	RET

// Y0..Y3 least so far   Y4..Y7 greatest so far   Y8..Y11 elements. VMINPS and VMAXPS give their first operand where one is a NaN.

// func extent(a *kernel.ExtentArgs)
TEXT ·extent(SB), NOSPLIT, $0-8
	MOVQ   a+0(FP), AX
	MOVQ   extentArgs_Dst(AX), DI
	MOVQ   extentArgs_Src(AX), SI
	MOVQ   extentArgs_N(AX), CX
	VXORPS Y0, Y0, Y0
	VXORPS Y1, Y1, Y1
	VXORPS Y2, Y2, Y2
	VXORPS Y3, Y3, Y3
	VXORPS Y4, Y4, Y4
	VXORPS Y5, Y5, Y5
	VXORPS Y6, Y6, Y6
	VXORPS Y7, Y7, Y7
	SUBQ   $32, CX
	JLT    fold

wide:
	VMOVUPS 0(SI), Y8
	VMOVUPS 32(SI), Y9
	VMOVUPS 64(SI), Y10
	VMOVUPS 96(SI), Y11
	VMINPS  Y0, Y8, Y0
	VMINPS  Y1, Y9, Y1
	VMINPS  Y2, Y10, Y2
	VMINPS  Y3, Y11, Y3
	VMAXPS  Y4, Y8, Y4
	VMAXPS  Y5, Y9, Y5
	VMAXPS  Y6, Y10, Y6
	VMAXPS  Y7, Y11, Y7
	ADDQ    $128, SI
	SUBQ    $32, CX
	JGE     wide

fold:
	ADDQ         $32, CX // elements left
	VMINPS       Y1, Y0, Y0
	VMINPS       Y3, Y2, Y2
	VMINPS       Y2, Y0, Y0
	VMAXPS       Y5, Y4, Y4
	VMAXPS       Y7, Y6, Y6
	VMAXPS       Y6, Y4, Y4
	VEXTRACTF128 $1, Y0, X1
	VEXTRACTF128 $1, Y4, X5
	VMINPS       X1, X0, X0
	VMAXPS       X5, X4, X4
	VPSHUFD      $0x4e, X0, X1
	VPSHUFD      $0x4e, X4, X5
	VMINPS       X1, X0, X0
	VMAXPS       X5, X4, X4
	VPSHUFD      $0xb1, X0, X1
	VPSHUFD      $0xb1, X4, X5
	VMINPS       X1, X0, X0
	VMAXPS       X5, X4, X4

single:
	SUBQ   $1, CX
	JLT    done
	VMOVSS (SI), X8
	VMINSS X0, X8, X0
	VMAXSS X4, X8, X4
	ADDQ   $4, SI
	JMP    single

done:
	VMOVSS X0, 0(DI)
	VMOVSS X4, 4(DI)
	VZEROUPPER
	RET

// Y8 Scale   Y9 Lo   Y10 Hi   R8 Weights   R9 Bias   DX columns left   BX rows left

// func scale(a *kernel.ScaleArgs)
TEXT ·scale(SB), NOSPLIT, $0-8
	MOVQ         a+0(FP), AX
	MOVQ         scaleArgs_Dst(AX), DI
	MOVQ         scaleArgs_Src(AX), SI
	MOVQ         scaleArgs_Rows(AX), BX
	MOVQ         scaleArgs_N(AX), CX
	VBROADCASTSS scaleArgs_Scale(AX), Y8
	VBROADCASTSS scaleArgs_Lo(AX), Y9
	VBROADCASTSS scaleArgs_Hi(AX), Y10

row:
	SUBQ $1, BX
	JLT  done
	MOVQ scaleArgs_Weights(AX), R8
	MOVQ scaleArgs_Bias(AX), R9
	MOVQ CX, DX
	SUBQ $16, DX
	JLT  rest

wide:
	VCVTDQ2PS 0(SI), Y0
	VCVTDQ2PS 32(SI), Y1
	VMULPS    0(R8), Y8, Y2
	VMULPS    32(R8), Y8, Y3
	VMULPS    Y2, Y0, Y0
	VMULPS    Y3, Y1, Y1
	VADDPS    0(R9), Y0, Y0
	VADDPS    32(R9), Y1, Y1
	VMAXPS    Y0, Y9, Y0
	VMAXPS    Y1, Y9, Y1
	VMINPS    Y0, Y10, Y0
	VMINPS    Y1, Y10, Y1
	VMOVUPS   Y0, 0(DI)
	VMOVUPS   Y1, 32(DI)
	ADDQ      $64, SI
	ADDQ      $64, DI
	ADDQ      $64, R8
	ADDQ      $64, R9
	SUBQ      $16, DX
	JGE       wide

rest:
	ADDQ      $8, DX // columns left - 8
	JLT       tail
	VCVTDQ2PS (SI), Y0
	VMULPS    (R8), Y8, Y2
	VMULPS    Y2, Y0, Y0
	VADDPS    (R9), Y0, Y0
	VMAXPS    Y0, Y9, Y0
	VMINPS    Y0, Y10, Y0
	VMOVUPS   Y0, (DI)
	ADDQ      $32, SI
	ADDQ      $32, DI
	ADDQ      $32, R8
	ADDQ      $32, R9
	SUBQ      $8, DX

tail:
	ADDQ $8, DX

single:
	SUBQ      $1, DX
	JLT       row
	VMOVD     (SI), X0
	VCVTDQ2PS X0, X0
	VMULSS    (R8), X8, X2
	VMULSS    X2, X0, X0
	VADDSS    (R9), X0, X0
	VMAXSS    X0, X9, X0
	VMINSS    X0, X10, X0
	VMOVSS    X0, (DI)
	ADDQ      $4, SI
	ADDQ      $4, DI
	ADDQ      $4, R8
	ADDQ      $4, R9
	JMP       single

done:
	VZEROUPPER
	RET

// The greatest float32 below a half: x plus this, with the sign of x, and cut to a whole number, is x rounded half away from 0.
DATA belowHalf<>+0(SB)/8, $0x3effffff3effffff
DATA belowHalf<>+8(SB)/8, $0x3effffff3effffff
DATA belowHalf<>+16(SB)/8, $0x3effffff3effffff
DATA belowHalf<>+24(SB)/8, $0x3effffff3effffff
GLOBL belowHalf<>(SB), RODATA|NOPTR, $32

DATA orderAway<>+0(SB)/4, $0
DATA orderAway<>+4(SB)/4, $4
DATA orderAway<>+8(SB)/4, $1
DATA orderAway<>+12(SB)/4, $5
DATA orderAway<>+16(SB)/4, $2
DATA orderAway<>+20(SB)/4, $6
DATA orderAway<>+24(SB)/4, $3
DATA orderAway<>+28(SB)/4, $7
GLOBL orderAway<>(SB), RODATA|NOPTR, $32
