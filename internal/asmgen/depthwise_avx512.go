package main

import "fmt"

const depthwiseNotes = `
Depthwise convolutions and the expansion of 4-bit codes; kernel.DepthwiseArgs and kernel.Expand4Args are the contracts.

Four taps of 64 channels are interleaved by byte and word unpacks, so that one VPDPBUSD adds four taps of 16 channels. The
unpacks leave the channels in the order that the packs of the epilogue undo (order in conv.go).`

// unpack4 interleaves Z<a> Z<b> Z<c> Z<d> into four zmm of 16 channels and returns their numbers in the order of channels;
// e is a fifth, free register.
func unpack4(t *text, a, b, c, d, e int) [4]int {
	t.op("VPUNPCKHBW Z%d, Z%d, Z%d", b, a, e)
	t.op("VPUNPCKLBW Z%d, Z%d, Z%d", b, a, a)
	t.op("VPUNPCKHBW Z%d, Z%d, Z%d", d, c, b)
	t.op("VPUNPCKLBW Z%d, Z%d, Z%d", d, c, c)
	t.op("VPUNPCKLWD Z%d, Z%d, Z%d", c, a, d)
	t.op("VPUNPCKHWD Z%d, Z%d, Z%d", c, a, a)
	t.op("VPUNPCKLWD Z%d, Z%d, Z%d", b, e, c)
	t.op("VPUNPCKHWD Z%d, Z%d, Z%d", b, e, e)
	return [4]int{d, a, c, e}
}

func depthwiseAVX512() []byte {
	t := head("amd64 && !noasm", depthwiseNotes)
	t.line("")
	t.line("// Slots of the frame.")
	t.line("#define row 0(SP) // input of the row")
	t.line("#define rowsLeft 8(SP)")
	depthwiseAny(t)
	depthwise3x3(t, 1)
	depthwise3x3(t, 2)
	expand4AVX512(t)
	return t.Bytes()
}

// depthwiseMask loads the channel mask K1.
func depthwiseMask(t *text) {
	t.op("MOVQ depthwiseArgs_Cols(AX), CX")
	t.op("MOVQ $-1, BX")
	t.op("BZHIQ CX, BX, BX")
	t.op("CMPQ CX, $64")
	t.op("JLT masked")
	t.op("MOVQ $-1, BX")
	t.label("masked")
	t.op("KMOVQ BX, K1")
}

// depthwiseBytes requantizes accumulators z (consecutive channels of each lane) to the bytes of z[0]. R11 is at the
// multipliers; Z29 is the zero point, Z30 the lower and Z31 the upper bound.
func depthwiseBytes(t *text, z [4]string) {
	for _, a := range z {
		t.op("VCVTDQ2PS %s, %s", a, a)
	}
	for j, a := range z {
		t.op("VMULPS %d(R11), %s, %s", 64*j, a, a)
	}
	for _, a := range z {
		t.op("VMINPS Z31, %s, %s", a, a)
	}
	for _, a := range z {
		t.op("VCVTPS2DQ %s, %s", a, a)
	}
	t.op("VPACKSSDW %s, %s, %s", z[1], z[0], z[0])
	t.op("VPACKSSDW %s, %s, %s", z[3], z[2], z[2])
	t.op("VPADDSW Z29, %s, %s", z[0], z[0])
	t.op("VPADDSW Z29, %s, %s", z[2], z[2])
	t.op("VPACKUSWB %s, %s, %s", z[2], z[0], z[0])
	t.op("VPMAXUB Z30, %s, %s", z[0], z[0])
}

func depthwiseConstants(t *text) {
	t.op("VPBROADCASTW depthwiseArgs_Zero(AX), Z29")
	t.op("VPBROADCASTB depthwiseArgs_Lo(AX), Z30")
	t.op("VBROADCASTSS depthwiseArgs_HiF(AX), Z31")
}

