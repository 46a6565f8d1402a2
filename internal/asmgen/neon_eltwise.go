package main

import (
	"fmt"

	"github.com/octet-ml/octet/internal/a64"
)

const eltwiseNEONNotes = `
Tables, quantization, sums and products of bytes; the argument structs of package kernel are the contracts.

Results are made 16 bytes at a time; the last ones of a row are computed in whole and stored in part.`

func eltwiseNEON() []byte {
	t := head("arm64 && !noasm", eltwiseNEONNotes)
	lookupNEON(t)
	quantizeNEON(t)
	binaryNEON(t, "add", "sums.", addNEON)
	binaryNEON(t, "mul", "products.", mulNEON)
	return t.Bytes()
}

// lookupNEON keeps the table in V16..V31. A quarter of it at a time: indices beyond the quarter leave the lane as it is.
func lookupNEON(t *text) {
	t.function("lookup", "kernel.LookupArgs", 0, "table lookups.")
	t.op("MOVD a+0(FP), R0")
	t.op("MOVD lookupArgs_Dst(R0), R1")
	t.op("MOVD lookupArgs_Src(R0), R2")
	t.op("MOVD lookupArgs_N(R0), R3")
	t.op("CBZ R3, done")
	t.op("MOVD lookupArgs_Table(R0), R4")
	t.op("ADD $table_Plain, R4")
	for i := range 4 {
		t.op("VLD1.P 64(R4), %s", vecs(16+4*i, 4, "B16"))
	}
	t.op("VMOVI $64, V8.B16")
	look := func(n int) {
		for i := range n {
			t.op("VTBL V%d.B16, %s, V%d.B16", i, vecs(16, 4, "B16"), 4+i)
		}
		for quarter := 1; quarter < 4; quarter++ {
			for i := range n {
				t.op("VSUB V8.B16, V%d.B16, V%d.B16", i, i)
				t.op("VTBX V%d.B16, %s, V%d.B16", i, vecs(16+4*quarter, 4, "B16"), 4+i)
			}
		}
	}
	t.op("SUBS $64, R3, R3")
	t.op("BLT rest")
	t.label("loop")
	t.op("VLD1.P 64(R2), %s", vecs(0, 4, "B16"))
	look(4)
	t.op("VST1.P %s, 64(R1)", vecs(4, 4, "B16"))
	t.op("SUBS $64, R3, R3")
	t.op("BGE loop")
	t.label("rest")
	t.op("ADDS $64, R3, R3")
	t.op("BEQ done")
	t.label("small")
	t.op("VLD1.P 16(R2), [V0.B16]")
	look(1)
	t.op("CMP $16, R3")
	t.op("BLT partial")
	t.op("VST1.P [V4.B16], 16(R1)")
	t.op("SUBS $16, R3, R3")
	t.op("BNE small")
	t.label("done")
	t.op("RET")
	t.label("partial")
	t.storeBytes(4, "R1", "R3", "")
	t.op("RET")
}

// quantizeNEON reads 16 values at a time, or 8 near the end, so that it stays within the allowance of 31 bytes.
func quantizeNEON(t *text) {
	t.function("quantize", "kernel.QuantizeArgs", 0, "float32 to bytes.")
	t.op("MOVD a+0(FP), R0")
	t.op("MOVD quantizeArgs_Dst(R0), R1")
	t.op("MOVD quantizeArgs_Src(R0), R2")
	t.op("MOVD quantizeArgs_N(R0), R3")
	t.op("MOVD quantizeArgs_Params(R0), R4")
	t.op("MOVWU quantizeParams_Inv(R4), R5")
	for i, f := range []string{"Scale", "Lo", "Hi", "Zero", "Flip"} {
		t.splat("MOVWU", fmt.Sprintf("quantizeParams_%s(R4)", f), 16+i, "S4")
	}
	values := func(n int) {
		product, scaled := fmt.Sprint("product", n), fmt.Sprint("scaled", n)
		t.op("VLD1.P %d(R2), %s", 16*n, vecs(0, n, "S4"))
		t.op("CBNZ R5, %s", product)
		for i := range n {
			t.word(a64.FDIV, i, i, 16)
		}
		t.op("B %s", scaled)
		t.label(product)
		for i := range n {
			t.word(a64.FMUL, i, i, 16)
		}
		t.label(scaled)
		for i := range n {
			t.word(a64.FCMEQ, 4+i, i, i) // false for a NaN alone
			t.op("VAND V%d.B16, V%d.B16, V%d.B16", 4+i, i, i)
			t.word(a64.FMAX, i, i, 17)
			t.word(a64.FMIN, i, i, 18)
			t.word(a64.FCVTNS, i, i)
			t.op("VADD V19.S4, V%d.S4, V%d.S4", i, i)
		}
		for i := 0; i < n; i += 2 {
			t.op("VUZP1 V%d.H8, V%d.H8, V%d.H8", i+1, i, i)
		}
		t.op("VUZP1 V%d.B16, V0.B16, V0.B16", n-2)
		t.op("VEOR V20.B16, V0.B16, V0.B16")
	}
	t.op("SUBS $16, R3, R3")
	t.op("BLT rest")
	t.label("loop")
	values(4)
	t.op("VST1.P [V0.B16], 16(R1)")
	t.op("SUBS $16, R3, R3")
	t.op("BGE loop")
	t.label("rest")
	t.op("ADDS $16, R3, R3")
	t.op("BEQ done")
	t.label("small")
	values(2)
	t.op("CMP $8, R3")
	t.op("BLT partial")
	t.op("VST1.P [V0.B8], 8(R1)")
	t.op("SUBS $8, R3, R3")
	t.op("BNE small")
	t.label("done")
	t.op("RET")
	t.label("partial")
	t.storeBytes(0, "R1", "R3", "")
	t.op("RET")
}

