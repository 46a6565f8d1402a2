//go:build amd64 && !noasm

#include "go_asm.h"
#include "textflag.h"
#include "eltwise_amd64.h"

// A table of 256 bytes is 16 tables of 16. VPSHUFB gives 0 for an index whose top bit is set, so with x less 16 at every
// step (saturating, so that negative stays negative) step h adds, by exclusive or, entry x-16h of Delta h only where
// x >= 16h, up to 127. The second half does the same with x ^ 0x80.
//
//	Y0-Y3 x   Y4-Y7 result   Y8 table of the step   Y9 16 in every byte   Y10-Y13 entries   Y15 0x80 in every byte

#define STEP4(off) \
	VBROADCASTI128 (off)(DX), Y8  \
	VPSHUFB        Y0, Y8, Y10    \
	VPSHUFB        Y1, Y8, Y11    \
	VPSHUFB        Y2, Y8, Y12    \
	VPSHUFB        Y3, Y8, Y13    \
	VPXOR          Y10, Y4, Y4    \
	VPXOR          Y11, Y5, Y5    \
	VPXOR          Y12, Y6, Y6    \
	VPXOR          Y13, Y7, Y7

#define NEXT4 \
	VPSUBSB Y9, Y0, Y0 \
	VPSUBSB Y9, Y1, Y1 \
	VPSUBSB Y9, Y2, Y2 \
	VPSUBSB Y9, Y3, Y3

#define HALF4(off) \
	STEP4(off+0)   \
	NEXT4          \
	STEP4(off+16)  \
	NEXT4          \
	STEP4(off+32)  \
	NEXT4          \
	STEP4(off+48)  \
	NEXT4          \
	STEP4(off+64)  \
	NEXT4          \
	STEP4(off+80)  \
	NEXT4          \
	STEP4(off+96)  \
	NEXT4          \
	STEP4(off+112)

#define STEP1(off) \
	VBROADCASTI128 (off)(DX), Y8  \
	VPSHUFB        Y0, Y8, Y10    \
	VPSUBSB        Y9, Y0, Y0     \
	VPXOR          Y10, Y4, Y4

#define HALF1(off) \
	STEP1(off+0)   \
	STEP1(off+16)  \
	STEP1(off+32)  \
	STEP1(off+48)  \
	STEP1(off+64)  \
	STEP1(off+80)  \
	STEP1(off+96)  \
	STEP1(off+112)

// LOOKUP1 sets Y4 to the entries of the 32 bytes at SI.
#define LOOKUP1 \
	VMOVDQU (SI), Y0      \
	VPXOR   Y4, Y4, Y4    \
	HALF1(0)              \
	VPXOR   (SI), Y15, Y0 \
	HALF1(128)

// func lookup(a *kernel.LookupArgs)
//
// Dst may be Src: each vector is read whole before it is stored, and reads beyond N do not reach a result.
TEXT ·lookup(SB), NOSPLIT, $0-8
	MOVQ a+0(FP), AX
	MOVQ lookupArgs_Dst(AX), DI
	MOVQ lookupArgs_Src(AX), SI
	MOVQ lookupArgs_N(AX), CX
	MOVQ lookupArgs_Table(AX), DX
	ADDQ $table_Delta, DX
	BCAST32(0x10101010, X9, Y9)
	BCAST32(0x80808080, X15, Y15)
	SUBQ $128, CX
	JLT  rest

four:
	VMOVDQU 0(SI), Y0
	VMOVDQU 32(SI), Y1
	VMOVDQU 64(SI), Y2
	VMOVDQU 96(SI), Y3
	VPXOR   Y4, Y4, Y4
	VPXOR   Y5, Y5, Y5
	VPXOR   Y6, Y6, Y6
	VPXOR   Y7, Y7, Y7
	HALF4(0)
	VPXOR   0(SI), Y15, Y0
	VPXOR   32(SI), Y15, Y1
	VPXOR   64(SI), Y15, Y2
	VPXOR   96(SI), Y15, Y3
	HALF4(128)
	VMOVDQU Y4, 0(DI)
	VMOVDQU Y5, 32(DI)
	VMOVDQU Y6, 64(DI)
	VMOVDQU Y7, 96(DI)
	ADDQ    $128, SI
	ADDQ    $128, DI
	SUBQ    $128, CX
	JGE     four

rest:
	ADDQ $96, CX // elements left - 32
	JLT  tail

one:
	LOOKUP1
	VMOVDQU Y4, (DI)
	ADDQ    $32, SI
	ADDQ    $32, DI
	SUBQ    $32, CX
	JGE     one

tail:
	ADDQ    $32, CX
	JZ      done
	LOOKUP1
	VMOVDQA Y4, Y0
	STORE_TAIL(w8, w4, w2, w1, done)

done:
	VZEROUPPER
	RET

// func lookupF32(a *kernel.LookupF32Args)
//
// Sixteen elements at a time by gathers, the rest one by one. Nothing is read beyond N.
TEXT ·lookupF32(SB), NOSPLIT, $0-8
	MOVQ a+0(FP), AX
	MOVQ lookupF32Args_Dst(AX), DI
	MOVQ lookupF32Args_Src(AX), SI
	MOVQ lookupF32Args_N(AX), CX
	MOVQ lookupF32Args_Table(AX), DX
	SUBQ $16, CX
	JLT  single

gather:
	VPMOVZXBD  (SI), Y0
	VPMOVZXBD  8(SI), Y1
	VPCMPEQD   Y4, Y4, Y4
	VPCMPEQD   Y5, Y5, Y5
	VGATHERDPS Y4, (DX)(Y0*4), Y2
	VGATHERDPS Y5, (DX)(Y1*4), Y3
	VMOVUPS    Y2, (DI)
	VMOVUPS    Y3, 32(DI)
	ADDQ       $16, SI
	ADDQ       $64, DI
	SUBQ       $16, CX
	JGE        gather

single:
	ADDQ $16, CX
	JZ   finished

next:
	MOVBLZX (SI), AX
	MOVL    (DX)(AX*4), BX
	MOVL    BX, (DI)
	INCQ    SI
	ADDQ    $4, DI
	DECQ    CX
	JNZ     next

finished:
	VZEROUPPER
	RET
