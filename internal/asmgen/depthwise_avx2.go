package main

const depthwiseAVX2Notes = `
Depthwise convolutions and the expansion of 4-bit codes; kernel.DepthwiseArgs and kernel.Expand4Args are the contracts.

Two taps of 32 channels are split into even and odd channels as 16-bit words, and the words of the two taps interleaved, so
that VPMADDWD adds the products of both exactly. Y0 and Y1 accumulate the even channels, Y2 and Y3 the odd ones (order in
conv.go); their packed words, shifted together, are the bytes in order.`

func depthwiseAVX2() []byte {
	t := head("amd64 && !noasm", depthwiseAVX2Notes)
	t.line("")
	t.line("// Slots of the frame.")
	t.line("#define words 0(SP) // 32 accumulators in channel order")
	t.line("#define row 128(SP) // input of the row")
	t.line("#define rowsLeft 136(SP)")
	t.function("depthwise", "kernel.DepthwiseArgs", 144, "any window, two taps at a time.")
	t.op("MOVQ a+0(FP), AX")
	t.op("VPCMPEQW Y15, Y15, Y15")
	t.op("VPSRLW $8, Y15, Y15")
	t.op("VPBROADCASTW depthwiseArgs_Zero(AX), Y14")
	t.op("VPBROADCASTB depthwiseArgs_Lo(AX), Y13")
	t.op("VPAND Y15, Y13, Y13")
	t.op("VBROADCASTSS depthwiseArgs_HiF(AX), Y12")
	for _, f := range [][2]string{{"Bias", "R10"}, {"Mult", "R11"}, {"InPixel", "R13"}, {"Out", "DX"}, {"In", "BX"}, {"Rows", "SI"}} {
		t.op("MOVQ depthwiseArgs_%s(AX), %s", f[0], f[1])
	}
	t.op("MOVQ BX, row")
	t.op("MOVQ SI, rowsLeft")
	t.label("line")
	t.op("MOVQ row, SI")
	t.op("MOVQ DX, DI")
	t.op("MOVQ depthwiseArgs_Width(AX), CX")
	t.label("pixel")
	for j := range 4 {
		t.op("VMOVDQU %d(R10), Y%d", 32*j, j)
	}
	t.op("MOVQ depthwiseArgs_Taps(AX), BX")
	t.op("MOVQ depthwiseArgs_Offs(AX), R8")
	t.op("MOVQ depthwiseArgs_W(AX), R9")
	t.label("taps")
	for i := range 2 {
		t.op("MOVL %d(R8), R15", 4*i)
		t.op("VMOVDQU (SI)(R15*1), Y%d", 4+i)
		t.op("VPSRLW $8, Y%d, Y%d", 4+i, 6+i)
		t.op("VPAND Y15, Y%d, Y%d", 4+i, 4+i)
	}
	for i := range 2 { // even channels, odd channels
		a, b := 4+2*i, 5+2*i
		t.op("VPUNPCKLWD Y%d, Y%d, Y8", b, a)
		t.op("VPUNPCKHWD Y%d, Y%d, Y9", b, a)
		t.op("VPMOVSXBW %d(R9), Y10", 32*i)
		t.op("VPMOVSXBW %d(R9), Y11", 32*i+16)
		t.op("VPMADDWD Y10, Y8, Y8")
		t.op("VPMADDWD Y11, Y9, Y9")
		t.op("VPADDD Y8, Y%d, Y%d", 2*i, 2*i)
		t.op("VPADDD Y9, Y%d, Y%d", 2*i+1, 2*i+1)
	}
	t.op("ADDQ $8, R8")
	t.op("ADDQ $64, R9")
	t.op("SUBQ $2, BX")
	t.op("JNZ taps")
	t.op("MOVQ depthwiseArgs_Cols(AX), R12")
	t.op("CMPQ depthwiseArgs_Output(AX), $const_outI32")
	t.op("JEQ raw")
	depthwiseAVX2Bytes(t)
	t.label("next")
	t.op("ADDQ depthwiseArgs_OutPixel(AX), DI")
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
	depthwiseAVX2Words(t)
	expand4AVX2(t)
	return t.Bytes()
}