// binaryNEON writes a kernel that goes by rows; values makes the real results of a = V20, V21 and b = V22, V23 (int16, zero
// points taken off) in V0..V3. V16 and V17 are the scales.
func binaryNEON(t *text, name, doc string, values func(t *text)) {
	t.function(name, "kernel.BinaryArgs", 0, doc)
	t.op("MOVD a+0(FP), R0")
	for _, f := range [][2]string{{"Dst", "R1"}, {"A", "R2"}, {"B", "R3"}, {"N", "R4"}, {"Rows", "R5"}, {"Row", "R6"}, {"BRow", "R7"}, {"Params", "R8"}} {
		t.op("MOVD binaryArgs_%s(R0), %s", f[0], f[1])
	}
	t.op("CBZ R4, done")
	t.op("CBZ R5, done")
	for i, f := range []string{"AScale", "BScale", "Lo", "Hi"} {
		t.splat("MOVWU", fmt.Sprintf("binaryParams_%s(R8)", f), 16+i, "S4")
	}
	for i, f := range []string{"AZero", "BZero", "OutZero"} {
		t.splat("MOVW", fmt.Sprintf("binaryParams_%s(R8)", f), 24+i, "H8")
	}
	t.label("row")
	for i, r := range []string{"R1", "R2", "R3", "R4"} {
		t.op("MOVD %s, R%d", r, 9+i)
	}
	t.label("loop")
	t.op("VLD1.P 16(R10), [V4.B16]")
	t.op("VLD1.P 16(R11), [V5.B16]")
	for i := range 2 {
		t.op("VUXTL V%d.B8, V%d.H8", 4+i, 20+2*i)
		t.op("VUXTL2 V%d.B16, V%d.H8", 4+i, 21+2*i)
		for j := range 2 {
			t.op("VSUB V%d.H8, V%d.H8, V%d.H8", 24+i, 20+2*i+j, 20+2*i+j)
		}
	}
	values(t)
	for i := range 4 {
		t.word(a64.FMAXNM, i, i, 18) // a NaN gives Lo
		t.word(a64.FMIN, i, i, 19)
		t.word(a64.FCVTNS, i, i)
	}
	t.narrow(0, 26)
	t.op("CMP $16, R12")
	t.op("BLT partial")
	t.op("VST1.P [V0.B16], 16(R9)")
	t.op("SUBS $16, R12, R12")
	t.op("BNE loop")
	t.label("next")
	t.op("ADD R6, R1")
	t.op("ADD R6, R2")
	t.op("ADD R7, R3")
	t.op("SUBS $1, R5, R5")
	t.op("BNE row")
	t.label("done")
	t.op("RET")
	t.label("partial")
	t.storeBytes(0, "R9", "R12", "")
	t.op("B next")
}

func addNEON(t *text) {
	for i := range 4 { // a in V0..V3, b in V4..V7
		t.word(a64.SXTLS, 2*i, 20+i)
		t.word(a64.SXTL2S, 2*i+1, 20+i)
	}
	for i := range 8 {
		t.word(a64.SCVTF, i, i)
		t.word(a64.FMUL, i, i, 16+i/4)
	}
	for i := range 4 {
		t.word(a64.FADD, i, i, 4+i)
	}
}

func mulNEON(t *text) {
	for i := range 2 {
		t.word(a64.SMULLH, 2*i, 20+i, 22+i)
		t.word(a64.SMULL2H, 2*i+1, 20+i, 22+i)
	}
	for i := range 4 {
		t.word(a64.SCVTF, i, i)
		t.word(a64.FMUL, i, i, 16)
	}
}
