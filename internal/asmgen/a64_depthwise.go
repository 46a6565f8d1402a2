package main

import "github.com/octet-ml/octet/internal/a64"

// a64Depthwise writes a depthwise kernel of 32 channels; group adds a group of taps to V0..V7 and moves R7 (offsets) and R8
// (weights) past it. It may use R11 and V8 to V27; V31 is 0x80 in every byte.
//
// R0 is the argument struct, R1 and R2 the input of the row and of the pixel, R3 the pixels left, R4 and R5 the output of the
// pixel and of the row, R6 the taps left, R9 and R10 the distance of pixels, R13 the rows left, R14 biases, R15 multipliers.
func a64Depthwise(t *text, doc string, taps int, group func()) {
	t.function("depthwise", "kernel.DepthwiseArgs", 0, doc)
	t.op("MOVD a+0(FP), R0")
	for _, f := range [][2]string{{"In", "R1"}, {"Out", "R5"}, {"InPixel", "R9"}, {"OutPixel", "R10"}, {"Rows", "R13"}, {"Bias", "R14"}, {"Mult", "R15"}} {
		t.op("MOVD depthwiseArgs_%s(R0), %s", f[0], f[1])
	}
	t.splat("MOVWU", "depthwiseArgs_HiF(R0)", 28, "S4")
	t.splat("MOVW", "depthwiseArgs_Zero(R0)", 29, "H8")
	t.splat("MOVBU", "depthwiseArgs_Lo(R0)", 30, "B16")
	t.op("VMOVI $128, V31.B16")
	t.label("line")
	t.op("MOVD R1, R2")
	t.op("MOVD R5, R4")
	t.op("MOVD depthwiseArgs_Width(R0), R3")
	t.label("pixel")
	t.op("MOVD R14, R11")
	t.op("VLD1.P 64(R11), %s", vecs(0, 4, "S4"))
	t.op("VLD1 (R11), %s", vecs(4, 4, "S4"))
	t.op("MOVD depthwiseArgs_Taps(R0), R6")
	t.op("MOVD depthwiseArgs_Offs(R0), R7")
	t.op("MOVD depthwiseArgs_W(R0), R8")
	t.label("taps")
	group()
	t.op("SUBS $%d, R6, R6", taps)
	t.op("BNE taps")
	t.op("MOVD R4, R11")
	t.op("MOVD depthwiseArgs_Cols(R0), R6")
	t.op("MOVD depthwiseArgs_Output(R0), R7")
	t.op("CMP $const_outI32, R7")
	t.op("BEQ raw")
	a64DepthwiseBytes(t)
	t.label("next")
	t.op("ADD R9, R2, R2")
	t.op("ADD R10, R4, R4")
	t.op("SUBS $1, R3, R3")
	t.op("BNE pixel")
	t.op("MOVD depthwiseArgs_InRow(R0), R11")
	t.op("ADD R11, R1, R1")
	t.op("MOVD depthwiseArgs_OutRow(R0), R11")
	t.op("ADD R11, R5, R5")
	t.op("SUBS $1, R13, R13")
	t.op("BNE line")
	t.op("RET")
	a64DepthwiseWords(t)
}

// a64DepthwiseBytes requantizes V0..V7 and writes R6 bytes to R11.
func a64DepthwiseBytes(t *text) {
	t.op("MOVD R15, R8")
	t.op("VLD1.P 64(R8), %s", vecs(16, 4, "S4"))
	t.op("VLD1 (R8), %s", vecs(20, 4, "S4"))
	for i := range 8 {
		t.word(a64.SCVTF, i, i)
		t.word(a64.FMUL, i, i, 16+i)
		t.word(a64.FMIN, i, i, 28)
		t.word(a64.FCVTNS, i, i)
	}
	for _, v := range []int{0, 4} {
		t.narrow(v, 29)
		t.op("VUMAX V30.B16, V%d.B16, V%d.B16", v, v)
	}
	t.op("CMP $32, R6")
	t.op("BNE partial")
	t.op("VST1.P [V0.B16], 16(R11)")
	t.op("VST1 [V4.B16], (R11)")
	t.op("B next")
	t.label("partial")
	t.op("TBZ $4, R6, half")
	t.op("VST1.P [V0.B16], 16(R11)")
	t.op("VMOV V4.B16, V0.B16")
	t.label("half")
	t.storeBytes(0, "R11", "R6", "")
}

// a64DepthwiseWords writes the first R6 words of V0..V7 to R11.
func a64DepthwiseWords(t *text) {
	t.label("raw")
	for i := range 8 {
		t.op("CMP $4, R6")
		t.op("BLT last%d", i)
		t.op("VST1.P [V%d.S4], 16(R11)", i)
		t.op("SUBS $4, R6, R6")
		t.op("BEQ next")
	}
	for i := 7; i >= 0; i-- {
		t.label("last" + string(rune('0'+i)))
		t.op("VMOV V%d.B16, V0.B16", i)
		if i > 0 {
			t.op("B last")
		}
	}
	t.label("last")
	t.op("TBZ $1, R6, below2words")
	t.op("VST1.P V0.D[0], 8(R11)")
	t.op("VEXT $8, V0.B16, V0.B16, V0.B16")
	t.label("below2words")
	t.op("TBZ $0, R6, next")
	t.op("VST1 V0.S[0], (R11)")
	t.op("B next")
}
