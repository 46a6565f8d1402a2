package main

import "fmt"

const gemmAVX2Notes = `
u8*s8 matrix products with VPMADDWD; kernel.GemmArgs is the contract.

gemm<h>x16 computes tiles of h rows by 16 columns. Four bytes of k stand together for a column, as for VPDPBUSD; both sides
are split into even and odd bytes as 16-bit words, whose products VPMADDWD adds exactly:

                    Y8 Y9     Y10 Y11        <- even and odd bytes of 8 columns; of 8 more
    row 0 (Y12 even, Y13 odd)   Y0  Y1       += Y12 . Y8 + Y13 . Y9,  Y12 . Y10 + Y13 . Y11
    row 1                       Y2  Y3
    ...

Y14 keeps 0x00ff words, Y15 is for products. Rows end at their register plus k, and the index R14 runs from -K to 0.

Columns are permuted at packing (order in conv.go) so that the two saturating packs of the epilogue leave the bytes in order.`

var gemmAVX2Rows = []string{"AX", "BX", "CX", "DX"}

const gemmAVX2MR = 4

func gemmAVX2() []byte {
	t := head("amd64 && !noasm", gemmAVX2Notes)
	for h := 1; h <= gemmAVX2MR; h++ {
		gemmAVX2Tile(t, h)
	}
	return t.Bytes()
}

