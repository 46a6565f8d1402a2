package main

import "fmt"

const transposeNEONNotes = `
Transposition of bytes; kernel.TransposeArgs is the contract.

Of 8 rows of 16 bytes, three rounds of interleaving make every column's 8 bytes adjacent, two columns to a register. The last tiles
of a row and of a column overlap the ones before, which writes the same bytes again.`

func transposeNEON() []byte {
	t := head("arm64 && !noasm", transposeNEONNotes)
	turnNEON(t)
	interleaveNEON(t, 3, "three")
	interleaveNEON(t, 4, "four")
	return t.Bytes()
}

// rounds turns rows V0..V7 into columns V8..V15; V0..V7 are spent.
func (t *text) rounds() {
	for round := range 3 {
		from, to := round%2*8, 8-round%2*8
		for i := range 4 {
			t.op("VZIP1 V%d.B16, V%d.B16, V%d.B16", from+4+i, from+i, to+2*i)
			t.op("VZIP2 V%d.B16, V%d.B16, V%d.B16", from+4+i, from+i, to+2*i+1)
		}
	}
}

// turnNEON goes by tiles of 8 rows x 16 columns, and of 8 x 8 at the end of a row.
//
// R1 and R2 are destination and source of a row of tiles, R3 the rows left less 8, R5 and R6 the bytes between rows of source and
// destination, R7 and R8 source and destination of the tile, R4 the columns left.
func turnNEON(t *text) {
	t.function("transpose", "kernel.TransposeArgs", 0, "rows to columns.")
	t.op("MOVD a+0(FP), R0")
	for _, f := range [][2]string{{"Dst", "R1"}, {"Src", "R2"}, {"M", "R3"}, {"SrcRow", "R5"}, {"DstRow", "R6"}} {
		t.op("MOVD transposeArgs_%s(R0), %s", f[0], f[1])
	}
	t.op("SUB $8, R3")
	t.label("rows")
	t.op("MOVD R2, R7")
	t.op("MOVD R1, R8")
	t.op("MOVD transposeArgs_N(R0), R4")
	tile := func(columns int, arrangement string) {
		t.op("MOVD R7, R9")
		for i := range 8 {
			t.op("VLD1 (R9), [V%d.%s]", i, arrangement)
			if i < 7 {
				t.op("ADD R5, R9")
			}
		}
		t.rounds()
		for i := range columns {
			t.op("VST1 V%d.D[%d], (R8)", 8+i/2, i%2)
			t.op("ADD R6, R8")
		}
		t.op("ADD $%d, R7", columns)
	}
	t.op("SUBS $16, R4, R4")
	t.op("BLT narrow")
	t.label("wide")
	tile(16, "B16")
	t.op("SUBS $16, R4, R4")
	t.op("BGE wide")
	t.label("narrow")
	t.op("ADDS $16, R4, R4")
	t.op("BEQ next")
	t.label("eight")
	t.op("SUBS $8, R4, R4")
	t.op("BGE whole")
	t.op("ADD R4, R7") // step back so that 8 columns are left
	t.op("MUL R6, R4, R9")
	t.op("ADD R9, R8")
	t.op("MOVD $0, R4")
	t.label("whole")
	tile(8, "B8")
	t.op("CBNZ R4, eight")
	t.label("next")
	t.op("CBZ R3, done")
	t.op("ADD R5<<3, R2")
	t.op("ADD $8, R1")
	t.op("SUBS $8, R3, R3")
	t.op("BGE rows")
	t.op("ADD R3, R1") // step back so that 8 rows are left
	t.op("MUL R5, R3, R9")
	t.op("ADD R9, R2")
	t.op("MOVD $0, R3")
	t.op("B rows")
	t.label("done")
	t.op("RET")
}

// interleaveNEON takes 16 pixels at a time, the last ones again where they are fewer. R2, R7, R8, R9 are the planes, R1 the
// destination, R4 the pixels left less 16.
func interleaveNEON(t *text, n int, word string) {
	t.function(fmt.Sprint("interleave", n), "kernel.TransposeArgs", 0, word+" planes to pixels.")
	t.op("MOVD a+0(FP), R0")
	for _, f := range [][2]string{{"Dst", "R1"}, {"Src", "R2"}, {"N", "R4"}, {"SrcRow", "R5"}} {
		t.op("MOVD transposeArgs_%s(R0), %s", f[0], f[1])
	}
	planes := []string{"R2", "R7", "R8", "R9"}[:n]
	for i := 1; i < n; i++ {
		t.op("ADD R5, %s, %s", planes[i-1], planes[i])
	}
	t.op("SUB $16, R4")
	t.label("loop")
	for i, p := range planes {
		t.op("VLD1.P 16(%s), [V%d.B16]", p, i)
	}
	t.op("VST%d.P %s, %d(R1)", n, vecs(0, n, "B16"), 16*n)
	t.op("SUBS $16, R4, R4")
	t.op("BGE loop")
	t.op("ADDS $16, R4, R5")
	t.op("BEQ done")
	for _, p := range planes { // R4 is negative: step back so that 16 pixels are left
		t.op("ADD R4, %s", p)
	}
	t.op("MOVD $%d, R5", n)
	t.op("MUL R5, R4, R5")
	t.op("ADD R5, R1")
	t.op("MOVD $0, R4")
	t.op("B loop")
	t.label("done")
	t.op("RET")
}
