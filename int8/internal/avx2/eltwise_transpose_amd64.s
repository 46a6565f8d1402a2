//go:build amd64 && !noasm

#include "go_asm.h"
#include "textflag.h"
#include "eltwise_amd64.h"

// Byte matrices are turned by unpacks: of 8 rows a..h of 32 bytes, three rounds make every column's 8 bytes adjacent, two
// columns to the 16 bytes of a lane. The last tiles of a row and of a column overlap the ones before, which writes the same
// bytes again.

// ROUNDS turns rows r0..r7 into columns: afterwards r0 r1 ... r7 hold columns 0 1, 2 3, ... 14 15 of each lane; t is changed.
// The rounds pair (a e)(b f)(c g)(d h), then the results, so that the last one leaves a..h in order.
#define ROUNDS(r0, r1, r2, r3, r4, r5, r6, r7, t0, t1, t2, t3, t4, t5, t6, t7) \
	VPUNPCKLBW r4, r0, t0 \ // aeaeae... of columns 0..7
	VPUNPCKHBW r4, r0, t1 \ // of columns 8..15
	VPUNPCKLBW r5, r1, t2 \
	VPUNPCKHBW r5, r1, t3 \
	VPUNPCKLBW r6, r2, t4 \
	VPUNPCKHBW r6, r2, t5 \
	VPUNPCKLBW r7, r3, t6 \
	VPUNPCKHBW r7, r3, t7 \
	VPUNPCKLBW t4, t0, r0 \ // acegaceg... of columns 0..3
	VPUNPCKHBW t4, t0, r1 \ // 4..7
	VPUNPCKLBW t5, t1, r2 \ // 8..11
	VPUNPCKHBW t5, t1, r3 \ // 12..15
	VPUNPCKLBW t6, t2, r4 \ // bdfhbdfh...
	VPUNPCKHBW t6, t2, r5 \
	VPUNPCKLBW t7, t3, r6 \
	VPUNPCKHBW t7, t3, r7 \
	VPUNPCKLBW r4, r0, t0 \ // abcdefgh of columns 0, 1
	VPUNPCKHBW r4, r0, t1 \ // 2, 3
	VPUNPCKLBW r5, r1, t2 \ // 4, 5
	VPUNPCKHBW r5, r1, t3 \
	VPUNPCKLBW r6, r2, t4 \
	VPUNPCKHBW r6, r2, t5 \
	VPUNPCKLBW r7, r3, t6 \
	VPUNPCKHBW r7, r3, t7

// PUT2 stores two columns of 8 bytes, R9 bytes apart, at DX and moves DX behind them.
#define PUT2(x) \
	VMOVQ  x, (DX)     \
	VMOVHPS x, (DX)(R9*1) \
	LEAQ   (DX)(R9*2), DX

// PUT16 stores the 16 columns of X8..X15.
#define PUT16 \
	PUT2(X8)  \
	PUT2(X9)  \
	PUT2(X10) \
	PUT2(X11) \
	PUT2(X12) \
	PUT2(X13) \
	PUT2(X14) \
	PUT2(X15)

#define HIGH(y, x) VEXTRACTI128 $1, y, x

// func transpose(a *kernel.TransposeArgs)
//
//	SI source tile   DI destination of the row of tiles   R8 source row   R9 destination row   R10 3*R8
//	R11 rows left less 8   R12 source of the row of tiles   CX columns left less 32   BX 4 rows on   DX destination
TEXT ·transpose(SB), NOSPLIT, $0-8
	MOVQ a+0(FP), AX
	MOVQ transposeArgs_Dst(AX), DI
	MOVQ transposeArgs_Src(AX), R12
	MOVQ transposeArgs_SrcRow(AX), R8
	MOVQ transposeArgs_DstRow(AX), R9
	MOVQ transposeArgs_M(AX), R11
	LEAQ (R8)(R8*2), R10
	SUBQ $8, R11

rows:
	MOVQ R12, SI
	MOVQ DI, DX
	MOVQ transposeArgs_N(AX), CX
	SUBQ $32, CX
	JLT  narrow

wide:
	LEAQ    (SI)(R8*4), BX
	VMOVDQU (SI), Y0
	VMOVDQU (SI)(R8*1), Y1
	VMOVDQU (SI)(R8*2), Y2
	VMOVDQU (SI)(R10*1), Y3
	VMOVDQU (BX), Y4
	VMOVDQU (BX)(R8*1), Y5
	VMOVDQU (BX)(R8*2), Y6
	VMOVDQU (BX)(R10*1), Y7
	ROUNDS(Y0, Y1, Y2, Y3, Y4, Y5, Y6, Y7, Y8, Y9, Y10, Y11, Y12, Y13, Y14, Y15)
	PUT16
	HIGH(Y8, X8)
	HIGH(Y9, X9)
	HIGH(Y10, X10)
	HIGH(Y11, X11)
	HIGH(Y12, X12)
	HIGH(Y13, X13)
	HIGH(Y14, X14)
	HIGH(Y15, X15)
	PUT16
	ADDQ    $32, SI
	SUBQ    $32, CX
	JGE     wide

