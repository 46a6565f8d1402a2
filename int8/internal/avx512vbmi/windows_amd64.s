//go:build amd64 && !noasm

#include "go_asm.h"
#include "textflag.h"

// func windowPairs(a *kernel.WindowsArgs)
//
// 16 bytes of each of up to four rows are brought together and permuted: two windows. SI and DI are at the pair's source and place,
// R8 and R9 the steps from pair to pair, R10 SrcRow, R11 three times SrcRow; K1 to K3 the lanes of the second row and on, K0 left out
// where there is none.
TEXT ·windowPairs(SB), NOSPLIT, $0-8
	MOVQ      a+0(FP), AX
	MOVQ      windowsArgs_Dst(AX), DI
	MOVQ      windowsArgs_Src(AX), SI
	MOVQ      windowsArgs_DstStep(AX), R8
	MOVQ      windowsArgs_SrcStep(AX), R9
	MOVQ      windowsArgs_SrcRow(AX), R10
	MOVQ      windowsArgs_N(AX), CX
	MOVQ      windowsArgs_Rows(AX), DX
	MOVQ      windowsArgs_Pair(AX), BX
	VMOVDQU64 (BX), Z31
	ADDQ      R8, R8
	ADDQ      R9, R9
	LEAQ      (R10)(R10*2), R11
	INCQ      CX
	SHRQ      $1, CX
	MOVL      $0x00f0, BX
	KMOVW     BX, K1
	MOVL      $0x0f00, BX
	KMOVW     BX, K2
	MOVL      $0xf000, BX
	KMOVW     BX, K3
	CMPQ      DX, $3
	JEQ       three

any:
	VMOVDQU (SI), X0
	CMPQ    DX, $2
	JLT     permute
	VBROADCASTI32X4 (SI)(R10*1), K1, Z0
	CMPQ    DX, $3
	JLT     permute
	VBROADCASTI32X4 (SI)(R10*2), K2, Z0
	CMPQ    DX, $4
	JLT     permute
	VBROADCASTI32X4 (SI)(R11*1), K3, Z0

permute:
	VPERMB    Z0, Z31, Z0
	VMOVDQU64 Z0, (DI)
	ADDQ      R9, SI
	ADDQ      R8, DI
	DECQ      CX
	JNZ       any
	VZEROUPPER
	RET

three:
	VMOVDQU         (SI), X0
	VBROADCASTI32X4 (SI)(R10*1), K1, Z0
	VBROADCASTI32X4 (SI)(R10*2), K2, Z0
	VPERMB          Z0, Z31, Z0
	VMOVDQU64       Z0, (DI)
	ADDQ            R9, SI
	ADDQ            R8, DI
	DECQ            CX
	JNZ             three
	VZEROUPPER
	RET
