package main

import "github.com/octet-ml/octet/internal/a64"

const depthwiseNEONNotes = `
Depthwise convolutions and the expansion of 4-bit codes; kernel.DepthwiseArgs and kernel.Expand4Args are the contracts.

A tap of 32 channels and its weights are widened to int16, whose products SMLAL adds exactly to V0..V7, four channels each.`

func depthwiseNEON() []byte {
	t := head("arm64 && !noasm", depthwiseNEONNotes)
	a64Depthwise(t, "any window, a tap at a time.", 1, func() {
		t.op("MOVWU.P 4(R7), R11")
		t.op("ADD R2, R11")
		t.op("VLD1 (R11), %s", vecs(16, 2, "B16"))
		t.op("VLD1.P 32(R8), %s", vecs(18, 2, "B16"))
		for j := range 2 {
			t.op("VUXTL V%d.B8, V%d.H8", 16+j, 20+2*j)
			t.op("VUXTL2 V%d.B16, V%d.H8", 16+j, 21+2*j)
			t.word(a64.SXTLH, 24+2*j, 18+j)
			t.word(a64.SXTL2H, 25+2*j, 18+j)
		}
		for j := range 4 {
			t.word(a64.SMLAL, 2*j, 24+j, 20+j)
			t.word(a64.SMLAL2, 2*j+1, 24+j, 20+j)
		}
	})
	expand4NEON(t)
	return t.Bytes()
}

func expand4NEON(t *text) {
	t.function("expand4", "kernel.Expand4Args", 0, "64 codes to 128 bytes a turn.")
	t.op("MOVD a+0(FP), R0")
	t.op("MOVD expand4Args_Src(R0), R1")
	t.op("MOVD expand4Args_Dst(R0), R2")
	t.op("MOVD expand4Args_Blocks(R0), R3")
	t.op("MOVD expand4Args_Table(R0), R4")
	t.op("VLD1 (R4), [V16.B16]")
	t.op("VMOVI $15, V17.B16")
	t.label("block")
	t.op("VLD1.P 64(R1), %s", vecs(0, 4, "B16"))
	for i := range 4 {
		t.op("VUSHR $4, V%d.B16, V%d.B16", i, 4+i)
		t.op("VAND V17.B16, V%d.B16, V%d.B16", i, i)
	}
	for i := range 8 {
		t.op("VTBL V%d.B16, [V16.B16], V%d.B16", i, i)
	}
	t.op("VST1.P %s, 64(R2)", vecs(0, 4, "B16"))
	t.op("VST1.P %s, 64(R2)", vecs(4, 4, "B16"))
	t.op("SUBS $1, R3, R3")
	t.op("BNE block")
	t.op("RET")
}