// gemmAVX2Tile writes the function for tiles of h rows. DI is the argument struct, SI the weights, R8 the offsets of the
// next tap's rows or the next tile's first row, R9 the tiles left, R10 the output, R11 the taps left, R12 the row biases.
func gemmAVX2Tile(t *text, h int) {
	t.function(fmt.Sprintf("gemm%dx16", h), "kernel.GemmArgs", 0, fmt.Sprintf("%d rows by 16 columns.", h))
	t.op("MOVQ a+0(FP), DI")
	t.op("MOVQ gemmArgs_Offs(DI), R8")
	t.op("TESTQ R8, R8")
	t.op("JNZ indexed")
	t.op("MOVQ gemmArgs_Base(DI), R8")
	t.label("indexed")
	t.op("MOVQ gemmArgs_Tiles(DI), R9")
	t.op("MOVQ gemmArgs_C(DI), R10")
	t.op("MOVQ gemmArgs_RowBias(DI), R12")
	t.op("VPCMPEQW Y14, Y14, Y14")
	t.op("VPSRLW $8, Y14, Y14")
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
	t.op("MOVQ gemmArgs_Taps(DI), R11")
	t.op("MOVQ gemmArgs_B(DI), SI")
	t.label("tap")
	gemmAVX2RowEnds(t, h)
	t.op("MOVQ gemmArgs_K(DI), R14")
	t.op("NEGQ R14")
	t.op("PCALIGN $32")
	t.label("loop")
	for j := range 2 {
		t.op("VMOVDQU %d(SI), Y%d", 32*j, 9+2*j)
		t.op("VPSLLW $8, Y%d, Y%d", 9+2*j, 8+2*j)
		t.op("VPSRAW $8, Y%d, Y%d", 8+2*j, 8+2*j)
		t.op("VPSRAW $8, Y%d, Y%d", 9+2*j, 9+2*j)
	}
	for m := range h {
		t.op("VPBROADCASTD (%s)(R14*1), Y12", gemmAVX2Rows[m])
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
	t.op("ADDQ $4, R14")
	t.op("JNZ loop")
	t.op("DECQ R11")
	t.op("JNZ tap")
	gemmAVX2Epilogue(t, h)
	t.op("DECQ R9")
	t.op("JNZ tile")
	t.op("VZEROUPPER")
	t.op("RET")
}

// gemmAVX2RowEnds loads the ends of the tap's rows.
func gemmAVX2RowEnds(t *text, h int) {
	t.op("MOVQ gemmArgs_K(DI), R13")
	t.op("CMPQ gemmArgs_Offs(DI), $0")
	t.op("JEQ direct")
	t.op("MOVQ gemmArgs_Pad(DI), R15 // where a row of padding ends")
	t.op("ADDQ R13, R15")
	t.op("ADDQ gemmArgs_Base(DI), R13")
	for m := range h {
		r := gemmAVX2Rows[m]
		t.op("MOVLQSX %d(R8), %s", 4*m, r)
		t.op("TESTQ %s, %s", r, r)
		t.op("LEAQ (%s)(R13*1), %s", r, r)
		t.op("CMOVQLT R15, %s", r)
	}
	t.op("ADDQ $%d, R8", 4*h)
	t.op("JMP ready")
	t.label("direct")
	t.op("MOVQ gemmArgs_RowStride(DI), R15")
	t.op("LEAQ (R8)(R13*1), %s", gemmAVX2Rows[0])
	for m := 1; m < h; m++ {
		t.op("LEAQ (%s)(R15*1), %s", gemmAVX2Rows[m-1], gemmAVX2Rows[m])
	}
	t.op("IMUL3Q $%d, R15, R15", h)
	t.op("ADDQ R15, R8")
	t.label("ready")
}

func gemmAVX2Epilogue(t *text, h int) {
	t.op("MOVQ gemmArgs_LDC(DI), BX")
	t.op("MOVQ gemmArgs_Output(DI), CX")
	t.op("CMPQ CX, $const_outI32")
	t.op("JEQ raw")
	t.op("MOVQ gemmArgs_Mult(DI), AX")
	t.op("VMOVUPS (AX), Y8")
	t.op("VMOVUPS 32(AX), Y9")
	t.op("VBROADCASTSS gemmArgs_HiF(DI), Y10")
	for i := range 2 * h {
		t.op("VCVTDQ2PS Y%d, Y%d", i, i)
		t.op("VMULPS Y%d, Y%d, Y%d", 8+i%2, i, i)
		t.op("VMINPS Y10, Y%d, Y%d", i, i)
	}
	t.op("CMPQ CX, $const_outF32")
	t.op("JEQ real")
	t.op("VPBROADCASTW gemmArgs_Zero(DI), Y8")
	t.op("VPBROADCASTB gemmArgs_Lo(DI), Y9")
	for m := 0; m < h; m += 2 {
		last := min(m+1, h-1)
		for i := 2 * m; i <= 2*last+1; i++ {
			t.op("VCVTPS2DQ Y%d, Y%d", i, i)
		}
		t.op("VPACKSSDW Y%d, Y%d, Y10", 2*m+1, 2*m)
		t.op("VPACKSSDW Y%d, Y%d, Y11", 2*last+1, 2*last)
		t.op("VPADDSW Y8, Y10, Y10")
		t.op("VPADDSW Y8, Y11, Y11")
		t.op("VPACKUSWB Y11, Y10, Y10")
		t.op("VPMAXUB Y9, Y10, Y10")
		t.op("VPERMQ $0xd8, Y10, Y%d // rows %d and %d", 2*m, m, last)
		t.op("VEXTRACTI128 $1, Y%d, X%d", 2*m, 2*m+2)
	}
	t.op("MOVQ gemmArgs_Cols(DI), CX")
	t.op("CMPQ CX, $16")
	t.op("JNE partial")
	for m := range h {
		t.op("VMOVDQU X%d, (R10)", 2*m)
		t.op("ADDQ BX, R10")
	}
	t.op("JMP next")
	t.label("partial")
	for m := range h {
		t.op("MOVQ R10, DX")
		storePart(t, fmt.Sprint("X", 2*m), "DX", "CX", 8, fmt.Sprint("row", m))
		t.op("ADDQ BX, R10")
	}
	t.op("JMP next")
	t.label("real")
	t.op("VBROADCASTSS gemmArgs_LoF(DI), Y10")
	for i := range 2 * h {
		t.op("VMAXPS Y10, Y%d, Y%d", i, i)
	}
	t.label("raw")
	for m := range h {
		for j := range 2 {
			t.op("VMOVDQU X%d, %d(R10)", 2*m+j, 16*j)
			t.op("VEXTRACTI128 $1, Y%d, %d(R10)", 2*m+j, 32+16*j)
		}
		t.op("ADDQ BX, R10")
	}
	t.label("next")
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
