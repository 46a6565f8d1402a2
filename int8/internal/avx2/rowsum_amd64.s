//go:build !noasm

#include "go_asm.h"
#include "textflag.h"

// Ones from byte 32 on back: a load 32 - n bytes in keeps the first n bytes.
DATA firstBytes<>+0(SB)/8, $0xffffffffffffffff
DATA firstBytes<>+8(SB)/8, $0xffffffffffffffff
DATA firstBytes<>+16(SB)/8, $0xffffffffffffffff
DATA firstBytes<>+24(SB)/8, $0xffffffffffffffff
DATA firstBytes<>+32(SB)/8, $0
DATA firstBytes<>+40(SB)/8, $0
DATA firstBytes<>+48(SB)/8, $0
DATA firstBytes<>+56(SB)/8, $0
GLOBL firstBytes<>(SB), RODATA|NOPTR, $64

// func rowSum(a *kernel.RowSumArgs)
//
// VPSADBW against zero adds eight bytes into each quadword. DI is at the sum, R8 at the offset or 0, R9 the row without offsets,
// CX the rows left; Y7 keeps the bytes of a row's last 1 to 32.
TEXT ·rowSum(SB), NOSPLIT, $0-8
	MOVQ    a+0(FP), AX
	MOVQ    rowSumArgs_Dst(AX), DI
	MOVQ    rowSumArgs_Offs(AX), R8
	MOVQ    rowSumArgs_Base(AX), R9
	MOVQ    rowSumArgs_Stride(AX), R10
	MOVQ    rowSumArgs_Rows(AX), CX
	MOVQ    rowSumArgs_K(AX), R11
	DECQ    R11
	MOVQ    R11, DX
	ANDQ    $31, DX               // bytes of the last piece, less 1
	SHRQ    $5, R11               // whole pieces before it
	MOVQ    $31, BX
	SUBQ    DX, BX
	LEAQ    firstBytes<>(SB), DX
	VMOVDQU (DX)(BX*1), Y7
	VPXOR   Y6, Y6, Y6

row:
	MOVQ    R9, SI
	TESTQ   R8, R8
	JZ      strided
	MOVLQSX (R8), BX
	ADDQ    $4, R8
	TESTQ   BX, BX
	JLT     padding
	ADDQ    BX, SI

strided:
	VPXOR Y0, Y0, Y0
	MOVQ  R11, DX
	TESTQ DX, DX
	JZ    last

piece:
	VPSADBW (SI), Y6, Y1
	VPADDQ  Y1, Y0, Y0
	ADDQ    $32, SI
	DECQ    DX
	JNZ     piece

last:
	VPAND        (SI), Y7, Y1
	VPSADBW      Y1, Y6, Y1
	VPADDQ       Y1, Y0, Y0
	VEXTRACTI128 $1, Y0, X1
	VPADDQ       X1, X0, X0
	VPSRLDQ      $8, X0, X1
	VPADDQ       X1, X0, X0
	VMOVD        X0, BX
	JMP          add

padding:
	MOVQ rowSumArgs_PadSum(AX), BX

add:
	ADDL BX, (DI)
	ADDQ $4, DI
	ADDQ R10, R9
	DECQ CX
	JNZ  row
	VZEROUPPER
	RET
