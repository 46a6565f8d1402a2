package main

import "github.com/octet-ml/octet/internal/a64"

var gemmNEON = a64Gemm{mr: 4, inner: gemmNEONTap, notes: `
u8*s8 matrix products with SMULL and SADALP; kernel.GemmArgs is the contract, Gemm.Signed is set.

gemm<h>x16 computes tiles of h rows by 16 columns. Two bytes of k stand together for a column. A pair of bytes of a row, which
an exclusive or with 0x80 has made signed, is repeated over a vector; SMULL multiplies it by the pairs of four columns, exactly
in int16, and SADALP adds the products of each pair to a column:

                           V20       V21        <- eight columns each, two bytes of k
    row 0 (V16, V22 or 23)   V0 V1     V2 V3
    row 1 (V17)              V4 V5     V6 V7
    ...

V24 to V31 hold products. Rows are loaded 8 bytes at a time, the last K%8 bytes two at a time.`}

func gemmNEONTap(t *text, h int) {
	t.op("SUBS $8, R7, R7")
	t.op("BLT rest")
	t.op("PCALIGN $16")
	t.label("loop")
	gemmNEONRows(t, h, "VLD1.P 8(%s), [V%d.B8]")
	for q := range 4 {
		gemmNEONPair(t, h, func(m int) int {
			t.op("VDUP V%d.H[%d], V%d.H8", 16+m, q, 22+m%2)
			return 22 + m%2
		})
	}
	t.op("SUBS $8, R7, R7")
	t.op("BGE loop")
	t.label("rest")
	t.op("ADDS $8, R7, R7")
	t.op("BEQ done")
	t.label("pair")
	gemmNEONRows(t, h, "VLD1R.P 2(%s), [V%d.H8]")
	gemmNEONPair(t, h, func(m int) int { return 16 + m })
	t.op("SUBS $2, R7, R7")
	t.op("BNE pair")
	t.label("done")
}

// gemmNEONRows loads bytes of the rows into V16 and up, signed.
func gemmNEONRows(t *text, h int, load string) {
	for m := range h {
		t.op(load, a64Row(m), 16+m)
	}
	t.op("VMOVI $128, V24.B16")
	for m := range h {
		t.op("VEOR V24.B16, V%d.B16, V%d.B16", 16+m, 16+m)
	}
}

// gemmNEONPair adds two bytes of k; pair returns the register that repeats those of row m.
func gemmNEONPair(t *text, h int, pair func(m int) int) {
	t.op("VLD1.P 32(R1), %s", vecs(20, 2, "B16"))
	for m := range h {
		d, p := pair(m), 24+4*(m%2)
		for j := range 2 {
			t.word(a64.SMULLB, p+2*j, 20+j, d)
			t.word(a64.SMULL2B, p+2*j+1, 20+j, d)
		}
		for j := range 4 {
			t.word(a64.SADALP, 4*m+j, p+j)
		}
	}
}
