// Macros of the elementwise kernels.

// BCAST32 fills ymm y with the 32-bit constant c; uses R10 and x, the low half of y.
#define BCAST32(c, x, y) \
	MOVL         $c, R10 \
	VMOVD        R10, x  \
	VPBROADCASTD x, y

// STORE_TAIL stores the low CX (1..31) bytes of Y0 at DI; changes X0 and DI, keeps CX. done is the label that follows.
#define STORE_TAIL(w8, w4, w2, w1, done) \
	TESTQ        $16, CX     \
	JZ           w8          \
	VMOVDQU      X0, (DI)    \
	ADDQ         $16, DI     \
	VEXTRACTI128 $1, Y0, X0  \
w8: \
	TESTQ        $8, CX      \
	JZ           w4          \
	VMOVQ        X0, (DI)    \
	ADDQ         $8, DI      \
	VPSRLDQ      $8, X0, X0  \
w4: \
	TESTQ        $4, CX      \
	JZ           w2          \
	VMOVD        X0, (DI)    \
	ADDQ         $4, DI      \
	VPSRLDQ      $4, X0, X0  \
w2: \
	TESTQ        $2, CX      \
	JZ           w1          \
	VPEXTRW      $0, X0, (DI) \
	ADDQ         $2, DI      \
	VPSRLDQ      $2, X0, X0  \
w1: \
	TESTQ        $1, CX      \
	JZ           done        \
	VPEXTRB      $0, X0, (DI) \
	INCQ         DI
