package main

import "fmt"

// gemmYMM generates the matrix product of a level that has 16 registers of 32 bytes.
type gemmYMM struct {
	notes string
	mr    int
	rows  []string                     // registers of the rows
	steps bool                         // takes the steps of k from GemmArgs.Steps, proved ones first; rows are held by their beginning
	dot   func(t *text, w, x, acc int) // adds the products of four bytes of x and w to acc; nil with steps
}

const gemmAVX2Notes = `
u8*s8 matrix products without VNNI; kernel.GemmArgs is the contract.

gemm<h>x16 computes tiles of h rows by 16 columns. Four bytes of k stand together for a column. Steps whose weights are proved
not to saturate take VPMADDUBSW, which adds two products as int16, and VPMADDWD by ones, which adds two such sums:

                    Y8        Y9             <- 8 columns of 4 bytes; 8 more
    row 0 (Y12)     Y0        Y1             += pairs(pairs(Y12 . Y8)), pairs(pairs(Y12 . Y9))
    row 1           Y2        Y3
    ...

The other steps split both sides into even and odd bytes as 16-bit words, whose products VPMADDWD adds exactly:

                    Y8 Y9     Y10 Y11        <- even and odd bytes of 8 columns; of 8 more
    row 0 (Y12 even, Y13 odd)   Y0  Y1       += Y12 . Y8 + Y13 . Y9,  Y12 . Y10 + Y13 . Y11

Y14 keeps 0x00ff words; Y15 is for products, or keeps ones. R9 is at the offset of the next step within a row, R11 counts them.

Columns are permuted at packing (order in conv.go) so that the two saturating packs of the epilogue leave the bytes in order.`

const gemmVNNINotes = `
u8*s8 matrix products with VPDPBUSD on 32 bytes; kernel.GemmArgs is the contract.

gemm<h>x16 computes tiles of h rows by 16 columns. Four bytes of k stand together for a column:

                    Y12       Y13            <- 4 bytes of k by 8 columns of B; by 8 more
    row 0 (Y14)     Y0        Y1             += broadcast(row 0) . Y12, Y13
    row 1 (Y15)     Y2        Y3
    ...

Rows end at their register plus k, and the index R14 runs from -K to 0. R15 is what to prefetch, R13 its stride.

Columns are permuted at packing (order in conv.go) so that the two saturating packs of the epilogue leave the bytes in order.`

var (
	gemmAVX2    = gemmYMM{notes: gemmAVX2Notes, mr: 4, rows: []string{"AX", "BX", "CX", "DX"}, steps: true}
	gemmAVXVNNI = gemmYMM{notes: gemmVNNINotes, mr: 6, rows: []string{"AX", "BX", "CX", "DX", "R9", "R11"}, dot: dotVEX}
	gemmEVEX    = gemmYMM{notes: gemmVNNINotes, mr: 6, rows: []string{"AX", "BX", "CX", "DX", "R9", "R11"}, dot: dotEVEX}
)

// dotVEX writes VPDPBUSD as AVX-VNNI encodes it: VEX.256.66.0F38.W0 50 /r, registers only. Source: Intel SDM volume 2.
func dotVEX(t *text, w, x, acc int) {
	b1 := 0x42 | (^acc>>3&1)<<7 | (^w>>3&1)<<5 // R and B inverted, X set, map 0F38
	b2 := (^x&15)<<3 | 5                       // W 0, vvvv inverted, L 1, pp 01
	modrm := 0xc0 | acc&7<<3 | w&7
	t.op("BYTE $0xC4; BYTE $0x%02X; BYTE $0x%02X; BYTE $0x50; BYTE $0x%02X // VPDPBUSD Y%d, Y%d, Y%d", b1, b2, modrm, w, x, acc)
}

// dotEVEX writes VPDPBUSD as the assembler does.
func dotEVEX(t *text, w, x, acc int) { t.op("VPDPBUSD Y%d, Y%d, Y%d", w, x, acc) }

func (g *gemmYMM) make() []byte {
	t := head("amd64 && !noasm", g.notes)
	t.line("")
	t.line("// Slots of the frame.")
	for i, name := range []string{"tilesLeft", "tapsLeft", "nextTap", "nextSteps", "outs", "fetch"} {
		t.line("#define %s %d(SP)", name, 8*i)
	}
	for h := 1; h <= g.mr; h++ {
		g.tile(t, h)
	}
	return t.Bytes()
}

