package main

import "github.com/octet-ml/octet/internal/a64"

const poolNEONNotes = `
Pooling; kernel.PoolArgs is the contract.

R1 and R2 are output and input of the unit, R3 the units left, R4 the channels left, R5 and R6 output and input of the block of
channels, R7 the row of the window, R8 a tap, R9 and R10 the rows and columns of the window left, R11 and R12 their strides.
R13 counts the rows until 16-bit sums must be moved to 32 bits.`

func poolNEON() []byte {
	t := head("arm64 && !noasm", poolNEONNotes)
	maxPoolNEON(t)
	averagePoolNEON(t)
	return t.Bytes()
}

// poolUnits writes the loop over units; body computes the R4 channels of a unit from R6 to R5 and ends at label unitDone.
func poolUnits(t *text, body func()) {
	for _, f := range [][2]string{{"Dst", "R1"}, {"Src", "R2"}, {"Units", "R3"}, {"W", "R4"}, {"RowStride", "R11"}, {"ColStride", "R12"}} {
		t.op("MOVD poolArgs_%s(R0), %s", f[0], f[1])
	}
	t.op("CBZ R3, done")
	t.op("CBZ R4, done")
	t.label("unit")
	t.op("MOVD R1, R5")
	t.op("MOVD R2, R6")
	t.op("MOVD poolArgs_W(R0), R4")
	body()
	t.label("unitDone")
	t.op("MOVD poolArgs_DstUnit(R0), R7")
	t.op("ADD R7, R1")
	t.op("MOVD poolArgs_SrcUnit(R0), R7")
	t.op("ADD R7, R2")
	t.op("SUBS $1, R3, R3")
	t.op("BNE unit")
	t.label("done")
	t.op("RET")
}

// poolWindow writes the loops over the taps of a block of channels: tap is run with R8 at each, row after each row of them.
func poolWindow(t *text, suffix string, tap, row func()) {
	t.op("MOVD R6, R7")
	t.op("MOVD poolArgs_KH(R0), R9")
	t.label("row" + suffix)
	t.op("MOVD R7, R8")
	t.op("MOVD poolArgs_KW(R0), R10")
	t.label("tap" + suffix)
	tap()
	t.op("ADD R12, R8")
	t.op("SUBS $1, R10, R10")
	t.op("BNE tap" + suffix)
	t.op("ADD R11, R7")
	row()
	t.op("SUBS $1, R9, R9")
	t.op("BNE row" + suffix)
}

// maxPoolNEON takes 64 channels at a time, then 16.
func maxPoolNEON(t *text) {
	t.function("maxPool", "kernel.PoolArgs", 0, "maxima.")
	t.op("MOVD a+0(FP), R0")
	t.splat("MOVWU", "poolArgs_LoB(R0)", 16, "S4")
	t.splat("MOVWU", "poolArgs_HiB(R0)", 17, "S4")
	block := func(suffix string, n int) {
		for i := range n {
			t.op("VMOV V16.B16, V%d.B16", i)
		}
		poolWindow(t, suffix, func() {
			t.op("VLD1 (R8), %s", vecs(4, n, "B16"))
			for i := range n {
				t.op("VUMAX V%d.B16, V%d.B16, V%d.B16", 4+i, i, i)
			}
		}, func() {})
		for i := range n {
			t.op("VUMIN V17.B16, V%d.B16, V%d.B16", i, i)
		}
	}
	poolUnits(t, func() {
		t.op("SUBS $64, R4, R4")
		t.op("BLT rest")
		t.label("wide")
		block("Wide", 4)
		t.op("VST1.P %s, 64(R5)", vecs(0, 4, "B16"))
		t.op("ADD $64, R6")
		t.op("SUBS $64, R4, R4")
		t.op("BGE wide")
		t.label("rest")
		t.op("ADDS $64, R4, R4")
		t.op("BEQ unitDone")
		t.label("narrow")
		block("Narrow", 1)
		poolStore(t, 0)
	})
}

// poolStore stores 16 bytes of vector v, or the R4 that are left, and goes on to the next block at label narrow.
func poolStore(t *text, v int) {
	t.op("CMP $16, R4")
	t.op("BLT partial")
	t.op("VST1.P [V%d.B16], 16(R5)", v)
	t.op("ADD $16, R6")
	t.op("SUBS $16, R4, R4")
	t.op("BNE narrow")
	t.op("B unitDone")
	t.label("partial")
	t.storeBytes(v, "R5", "R4", "")
}

// averagePoolNEON sums 16 channels in V4, V5 (16 bits) and V0..V3 (32 bits).
func averagePoolNEON(t *text) {
	t.function("averagePool", "kernel.PoolArgs", 0, "means.")
	t.op("MOVD a+0(FP), R0")
	for i, f := range []string{"Bias", "Mult", "Lo", "Hi"} {
		t.splat("MOVWU", "poolArgs_"+f+"(R0)", 16+i, "S4")
	}
	t.splat("MOVW", "poolArgs_OutZero(R0)", 20, "H8")
	flush := func() {
		t.op("MOVD poolArgs_Flush(R0), R13")
		for i := range 2 {
			t.op("VUADDW V%d.H4, V%d.S4, V%d.S4", 4+i, 2*i, 2*i)
			t.op("VUADDW2 V%d.H8, V%d.S4, V%d.S4", 4+i, 2*i+1, 2*i+1)
			t.op("VMOVI $0, V%d.B16", 4+i)
		}
	}
	poolUnits(t, func() {
		t.label("narrow")
		for i := range 6 {
			t.op("VMOVI $0, V%d.B16", i)
		}
		t.op("MOVD poolArgs_Flush(R0), R13")
		poolWindow(t, "", func() {
			t.op("VLD1 (R8), [V6.B16]")
			t.op("VUADDW V6.B8, V4.H8, V4.H8")
			t.op("VUADDW2 V6.B16, V5.H8, V5.H8")
		}, func() {
			t.op("SUBS $1, R13, R13")
			t.op("BNE held")
			flush()
			t.label("held")
		})
		flush()
		for i := range 4 {
			t.op("VSUB V16.S4, V%d.S4, V%d.S4", i, i)
			t.word(a64.SCVTF, i, i)
			t.word(a64.FMUL, i, i, 17)
			t.word(a64.FMAXNM, i, i, 18) // a NaN gives Lo
			t.word(a64.FMIN, i, i, 19)
			t.word(a64.FCVTNS, i, i)
		}
		t.narrow(0, 20)
		poolStore(t, 0)
	})
}
