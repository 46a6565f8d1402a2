//go:build amd64 && !noasm

#include "go_asm.h"
#include "textflag.h"

// func windows(a *kernel.WindowsArgs)
//
// Pieces are moved by 16 or 32 bytes, and what that writes too much is overwritten by the next one. SI and DI are at the window's
// source and place, R8 and R9 the steps, R10 SrcRow, R11 Width, R12 Rows; R13 and R14 are at the piece's.
TEXT ·windows(SB), NOSPLIT, $0-8
	MOVQ a+0(FP), AX
	MOVQ windowsArgs_Dst(AX), DI
	MOVQ windowsArgs_Src(AX), SI
	MOVQ windowsArgs_DstStep(AX), R8
	MOVQ windowsArgs_SrcStep(AX), R9
	MOVQ windowsArgs_SrcRow(AX), R10
	MOVQ windowsArgs_Width(AX), R11
	MOVQ windowsArgs_Rows(AX), R12
	MOVQ windowsArgs_N(AX), CX
	CMPQ R11, $16
	JGT  wide
	CMPQ R12, $3
	JNE  narrow

three:
	VMOVDQU (SI), X0
	VMOVDQU (SI)(R10*1), X1
	VMOVDQU (SI)(R10*2), X2
	VMOVDQU X0, (DI)
	VMOVDQU X1, (DI)(R11*1)
	VMOVDQU X2, (DI)(R11*2)
	ADDQ    R9, SI
	ADDQ    R8, DI
	DECQ    CX
	JNZ     three
	VZEROUPPER
	RET

narrow:
	MOVQ SI, R13
	MOVQ DI, R14
	MOVQ R12, BX

narrowpiece:
	VMOVDQU (R13), X0
	VMOVDQU X0, (R14)
	ADDQ    R10, R13
	ADDQ    R11, R14
	DECQ    BX
	JNZ     narrowpiece
	ADDQ    R9, SI
	ADDQ    R8, DI
	DECQ    CX
	JNZ     narrow
	VZEROUPPER
	RET

wide:
	MOVQ SI, R13
	MOVQ DI, R14
	MOVQ R12, BX

widepiece:
	VMOVDQU (R13), Y0
	VMOVDQU Y0, (R14)
	ADDQ    R10, R13
	ADDQ    R11, R14
	DECQ    BX
	JNZ     widepiece
	ADDQ    R9, SI
	ADDQ    R8, DI
	DECQ    CX
	JNZ     wide
	VZEROUPPER
	RET