// depthwiseAVX2Bytes requantizes Y0..Y3 and writes Cols bytes.
func depthwiseAVX2Bytes(t *text) {
	for j := range 4 {
		t.op("VCVTDQ2PS Y%d, Y%d", j, j)
		t.op("VMULPS %d(R11), Y%d, Y%d", 32*j, j, j)
		t.op("VMINPS Y12, Y%d, Y%d", j, j)
		t.op("VCVTPS2DQ Y%d, Y%d", j, j)
	}
	for j := 0; j < 4; j += 2 {
		t.op("VPACKSSDW Y%d, Y%d, Y%d", j+1, j, j)
		t.op("VPADDSW Y14, Y%d, Y%d", j, j)
		t.op("VPMAXSW Y13, Y%d, Y%d", j, j)
	}
	t.op("VPSLLW $8, Y2, Y2")
	t.op("VPOR Y2, Y0, Y0")
	t.op("CMPQ R12, $32")
	t.op("JNE partial")
	t.op("VMOVDQU Y0, (DI)")
	t.op("JMP next")
	t.label("partial")
	t.op("MOVQ DI, R8")
	t.op("TESTQ $16, R12")
	t.op("JZ half")
	t.op("VMOVDQU X0, (R8)")
	t.op("ADDQ $16, R8")
	t.op("VEXTRACTI128 $1, Y0, X0")
	t.label("half")
	storePart(t, "X0", "R8", "R12", 8, "")
	t.op("JMP next")
}

// depthwiseAVX2Words puts Y0..Y3 in channel order in the frame and copies Cols words from there.
func depthwiseAVX2Words(t *text) {
	t.label("raw")
	t.op("VPUNPCKLDQ Y2, Y0, Y4 // channels 0-3, 16-19")
	t.op("VPUNPCKHDQ Y2, Y0, Y5 // channels 4-7, 20-23")
	t.op("VPUNPCKLDQ Y3, Y1, Y6")
	t.op("VPUNPCKHDQ Y3, Y1, Y7")
	t.op("LEAQ words, R8")
	for j := range 4 {
		t.op("VMOVDQU X%d, %d(R8)", 4+j, 16*j)
		t.op("VEXTRACTI128 $1, Y%d, %d(R8)", 4+j, 64+16*j)
	}
	t.op("XORQ BX, BX")
	t.label("copy")
	t.op("MOVL (R8)(BX*4), R15")
	t.op("MOVL R15, (DI)(BX*4)")
	t.op("INCQ BX")
	t.op("CMPQ BX, R12")
	t.op("JLT copy")
	t.op("JMP next")
}

func expand4AVX2(t *text) {
	t.function("expand4", "kernel.Expand4Args", 0, "64 codes to 128 bytes a turn.")
	t.op("MOVQ a+0(FP), AX")
	t.op("MOVQ expand4Args_Src(AX), SI")
	t.op("MOVQ expand4Args_Dst(AX), DI")
	t.op("MOVQ expand4Args_Blocks(AX), CX")
	t.op("MOVQ expand4Args_Table(AX), BX")
	t.op("VBROADCASTI128 (BX), Y0")
	t.op("MOVL $0x0f0f0f0f, BX")
	t.op("VMOVD BX, X1")
	t.op("VPBROADCASTD X1, Y1")
	t.label("block")
	for i := range 2 {
		t.op("VMOVDQU %d(SI), Y2", 32*i)
		t.op("VPSRLW $4, Y2, Y3")
		t.op("VPAND Y1, Y2, Y2")
		t.op("VPAND Y1, Y3, Y3")
		t.op("VPSHUFB Y2, Y0, Y2")
		t.op("VPSHUFB Y3, Y0, Y3")
		t.op("VMOVDQU Y2, %d(DI)", 32*i)
		t.op("VMOVDQU Y3, %d(DI)", 64+32*i)
	}
	t.op("ADDQ $64, SI")
	t.op("ADDQ $128, DI")
	t.op("DECQ CX")
	t.op("JNZ block")
	t.op("VZEROUPPER")
	t.op("RET")
}
