//go:build amd64 && !noasm

#include "go_asm.h"
#include "textflag.h"

// func copyPieces(a *kernel.CopyArgs)
//
// Pieces of 64, 32, 16 and 8 bytes have loops of their own; others go 16 bytes at a time, then 8, 4, 2 and 1. DI and SI are the
// piece's places, R8 and R9 the steps, CX the pieces left, DX the bytes of a piece, BX those left of it.
TEXT ·copyPieces(SB), NOSPLIT, $0-8
	MOVQ a+0(FP), AX
	MOVQ copyArgs_Dst(AX), DI
	MOVQ copyArgs_Src(AX), SI
	MOVQ copyArgs_DstStep(AX), R8
	MOVQ copyArgs_SrcStep(AX), R9
	MOVQ copyArgs_N(AX), CX
	MOVQ copyArgs_Width(AX), DX
	CMPQ DX, $64
	JEQ  wide64
	CMPQ DX, $32
	JEQ  wide32
	CMPQ DX, $16
	JEQ  wide16
	CMPQ DX, $8
	JEQ  wide8
	JMP  any

wide64:
	VMOVDQU (SI), Y0
	VMOVDQU 32(SI), Y1
	VMOVDQU Y0, (DI)
	VMOVDQU Y1, 32(DI)
	ADDQ    R9, SI
	ADDQ    R8, DI
	DECQ    CX
	JNZ     wide64
	VZEROUPPER
	RET

wide32:
	VMOVDQU (SI), Y0
	VMOVDQU Y0, (DI)
	ADDQ    R9, SI
	ADDQ    R8, DI
	DECQ    CX
	JNZ     wide32
	VZEROUPPER
	RET

wide16:
	VMOVDQU (SI), X0
	VMOVDQU X0, (DI)
	ADDQ    R9, SI
	ADDQ    R8, DI
	DECQ    CX
	JNZ     wide16
	VZEROUPPER
	RET

wide8:
	MOVQ (SI), BX
	MOVQ BX, (DI)
	ADDQ R9, SI
	ADDQ R8, DI
	DECQ CX
	JNZ  wide8
	VZEROUPPER
	RET

any:
	MOVQ SI, R10
	MOVQ DI, R11
	MOVQ DX, BX

sixteen:
	SUBQ    $16, BX
	JLT     eight
	VMOVDQU (R10), X0
	VMOVDQU X0, (R11)
	ADDQ    $16, R10
	ADDQ    $16, R11
	JMP     sixteen

eight:
	TESTQ $8, BX
	JZ    four
	MOVQ  (R10), AX
	MOVQ  AX, (R11)
	ADDQ  $8, R10
	ADDQ  $8, R11

four:
	TESTQ $4, BX
	JZ    two
	MOVL  (R10), AX
	MOVL  AX, (R11)
	ADDQ  $4, R10
	ADDQ  $4, R11

two:
	TESTQ $2, BX
	JZ    one
	MOVW  (R10), AX
	MOVW  AX, (R11)
	ADDQ  $2, R10
	ADDQ  $2, R11

one:
	TESTQ $1, BX
	JZ    next
	MOVB  (R10), AX
	MOVB  AX, (R11)

next:
	ADDQ R9, SI
	ADDQ R8, DI
	DECQ CX
	JNZ  any
	VZEROUPPER
	RET