func depthwiseAny(t *text) {
	t.function("depthwise", "kernel.DepthwiseArgs", 16, "any window, four taps at a time.")
	t.op("MOVQ a+0(FP), AX")
	depthwiseMask(t)
	depthwiseConstants(t)
	for _, f := range [][2]string{{"Bias", "R10"}, {"Mult", "R11"}, {"OutPixel", "R12"}, {"InPixel", "R13"}, {"Out", "DX"}, {"In", "BX"}} {
		t.op("MOVQ depthwiseArgs_%s(AX), %s", f[0], f[1])
	}
	t.op("MOVQ BX, row")
	t.op("MOVQ depthwiseArgs_Rows(AX), SI")
	t.op("MOVQ SI, rowsLeft")
	t.label("line")
	t.op("MOVQ row, SI")
	t.op("MOVQ DX, DI")
	t.op("MOVQ depthwiseArgs_Width(AX), CX")
	t.label("pixel")
	for j := range 4 {
		t.op("VMOVDQU32 %d(R10), Z%d", 64*j, j)
	}
	t.op("MOVQ depthwiseArgs_Taps(AX), BX")
	t.op("MOVQ depthwiseArgs_Offs(AX), R8")
	t.op("MOVQ depthwiseArgs_W(AX), R9")
	t.label("taps")
	for i := range 4 {
		t.op("MOVL %d(R8), R15", 4*i)
		t.op("VMOVDQU32 (SI)(R15*1), Z%d", 4+i)
	}
	for j, z := range unpack4(t, 4, 5, 6, 7, 8) {
		t.op("VPDPBUSD %d(R9), Z%d, Z%d", 64*j, z, j)
	}
	t.op("ADDQ $16, R8")
	t.op("ADDQ $256, R9")
	t.op("SUBQ $4, BX")
	t.op("JNZ taps")
	t.op("CMPQ depthwiseArgs_Output(AX), $const_outI32")
	t.op("JEQ raw")
	depthwiseBytes(t, [4]string{"Z0", "Z1", "Z2", "Z3"})
	t.op("VMOVDQU8 Z0, K1, (DI)")
	t.label("next")
	t.op("ADDQ R12, DI")
	t.op("ADDQ R13, SI")
	t.op("DECQ CX")
	t.op("JNZ pixel")
	t.op("MOVQ row, SI")
	t.op("ADDQ depthwiseArgs_InRow(AX), SI")
	t.op("MOVQ SI, row")
	t.op("ADDQ depthwiseArgs_OutRow(AX), DX")
	t.op("DECQ rowsLeft")
	t.op("JNZ line")
	t.op("VZEROUPPER")
	t.op("RET")
	t.label("raw")
	depthwiseWords(t)
	t.op("JMP next")
}

// depthwiseWords writes Z0..Z3 as 32-bit words of consecutive channels: a 4x4 transposition of lanes, then masked stores.
func depthwiseWords(t *text) {
	t.op("VSHUFI32X4 $0x88, Z1, Z0, Z4 // lanes 0 2 of the first two")
	t.op("VSHUFI32X4 $0xdd, Z1, Z0, Z5 // lanes 1 3")
	t.op("VSHUFI32X4 $0x88, Z3, Z2, Z6")
	t.op("VSHUFI32X4 $0xdd, Z3, Z2, Z7")
	t.op("VSHUFI32X4 $0x88, Z6, Z4, Z0 // lane 0 of all four")
	t.op("VSHUFI32X4 $0x88, Z7, Z5, Z1 // lane 1")
	t.op("VSHUFI32X4 $0xdd, Z6, Z4, Z2 // lane 2")
	t.op("VSHUFI32X4 $0xdd, Z7, Z5, Z3 // lane 3")
	t.op("KMOVQ K1, BX")
	for j := range 4 {
		t.op("KMOVW BX, K2")
		t.op("VMOVDQU32 Z%d, K2, %d(DI)", j, 64*j)
		t.op("SHRQ $16, BX")
	}
}