// tile writes the function for tiles of h rows. DI is the argument struct, SI the weights, R8 the offsets of the next tap's rows
// or the next tile's first row, R10 the output, R12 the row biases.
func (g *gemmYMM) tile(t *text, h int) {
	t.function(fmt.Sprintf("gemm%dx16", h), "kernel.GemmArgs", 48, fmt.Sprintf("%d rows by 16 columns.", h))
	t.op("MOVQ a+0(FP), DI")
	t.op("MOVQ gemmArgs_Offs(DI), R8")
	t.op("TESTQ R8, R8")
	t.op("JNZ indexed")
	t.op("MOVQ gemmArgs_Base(DI), R8")
	t.label("indexed")
	t.op("MOVQ gemmArgs_Tiles(DI), AX")
	t.op("MOVQ AX, tilesLeft")
	t.op("MOVQ gemmArgs_Outs(DI), AX")
	t.op("MOVQ AX, outs")
	t.op("MOVQ gemmArgs_Prefetch(DI), AX")
	t.op("MOVQ AX, fetch")
	t.op("MOVQ gemmArgs_C(DI), R10")
	t.op("MOVQ gemmArgs_RowBias(DI), R12")
	t.label("tile")
	t.op("MOVQ gemmArgs_Bias(DI), SI")
	for m := range h {
		t.op("VMOVDQU (SI), Y%d", 2*m)
		t.op("VMOVDQU 32(SI), Y%d", 2*m+1)
	}
	t.op("TESTQ R12, R12")
	t.op("JZ begun")
	for m := range h {
		t.op("VPBROADCASTD %d(R12), Y15", 4*m)
		t.op("VPADDD Y15, Y%d, Y%d", 2*m, 2*m)
		t.op("VPADDD Y15, Y%d, Y%d", 2*m+1, 2*m+1)
	}
	t.op("ADDQ $%d, R12", 4*h)
	t.label("begun")
	for _, f := range [][2]string{{"Taps", "tapsLeft"}, {"TapList", "nextTap"}} {
		t.op("MOVQ gemmArgs_%s(DI), AX", f[0])
		t.op("MOVQ AX, %s", f[1])
	}
	t.op("MOVQ gemmArgs_B(DI), SI")
	if g.steps {
		t.op("MOVQ gemmArgs_Steps(DI), AX")
		t.op("MOVQ AX, nextSteps")
		t.op("VPCMPEQW Y14, Y14, Y14")
		t.op("VPSRLW $8, Y14, Y14")
	}
	t.label("tap")
	g.rowsOf(t, h)
	if g.steps {
		g.products(t, h)
	} else {
		g.dots(t, h)
	}
	t.op("DECQ tapsLeft")
	t.op("JNZ tap")
	g.epilogue(t, h)
	t.op("DECQ tilesLeft")
	t.op("JNZ tile")
	t.op("VZEROUPPER")
	t.op("RET")
}

// rowsOf loads the tap's rows, and its weights and steps where the taps are listed.
func (g *gemmYMM) rowsOf(t *text, h int) {
	t.op("MOVQ gemmArgs_K(DI), R13")
	t.op("CMPQ gemmArgs_Offs(DI), $0")
	t.op("JEQ direct")
	t.op("MOVQ nextTap, AX")
	t.op("TESTQ AX, AX")
	t.op("JZ inOrder")
	t.op("MOVLQSX (AX), BX")
	t.op("ADDQ $4, AX")
	t.op("MOVQ AX, nextTap")
	t.op("MOVQ R13, SI")
	t.op("SHLQ $4, SI // 16 columns")
	t.op("IMULQ BX, SI")
	t.op("ADDQ gemmArgs_B(DI), SI")
	if g.steps {
		t.op("MOVQ R13, AX")
		t.op("SHRQ $1, AX // two bytes for each four of k")
		t.op("ADDQ $2, AX")
		t.op("IMULQ BX, AX")
		t.op("ADDQ gemmArgs_Steps(DI), AX")
		t.op("MOVQ AX, nextSteps")
	}
	t.label("inOrder")
	if g.steps {
		t.op("XORL R13, R13")
	}
	t.op("MOVQ gemmArgs_Pad(DI), R15 // where a row of padding is")
	t.op("ADDQ R13, R15")
	t.op("ADDQ gemmArgs_Base(DI), R13")
	for m := range h {
		r := g.rows[m]
		t.op("MOVLQSX %d(R8), %s", 4*m, r)
		t.op("TESTQ %s, %s", r, r)
		t.op("LEAQ (%s)(R13*1), %s", r, r)
		t.op("CMOVQLT R15, %s", r)
	}
	t.op("ADDQ $%d, R8", 4*h)
	t.op("JMP ready")
	t.label("direct")
	if g.steps {
		t.op("XORL R13, R13")
	}
	t.op("MOVQ gemmArgs_RowStride(DI), R15")
	t.op("LEAQ (R8)(R13*1), %s", g.rows[0])
	for m := 1; m < h; m++ {
		t.op("LEAQ (%s)(R15*1), %s", g.rows[m-1], g.rows[m])
	}
	t.op("IMUL3Q $%d, R15, R15", h)
	t.op("ADDQ R15, R8")
	t.label("ready")
}