narrow:
	ADDQ $32, CX // columns left
	JZ   next

eight:
	CMPQ  CX, $8
	JGE   whole
	MOVQ  $8, BX // step back so that 8 columns are left
	SUBQ  CX, BX
	SUBQ  BX, SI
	IMULQ R9, BX
	SUBQ  BX, DX
	MOVQ  $8, CX

whole:
	LEAQ  (SI)(R8*4), BX
	VMOVQ (SI), X0
	VMOVQ (SI)(R8*1), X1
	VMOVQ (SI)(R8*2), X2
	VMOVQ (SI)(R10*1), X3
	VMOVQ (BX), X4
	VMOVQ (BX)(R8*1), X5
	VMOVQ (BX)(R8*2), X6
	VMOVQ (BX)(R10*1), X7
	ROUNDS(X0, X1, X2, X3, X4, X5, X6, X7, X8, X9, X10, X11, X12, X13, X14, X15)
	PUT2(X8)
	PUT2(X9)
	PUT2(X10)
	PUT2(X11)
	ADDQ  $8, SI
	SUBQ  $8, CX
	JNZ   eight

next:
	TESTQ R11, R11
	JZ    done
	LEAQ  (R12)(R8*8), R12
	ADDQ  $8, DI
	SUBQ  $8, R11
	JGE   rows
	ADDQ  R11, DI // step back so that 8 rows are left
	IMULQ R8, R11
	ADDQ  R11, R12
	XORL  R11, R11
	JMP   rows

done:
	VZEROUPPER
	RET

// OR3 makes y of the bytes that m0, m1 and m2 take from planes Y0, Y1 and Y2.
#define OR3(m0, m1, m2, y, t) \
	VPSHUFB m0, Y0, y \
	VPSHUFB m1, Y1, t \
	VPOR    t, y, y   \
	VPSHUFB m2, Y2, t \
	VPOR    t, y, y

// func interleave3(a *kernel.TransposeArgs)
//
// 32 pixels at a time, 16 in each lane, the last ones again where they are fewer; for less than 32 of all one lane at a time.
//
//	SI, R8, R9 planes   DI destination   CX pixels left   Y4..Y12 masks
TEXT ·interleave3(SB), NOSPLIT, $0-8
	MOVQ a+0(FP), AX
	MOVQ transposeArgs_Dst(AX), DI
	MOVQ transposeArgs_Src(AX), SI
	MOVQ transposeArgs_SrcRow(AX), R10
	MOVQ transposeArgs_N(AX), CX
	LEAQ (SI)(R10*1), R8
	LEAQ (SI)(R10*2), R9
	VBROADCASTI128 take3<>+0(SB), Y4
	VBROADCASTI128 take3<>+16(SB), Y5
	VBROADCASTI128 take3<>+32(SB), Y6
	VBROADCASTI128 take3<>+48(SB), Y7
	VBROADCASTI128 take3<>+64(SB), Y8
	VBROADCASTI128 take3<>+80(SB), Y9
	VBROADCASTI128 take3<>+96(SB), Y10
	VBROADCASTI128 take3<>+112(SB), Y11
	VBROADCASTI128 take3<>+128(SB), Y12
	XORL BX, BX // pixel
	SUBQ $32, CX
	JLT  half

loop:
	VMOVDQU (SI)(BX*1), Y0
	VMOVDQU (R8)(BX*1), Y1
	VMOVDQU (R9)(BX*1), Y2
	LEAQ    (BX)(BX*2), DX
	OR3(Y4, Y5, Y6, Y3, Y15)
	OR3(Y7, Y8, Y9, Y13, Y15)
	OR3(Y10, Y11, Y12, Y14, Y15)
	VMOVDQU X3, 0(DI)(DX*1)
	VMOVDQU X13, 16(DI)(DX*1)
	VMOVDQU X14, 32(DI)(DX*1)
	VEXTRACTI128 $1, Y3, 48(DI)(DX*1)
	VEXTRACTI128 $1, Y13, 64(DI)(DX*1)
	VEXTRACTI128 $1, Y14, 80(DI)(DX*1)
	ADDQ    $32, BX
	CMPQ    BX, CX
	JLE     loop
	LEAQ    32(CX), DX
	CMPQ    BX, DX
	JEQ     done3
	MOVQ    CX, BX // the last 32
	JMP     loop

half:
	ADDQ $16, CX // pixels beyond 16

lane:
	VMOVDQU (SI)(BX*1), X0
	VMOVDQU (R8)(BX*1), X1
	VMOVDQU (R9)(BX*1), X2
	LEAQ    (BX)(BX*2), DX
	OR3(Y4, Y5, Y6, Y3, Y15)
	OR3(Y7, Y8, Y9, Y13, Y15)
	OR3(Y10, Y11, Y12, Y14, Y15)
	VMOVDQU X3, 0(DI)(DX*1)
	VMOVDQU X13, 16(DI)(DX*1)
	VMOVDQU X14, 32(DI)(DX*1)
	CMPQ    BX, CX
	JEQ     done3
	MOVQ    CX, BX // the last 16
	JMP     lane