// depthwise3x3 makes the kernel for 3x3 windows that move ratio columns at a time. Columns of three pixels are interleaved
// once and serve as right, middle and left taps of up to three outputs, whose accumulators take turns.
func depthwise3x3(t *text, ratio int) {
	acc := func(s, j int) string { return fmt.Sprintf("Z%d", 4*s+j) }
	begin := func(s int) {
		for j := range 4 {
			t.op("VMOVDQU32 %d(R10), %s", 64*j, acc(s, j))
		}
	}
	var column [4]int
	load := func() {
		t.op("VMOVDQU32 (SI), Z24")
		t.op("VMOVDQU32 (SI)(R8*1), Z25")
		t.op("VMOVDQU32 (SI)(R8*2), Z26")
		t.op("VPUNPCKHBW Z25, Z24, Z27")
		t.op("VPUNPCKLBW Z25, Z24, Z24")
		t.op("VPUNPCKHBW Z26, Z26, Z28 // the fourth tap has weight zero")
		t.op("VPUNPCKLBW Z26, Z26, Z26")
		t.op("VPUNPCKLWD Z26, Z24, Z25")
		t.op("VPUNPCKHWD Z26, Z24, Z24")
		t.op("VPUNPCKLWD Z28, Z27, Z26")
		t.op("VPUNPCKHWD Z28, Z27, Z27")
		t.op("ADDQ R9, SI")
		column = [4]int{25, 24, 26, 27}
	}
	dot := func(kx, s int) {
		for j := range 4 {
			t.op("VPDPBUSD Z%d, Z%d, %s", 12+4*kx+j, column[j], acc(s, j))
		}
	}
	finish := func(s int) {
		depthwiseBytes(t, [4]string{acc(s, 0), acc(s, 1), acc(s, 2), acc(s, 3)})
		t.op("VMOVDQU8 %s, K1, (DI)", acc(s, 0))
		t.op("ADDQ R12, DI")
		t.op("DECQ CX")
	}
	t.function(fmt.Sprintf("depthwise3x3r%d", ratio), "kernel.DepthwiseArgs", 0,
		fmt.Sprintf("3x3, InPixel = %d*TapPixel, bytes only. Z12-Z23 hold the weights.", ratio))
	t.op("MOVQ a+0(FP), AX")
	depthwiseMask(t)
	depthwiseConstants(t)
	for _, f := range [][2]string{{"TapRow", "R8"}, {"TapPixel", "R9"}, {"Bias", "R10"}, {"Mult", "R11"}, {"OutPixel", "R12"}, {"Rows", "R13"}, {"In", "BX"}, {"Out", "DX"}, {"W", "SI"}} {
		t.op("MOVQ depthwiseArgs_%s(AX), %s", f[0], f[1])
	}
	for i := range 12 {
		t.op("VMOVDQU32 %d(SI), Z%d", 64*i, 12+i)
	}
	t.label("line")
	t.op("MOVQ BX, SI")
	t.op("MOVQ DX, DI")
	t.op("MOVQ depthwiseArgs_Width(AX), CX")
	begin(0)
	load()
	dot(0, 0)
	turns := 2
	if ratio == 1 {
		turns = 3
		begin(1)
		load()
		dot(1, 0)
		dot(0, 1)
	}
	t.op("PCALIGN $64")
	t.label("pixel")
	for p := range turns {
		q, r := (p+1)%turns, (p+2)%turns
		if ratio == 1 {
			begin(r)
			load()
			dot(2, p)
			dot(1, q)
			dot(0, r)
		} else {
			load()
			dot(1, p)
			begin(q)
			load()
			dot(2, p)
			dot(0, q)
		}
		finish(p)
		if p < turns-1 {
			t.op("JZ done")
		} else {
			t.op("JNZ pixel")
		}
	}
	t.label("done")
	t.op("ADDQ depthwiseArgs_InRow(AX), BX")
	t.op("ADDQ depthwiseArgs_OutRow(AX), DX")
	t.op("DECQ R13")
	t.op("JNZ line")
	t.op("VZEROUPPER")
	t.op("RET")
}

func expand4AVX512(t *text) {
	t.function("expand4", "kernel.Expand4Args", 0, "64 codes to 128 bytes a turn.")
	t.op("MOVQ a+0(FP), AX")
	t.op("MOVQ expand4Args_Src(AX), SI")
	t.op("MOVQ expand4Args_Dst(AX), DI")
	t.op("MOVQ expand4Args_Blocks(AX), CX")
	t.op("MOVQ expand4Args_Table(AX), BX")
	t.op("VBROADCASTI32X4 (BX), Z0")
	t.op("MOVL $0x0f0f0f0f, BX")
	t.op("VPBROADCASTD BX, Z1")
	t.label("block")
	t.op("VMOVDQU64 (SI), Z2")
	t.op("VPSRLW $4, Z2, Z3")
	t.op("VPANDQ Z1, Z2, Z2")
	t.op("VPANDQ Z1, Z3, Z3")
	t.op("VPSHUFB Z2, Z0, Z2")
	t.op("VPSHUFB Z3, Z0, Z3")
	t.op("VMOVDQU64 Z2, (DI)")
	t.op("VMOVDQU64 Z3, 64(DI)")
	t.op("ADDQ $64, SI")
	t.op("ADDQ $128, DI")
	t.op("DECQ CX")
	t.op("JNZ block")
	t.op("VZEROUPPER")
	t.op("RET")
}