// dots adds one tap's products, 4 bytes of k a turn.
func (g *gemmYMM) dots(t *text, h int) {
	step := func(u int) {
		t.op("VMOVDQU %d(SI), Y12", 64*u)
		t.op("VMOVDQU %d(SI), Y13", 64*u+32)
		for m := range h {
			x := 14 + m%2
			t.op("VPBROADCASTD %d(%s)(R14*1), Y%d", 4*u, g.rows[m], x)
			g.dot(t, 12, x, 2*m)
			g.dot(t, 13, x, 2*m+1)
		}
	}
	t.op("MOVQ gemmArgs_K(DI), R14")
	t.op("NEGQ R14")
	t.op("MOVQ fetch, R15")
	t.op("MOVQ gemmArgs_Stride(DI), R13")
	t.op("TESTQ $4, R14")
	t.op("JZ loop")
	step(0)
	t.op("ADDQ $64, SI")
	t.op("ADDQ $4, R14")
	t.op("JZ done")
	t.op("PCALIGN $32")
	t.label("loop")
	step(0)
	step(1)
	t.op("PREFETCHT1 (R15)")
	t.op("ADDQ R13, R15")
	t.op("ADDQ $128, SI")
	t.op("ADDQ $8, R14")
	t.op("JNZ loop")
	t.label("done")
	t.op("MOVQ R15, fetch")
}

// products adds one tap's products: of the proved steps, then of the others.
func (g *gemmYMM) products(t *text, h int) {
	step := func() {
		t.op("MOVWLZX (R9), R14")
		t.op("ADDQ $2, R9")
	}
	t.op("MOVQ nextSteps, R9")
	t.op("MOVWLZX (R9), R11")
	t.op("ADDQ $2, R9")
	t.op("MOVQ gemmArgs_K(DI), R13")
	t.op("SHRQ $2, R13")
	t.op("SUBQ R11, R13 // steps that are not proved")
	t.op("TESTQ R11, R11")
	t.op("JZ exact")
	t.op("VPSRLW $7, Y14, Y15")
	t.op("PCALIGN $32")
	t.label("proved")
	step()
	t.op("VMOVDQU (SI), Y8")
	t.op("VMOVDQU 32(SI), Y9")
	for m := range h {
		t.op("VPBROADCASTD (%s)(R14*1), Y12", g.rows[m])
		for j := range 2 {
			t.op("VPMADDUBSW Y%d, Y12, Y%d", 8+j, 10+j)
			t.op("VPMADDWD Y15, Y%d, Y%d", 10+j, 10+j)
			t.op("VPADDD Y%d, Y%d, Y%d", 10+j, 2*m+j, 2*m+j)
		}
	}
	t.op("ADDQ $64, SI")
	t.op("DECQ R11")
	t.op("JNZ proved")
	t.label("exact")
	t.op("TESTQ R13, R13")
	t.op("JZ added")
	t.op("PCALIGN $32")
	t.label("loop")
	step()
	for j := range 2 {
		t.op("VMOVDQU %d(SI), Y%d", 32*j, 9+2*j)
		t.op("VPSLLW $8, Y%d, Y%d", 9+2*j, 8+2*j)
		t.op("VPSRAW $8, Y%d, Y%d", 8+2*j, 8+2*j)
		t.op("VPSRAW $8, Y%d, Y%d", 9+2*j, 9+2*j)
	}
	for m := range h {
		t.op("VPBROADCASTD (%s)(R14*1), Y12", g.rows[m])
		t.op("VPSRLW $8, Y12, Y13")
		t.op("VPAND Y14, Y12, Y12")
		for j := range 2 {
			for odd := range 2 {
				t.op("VPMADDWD Y%d, Y%d, Y15", 8+2*j+odd, 12+odd)
				t.op("VPADDD Y15, Y%d, Y%d", 2*m+j, 2*m+j)
			}
		}
	}
	t.op("ADDQ $64, SI")
	t.op("DECQ R13")
	t.op("JNZ loop")
	t.label("added")
	t.op("MOVQ R9, nextSteps")
}

