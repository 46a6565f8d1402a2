package main

import (
	"fmt"

	"github.com/octet-ml/octet/internal/a64"
)

// a64Gemm is a family of matrix products of 16 columns for arm64.
//
// R0 is the argument struct, R1 the weights, R2 the offsets of the next tap's rows or the next tile's first row, R3 the tiles
// left, R4 the output, R5 the row biases, R6 the taps left, R7 the depth left, R8 to R12 scratch, R19 and up the rows. V0 and
// up accumulate, four vectors for each row.
type a64Gemm struct {
	notes string
	mr    int
	inner func(t *text, h int) // adds the products of a tap
}

// a64Row is the register that walks along row m.
func a64Row(m int) string { return fmt.Sprint("R", 19+m) }

func (g *a64Gemm) make() []byte {
	t := head("arm64 && !noasm", g.notes)
	for h := 1; h <= g.mr; h++ {
		g.tile(t, h)
	}
	return t.Bytes()
}

// tile writes the function for tiles of h rows.
func (g *a64Gemm) tile(t *text, h int) {
	t.function(fmt.Sprintf("gemm%dx16", h), "kernel.GemmArgs", 0, fmt.Sprintf("%d rows by 16 columns.", h))
	t.op("MOVD a+0(FP), R0")
	t.op("MOVD gemmArgs_Offs(R0), R2")
	t.op("CBNZ R2, indexed")
	t.op("MOVD gemmArgs_Base(R0), R2")
	t.label("indexed")
	t.op("MOVD gemmArgs_Tiles(R0), R3")
	t.op("MOVD gemmArgs_C(R0), R4")
	t.op("MOVD gemmArgs_RowBias(R0), R5")
	t.label("tile")
	t.op("MOVD gemmArgs_Bias(R0), R1")
	for m := range h {
		t.op("VLD1 (R1), %s", vecs(4*m, 4, "S4"))
	}
	t.op("CBZ R5, begun")
	for m := range h {
		t.op("VLD1R.P 4(R5), [V31.S4]")
		for j := range 4 {
			t.op("VADD V31.S4, V%d.S4, V%d.S4", 4*m+j, 4*m+j)
		}
	}
	t.label("begun")
	t.op("MOVD gemmArgs_Taps(R0), R6")
	t.op("MOVD gemmArgs_B(R0), R1")
	t.label("tap")
	a64GemmRows(t, h)
	t.op("MOVD gemmArgs_K(R0), R7")
	g.inner(t, h)
	t.op("SUBS $1, R6, R6")
	t.op("BNE tap")
	a64GemmEpilogue(t, h)
	t.op("SUBS $1, R3, R3")
	t.op("BNE tile")
	t.op("RET")
}

// a64GemmRows finds the tap's rows.
func a64GemmRows(t *text, h int) {
	t.op("MOVD gemmArgs_Offs(R0), R11")
	t.op("CBZ R11, direct")
	t.op("MOVD gemmArgs_Base(R0), R9")
	t.op("MOVD gemmArgs_Pad(R0), R10")
	for m := range h {
		t.op("MOVW.P 4(R2), R11")
		t.op("ADD R9, R11, %s", a64Row(m))
		t.op("CMP $0, R11")
		t.op("CSEL LT, R10, %s, %s", a64Row(m), a64Row(m))
	}
	t.op("B ready")
	t.label("direct")
	t.op("MOVD gemmArgs_RowStride(R0), R11")
	t.op("MOVD R2, %s", a64Row(0))
	for m := 1; m < h; m++ {
		t.op("ADD R11, %s, %s", a64Row(m-1), a64Row(m))
	}
	t.op("ADD R11, %s, R2", a64Row(h-1))
	t.label("ready")
}

func a64GemmEpilogue(t *text, h int) {
	t.op("MOVD gemmArgs_LDC(R0), R8")
	t.op("MOVD gemmArgs_Output(R0), R11")
	t.op("CMP $const_outI32, R11")
	t.op("BEQ raw")
	t.op("MOVD gemmArgs_Mult(R0), R12")
	t.op("VLD1 (R12), %s", vecs(24, 4, "S4"))
	t.splat("MOVWU", "gemmArgs_HiF(R0)", 28, "S4")
	for i := range 4 * h {
		t.word(a64.SCVTF, i, i)
		t.word(a64.FMUL, i, i, 24+i%4)
		t.word(a64.FMIN, i, i, 28)
	}
	t.op("CMP $const_outF32, R11")
	t.op("BEQ real")
	t.splat("MOVW", "gemmArgs_Zero(R0)", 29, "H8")
	t.splat("MOVBU", "gemmArgs_Lo(R0)", 30, "B16")
	for m := range h {
		for j := range 4 {
			t.word(a64.FCVTNS, 4*m+j, 4*m+j)
		}
		t.narrow(4*m, 29)
		t.op("VUMAX V30.B16, V%d.B16, V%d.B16", 4*m, 4*m)
	}
	t.op("MOVD gemmArgs_Cols(R0), R11")
	t.op("CMP $16, R11")
	t.op("BNE partial")
	for m := range h {
		t.op("VST1 [V%d.B16], (R4)", 4*m)
		t.op("ADD R8, R4, R4")
	}
	t.op("B next")
	t.label("partial")
	for m := range h {
		t.op("MOVD R4, R12")
		t.storeBytes(4*m, "R12", "R11", fmt.Sprint("row", m))
		t.op("ADD R8, R4, R4")
	}
	t.op("B next")
	t.label("real")
	t.splat("MOVWU", "gemmArgs_LoF(R0)", 28, "S4")
	for i := range 4 * h {
		t.word(a64.FMAX, i, i, 28)
	}
	t.label("raw")
	for m := range h {
		t.op("VST1 %s, (R4)", vecs(4*m, 4, "S4"))
		t.op("ADD R8, R4, R4")
	}
	t.label("next")
}