done3:
	VZEROUPPER
	RET

// func interleave4(a *kernel.TransposeArgs)
//
// 32 pixels at a time, the last ones again where they are fewer; for less than 32 of all 16 at a time.
//
//	SI, R8, R9, R10 planes   DI destination   CX pixels left
TEXT ·interleave4(SB), NOSPLIT, $0-8
	MOVQ a+0(FP), AX
	MOVQ transposeArgs_Dst(AX), DI
	MOVQ transposeArgs_Src(AX), SI
	MOVQ transposeArgs_SrcRow(AX), DX
	MOVQ transposeArgs_N(AX), CX
	LEAQ (SI)(DX*1), R8
	LEAQ (SI)(DX*2), R9
	LEAQ (R8)(DX*2), R10
	XORL BX, BX
	SUBQ $32, CX
	JLT  half4

loop4:
	VMOVDQU    (SI)(BX*1), Y0
	VMOVDQU    (R8)(BX*1), Y1
	VMOVDQU    (R9)(BX*1), Y2
	VMOVDQU    (R10)(BX*1), Y3
	LEAQ       (DI)(BX*4), DX
	VPUNPCKLBW Y1, Y0, Y4 // pixels 0..7 of each lane
	VPUNPCKHBW Y1, Y0, Y5 // 8..15
	VPUNPCKLBW Y3, Y2, Y6
	VPUNPCKHBW Y3, Y2, Y7
	VPUNPCKLWD Y6, Y4, Y0 // 0..3
	VPUNPCKHWD Y6, Y4, Y1 // 4..7
	VPUNPCKLWD Y7, Y5, Y2
	VPUNPCKHWD Y7, Y5, Y3
	VMOVDQU    X0, 0(DX)
	VMOVDQU    X1, 16(DX)
	VMOVDQU    X2, 32(DX)
	VMOVDQU    X3, 48(DX)
	VEXTRACTI128 $1, Y0, 64(DX)
	VEXTRACTI128 $1, Y1, 80(DX)
	VEXTRACTI128 $1, Y2, 96(DX)
	VEXTRACTI128 $1, Y3, 112(DX)
	ADDQ       $32, BX
	CMPQ       BX, CX
	JLE        loop4
	LEAQ       32(CX), DX
	CMPQ       BX, DX
	JEQ        done4
	MOVQ       CX, BX
	JMP        loop4

half4:
	ADDQ $16, CX

lane4:
	VMOVDQU    (SI)(BX*1), X0
	VMOVDQU    (R8)(BX*1), X1
	VMOVDQU    (R9)(BX*1), X2
	VMOVDQU    (R10)(BX*1), X3
	LEAQ       (DI)(BX*4), DX
	VPUNPCKLBW X1, X0, X4
	VPUNPCKHBW X1, X0, X5
	VPUNPCKLBW X3, X2, X6
	VPUNPCKHBW X3, X2, X7
	VPUNPCKLWD X6, X4, X0
	VPUNPCKHWD X6, X4, X1
	VPUNPCKLWD X7, X5, X2
	VPUNPCKHWD X7, X5, X3
	VMOVDQU    X0, 0(DX)
	VMOVDQU    X1, 16(DX)
	VMOVDQU    X2, 32(DX)
	VMOVDQU    X3, 48(DX)
	CMPQ       BX, CX
	JEQ        done4
	MOVQ       CX, BX
	JMP        lane4

done4:
	VZEROUPPER
	RET

// take3 holds, for each 16 of 48 bytes and each plane, the pixel that goes to a byte, 0x80 where it is another plane's.
DATA take3<>+0(SB)/8, $0x8002808001808000
DATA take3<>+8(SB)/8, $0x0580800480800380
DATA take3<>+16(SB)/8, $0x0280800180800080
DATA take3<>+24(SB)/8, $0x8080048080038080
DATA take3<>+32(SB)/8, $0x8080018080008080
DATA take3<>+40(SB)/8, $0x8004808003808002
DATA take3<>+48(SB)/8, $0x8080078080068080
DATA take3<>+56(SB)/8, $0x800a808009808008
DATA take3<>+64(SB)/8, $0x8007808006808005
DATA take3<>+72(SB)/8, $0x0a80800980800880
DATA take3<>+80(SB)/8, $0x0780800680800580
DATA take3<>+88(SB)/8, $0x8080098080088080
DATA take3<>+96(SB)/8, $0x0d80800c80800b80
DATA take3<>+104(SB)/8, $0x80800f80800e8080
DATA take3<>+112(SB)/8, $0x80800c80800b8080
DATA take3<>+120(SB)/8, $0x800f80800e80800d
DATA take3<>+128(SB)/8, $0x800c80800b80800a
DATA take3<>+136(SB)/8, $0x0f80800e80800d80
GLOBL take3<>(SB), RODATA|NOPTR, $144