// epilogue writes the tile as Output says and moves on to the next one's place.
func (g *gemmYMM) epilogue(t *text, h int) {
	t.op("MOVQ outs, R13")
	t.op("MOVQ gemmArgs_Output(DI), CX")
	t.op("CMPQ CX, $const_outI32")
	t.op("JEQ raw")
	t.op("MOVQ gemmArgs_Mult(DI), AX")
	t.op("VMOVUPS (AX), Y12")
	t.op("VMOVUPS 32(AX), Y13")
	for i := range 2 * h {
		t.op("VCVTDQ2PS Y%d, Y%d", i, i)
		t.op("VMULPS Y%d, Y%d, Y%d", 12+i%2, i, i)
	}
	t.op("CMPB gemmArgs_Plain(DI), $1")
	t.op("JNE bound")
	t.op("CMPB gemmArgs_Narrow(DI), $1")
	t.op("JEQ round")
	t.label("bound")
	t.op("VBROADCASTSS gemmArgs_HiF(DI), Y14")
	for i := range 2 * h {
		t.op("VMINPS Y14, Y%d, Y%d", i, i)
	}
	t.op("CMPQ CX, $const_outF32")
	t.op("JEQ real")
	t.label("round")
	t.op("VPBROADCASTW gemmArgs_Zero(DI), Y12")
	t.op("VPBROADCASTB gemmArgs_Lo(DI), Y13")
	for m := 0; m < h; m += 2 {
		last := min(m+1, h-1)
		for i := 2 * m; i <= 2*last+1; i++ {
			t.op("VCVTPS2DQ Y%d, Y%d", i, i)
		}
		t.op("VPACKSSDW Y%d, Y%d, Y14", 2*m+1, 2*m)
		t.op("VPACKSSDW Y%d, Y%d, Y15", 2*last+1, 2*last)
		t.op("VPADDSW Y12, Y14, Y14")
		t.op("VPADDSW Y12, Y15, Y15")
		t.op("VPACKUSWB Y15, Y14, Y14")
		t.op("VPMAXUB Y13, Y14, Y14")
		t.op("VPERMQ $0xd8, Y14, Y%d // rows %d and %d", 2*m, m, last)
		if last > m {
			t.op("VEXTRACTI128 $1, Y%d, X%d", 2*m, 2*m+2)
		}
	}
	t.op("MOVQ gemmArgs_Cols(DI), CX")
	t.op("CMPQ CX, $16")
	t.op("JNE partial")
	for m := range h {
		t.op("MOVLQSX %d(R13), DX", 4*m)
		t.op("VMOVDQU X%d, (R10)(DX*1)", 2*m)
	}
	t.op("JMP next")
	t.label("partial")
	for m := range h {
		t.op("MOVLQSX %d(R13), DX", 4*m)
		t.op("ADDQ R10, DX")
		storePart(t, fmt.Sprint("X", 2*m), "DX", "CX", 8, fmt.Sprint("row", m))
	}
	t.op("JMP next")
	t.label("real")
	t.op("VBROADCASTSS gemmArgs_LoF(DI), Y14")
	for i := range 2 * h {
		t.op("VMAXPS Y14, Y%d, Y%d", i, i)
	}
	t.label("raw")
	for m := range h {
		t.op("MOVLQSX %d(R13), DX", 4*m)
		for j := range 2 {
			t.op("VMOVDQU X%d, %d(R10)(DX*1)", 2*m+j, 16*j)
			t.op("VEXTRACTI128 $1, Y%d, %d(R10)(DX*1)", 2*m+j, 32+16*j)
		}
	}
	t.label("next")
	t.op("ADDQ gemmArgs_OutTile(DI), R10")
	t.op("MOVQ gemmArgs_OutStep(DI), AX")
	t.op("SHLQ $2, AX")
	t.op("ADDQ AX, outs")
}

// storePart stores the first bytes of xmm register x at (p), as many as the bits of n below 2*top say; p and x are spent.
func storePart(t *text, x, p, n string, top int, label string) {
	for b := top; b > 0; b /= 2 {
		skip := fmt.Sprintf("%sbelow%d", label, b)
		t.op("TESTQ $%d, %s", b, n)
		t.op("JZ %s", skip)
		switch b {
		case 16:
			t.op("VMOVDQU %s, (%s)", x, p)
		case 8:
			t.op("VMOVQ %s, (%s)", x, p)
		case 4:
			t.op("VMOVD %s, (%s)", x, p)
		case 2:
			t.op("VPEXTRW $0, %s, (%s)", x, p)
		case 1:
			t.op("VPEXTRB $0, %s, (%s)", x, p)
		}
		if b > 1 {
			t.op("ADDQ $%d, %s", b, p)
			t.op("VPSRLDQ $%d, %s, %s", b, x, x)
		}
		t.label(skip)
	}
}
