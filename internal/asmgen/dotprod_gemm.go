package main

import "github.com/octet-ml/octet/internal/a64"

var gemmDotProd = a64Gemm{mr: 6, inner: gemmDotProdTap, notes: `
u8*s8 matrix products with SDOT; kernel.GemmArgs is the contract, Gemm.Signed is set.

gemm<h>x16 computes tiles of h rows by 16 columns. Four bytes of k stand together for a column; SDOT by element multiplies
four columns (the weights) by four bytes of a row, which an exclusive or with 0x80 has made signed:

                  w0     w1     w2     w3      <- four columns each, four bytes of k
    row 0 (V4h)   V0     V1     V2     V3
    row 1         V4     V5     V6     V7
    ...

Rows are loaded 16 bytes at a time, the last K%16 bytes four at a time. Weights go through the registers that the tile
leaves free, each loaded again as soon as it has been used.`}

func gemmDotProdTap(t *text, h int) {
	t.op("SUBS $16, R7, R7")
	t.op("BLT rest")
	t.op("PCALIGN $16")
	t.label("loop")
	gemmDotProdStep(t, h, 4)
	t.op("SUBS $16, R7, R7")
	t.op("BGE loop")
	t.label("rest")
	t.op("ADDS $16, R7, R7")
	t.op("BEQ done")
	t.label("quad")
	gemmDotProdStep(t, h, 1)
	t.op("SUBS $4, R7, R7")
	t.op("BNE quad")
	t.label("done")
}

// gemmDotProdStep adds 4*quads bytes of k.
func gemmDotProdStep(t *text, h, quads int) {
	rows := 4 * h
	free := rows + h
	ring := min(8, 32-free)
	for m := range h {
		if quads == 1 {
			t.op("VLD1R.P 4(%s), [V%d.S4]", a64Row(m), rows+m)
		} else {
			t.op("VLD1.P 16(%s), [V%d.B16]", a64Row(m), rows+m)
		}
	}
	t.op("VMOVI $128, V%d.B16", free)
	for m := range h {
		t.op("VEOR V%d.B16, V%d.B16, V%d.B16", free, rows+m, rows+m)
	}
	load := func(i int) {
		if i < 4*quads {
			t.op("VLD1.P 16(R1), [V%d.B16]", free+i%ring)
		}
	}
	for i := range ring {
		load(i)
	}
	for i := range 4 * quads {
		for m := range h {
			t.lane(a64.SDOTLane, i/4, 4*m+i%4, free+i%ring, rows+m)
		}
		load(i + ring)
	}
}
