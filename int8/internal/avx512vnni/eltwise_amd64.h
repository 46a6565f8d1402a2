// Macros of the elementwise kernels.

// BCAST32 fills zmm z with the 32-bit constant c; uses R10.
#define BCAST32(c, z) \
	MOVL         $c, R10 \
	VPBROADCASTD R10, z

// MASK_FIRST sets mask k to the first min(n, 64) bytes, n >= 0; uses R10.
#define MASK_FIRST(n, k, set) \
	MOVQ  $-1, R10     \
	CMPQ  n, $64       \
	JGE   set          \
	BZHIQ n, R10, R10  \
set: \
	KMOVQ R10, k

// PICK sets the bits of x that are clear in the mask m to those of y.
#define PICK(m, y, x) VPTERNLOGD $0xe4, m, y, x

// JOIN sets z0 to byte 0 of z0, 1 of z1 << 8, 2 of z2 << 16, 3 of z3 << 24 of every dword; only the low bytes of the
// arguments matter. odd is 0x00ff00ff in every dword, low 0x0000ffff.
#define JOIN(odd, low, z0, z1, z2, z3) \
	VPSLLD $8, z1, z1  \
	VPSLLD $16, z2, z2 \
	VPSLLD $24, z3, z3 \
	PICK(odd, z1, z0)  \
	PICK(odd, z3, z2)  \
	PICK(low, z2, z0)
