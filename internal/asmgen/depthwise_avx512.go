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
	for _, k := range []int{3, 5} {
		depthwiseColumns(t, k, 1)
		depthwiseColumns(t, k, 2)
	}
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
// multipliers; Z29 is the zero point, Z30 the lower and Z31 the upper bound, which plain results have no use for.
func depthwiseBytes(t *text, z [4]string, plain bool) {
	for _, a := range z {
		t.op("VCVTDQ2PS %s, %s", a, a)
	}
	for j, a := range z {
		t.op("VMULPS %d(R11), %s, %s", 64*j, a, a)
	}
	for _, a := range z {
		if !plain {
			t.op("VMINPS Z31, %s, %s", a, a)
		}
	}
	for _, a := range z {
		t.op("VCVTPS2DQ %s, %s", a, a)
	}
	t.op("VPACKSSDW %s, %s, %s", z[1], z[0], z[0])
	t.op("VPACKSSDW %s, %s, %s", z[3], z[2], z[2])
	if !plain {
		t.op("VPADDSW Z29, %s, %s", z[0], z[0])
		t.op("VPADDSW Z29, %s, %s", z[2], z[2])
	}
	t.op("VPACKUSWB %s, %s, %s", z[2], z[0], z[0])
	if !plain {
		t.op("VPMAXUB Z30, %s, %s", z[0], z[0])
	}
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
	depthwiseBytes(t, [4]string{"Z0", "Z1", "Z2", "Z3"}, false)
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

// columns generates the kernel for windows of k x k, k 3 or 5, that move ratio columns at a time. Columns of pixels are interleaved
// once, up to four rows together, and serve as taps of all outputs whose windows they belong to, whose accumulators take turns.
type columns struct {
	*text
	k, ratio int
	plain    bool
}

// turns is how many outputs are in the making at once.
func (c *columns) turns() int { return (c.k + c.ratio - 1) / c.ratio }

func (c *columns) acc(s, j int) string { return fmt.Sprintf("Z%d", 4*(s%c.turns())+j) }

// begin sets the accumulators of an output to the biases.
func (c *columns) begin(s int) {
	for j := range 4 {
		c.op("VMOVDQU32 %d(R10), %s", 64*j, c.acc(s, j))
	}
}

// tap is a column of the window of an output.
type tap struct{ kx, output int }

// column loads a column of pixels and adds it to outputs. In a group of less than four rows the last one stands for those that
// are missing, whose weights are zero.
func (c *columns) column(taps ...tap) {
	rows := []string{"(SI)", "(SI)(R8*1)", "(SI)(R8*2)", "(SI)(R15*1)", "(SI)(R8*4)"}[:c.k]
	groups := (c.k + 3) / 4
	for g := range groups {
		part := rows[4*g : min(4*g+4, c.k)]
		first := 28 - len(part) // free registers end with Z28
		z := [4]int{}
		for i := range z {
			z[i] = first + min(i, len(part)-1)
			if i < len(part) {
				c.op("VMOVDQU32 %s, Z%d", part[i], z[i])
			}
		}
		for j, z := range c.interleave(z, len(part)) {
			for _, t := range taps {
				if c.k == 3 {
					c.op("VPDPBUSD Z%d, Z%d, %s", 12+4*t.kx+j, z, c.acc(t.output, j))
				} else {
					c.op("VPDPBUSD %d(R14), Z%d, %s", 256*(t.kx*groups+g)+64*j, z, c.acc(t.output, j))
				}
			}
		}
	}
	c.op("ADDQ R9, SI")
}

// interleave unpacks n rows in z, Z28 being free, and returns the registers of consecutive channels.
func (c *columns) interleave(z [4]int, n int) [4]int {
	switch n {
	case 4:
		return unpack4(c.text, z[0], z[1], z[2], z[3], 28)
	case 1:
		a := z[0]
		c.op("VPUNPCKHBW Z%d, Z%d, Z28", a, a)
		c.op("VPUNPCKLBW Z%d, Z%d, Z%d", a, a, a)
		c.op("VPUNPCKHWD Z%d, Z%d, Z%d", a, a, a-1)
		c.op("VPUNPCKLWD Z%d, Z%d, Z%d", a, a, a)
		c.op("VPUNPCKLWD Z28, Z28, Z%d", a-2)
		c.op("VPUNPCKHWD Z28, Z28, Z28")
		return [4]int{a, a - 1, a - 2, 28}
	}
	a, b, d := z[0], z[1], z[2]
	c.op("VPUNPCKHBW Z%d, Z%d, Z28", b, a)
	c.op("VPUNPCKLBW Z%d, Z%d, Z%d", b, a, a)
	c.op("VPUNPCKHBW Z%d, Z%d, Z%d", d, d, a-1)
	c.op("VPUNPCKLBW Z%d, Z%d, Z%d", d, d, d)
	c.op("VPUNPCKLWD Z%d, Z%d, Z%d", d, a, b)
	c.op("VPUNPCKHWD Z%d, Z%d, Z%d", d, a, a)
	c.op("VPUNPCKLWD Z%d, Z28, Z%d", a-1, d)
	c.op("VPUNPCKHWD Z%d, Z28, Z28", a-1)
	return [4]int{b, a, d, 28}
}

// finish writes an output.
func (c *columns) finish(s int) {
	depthwiseBytes(c.text, [4]string{c.acc(s, 0), c.acc(s, 1), c.acc(s, 2), c.acc(s, 3)}, c.plain)
	c.op("VMOVDQU8 %s, K1, (DI)", c.acc(s, 0))
	c.op("ADDQ R12, DI")
	c.op("DECQ CX")
}

// taps returns what column x of the windows of outputs from s on is to them, x counted from the first column of s.
func (c *columns) taps(s, x int) []tap {
	var out []tap
	for i := 0; i < c.turns() && x-c.ratio*i >= 0; i++ {
		if kx := x - c.ratio*i; kx < c.k {
			out = append(out, tap{kx, s + i})
		}
	}
	return out
}

// lines writes the loops over rows and pixels.
func (c *columns) lines(suffix string) {
	c.label("line" + suffix)
	c.op("MOVQ BX, SI")
	c.op("MOVQ DX, DI")
	c.op("MOVQ depthwiseArgs_Width(AX), CX")
	for x := range c.k - c.ratio {
		if x%c.ratio == 0 {
			c.begin(x / c.ratio)
		}
		c.column(c.taps(0, x)...)
	}
	c.op("PCALIGN $64")
	c.label("pixel" + suffix)
	for p := range c.turns() {
		for x := c.k - c.ratio; x < c.k; x++ {
			if x%c.ratio == 0 {
				c.begin(p + x/c.ratio)
			}
			c.column(c.taps(p, x)...)
		}
		c.finish(p)
		if p < c.turns()-1 {
			c.op("JZ done%s", suffix)
		} else {
			c.op("JNZ pixel%s", suffix)
		}
	}
	c.label("done" + suffix)
	c.op("ADDQ depthwiseArgs_InRow(AX), BX")
	c.op("ADDQ depthwiseArgs_OutRow(AX), DX")
	c.op("DECQ R13")
	c.op("JNZ line%s", suffix)
	c.op("VZEROUPPER")
	c.op("RET")
}

func depthwiseColumns(t *text, k, ratio int) {
	weights := "Z12-Z23 hold the weights."
	if k == 5 {
		weights = "R14 is at the weights."
	}
	t.function(fmt.Sprintf("depthwise%dx%dr%d", k, k, ratio), "kernel.DepthwiseArgs", 0,
		fmt.Sprintf("%dx%d, InPixel = %d*TapPixel, bytes only. %s", k, k, ratio, weights))
	t.op("MOVQ a+0(FP), AX")
	depthwiseMask(t)
	depthwiseConstants(t)
	for _, f := range [][2]string{{"TapRow", "R8"}, {"TapPixel", "R9"}, {"Bias", "R10"}, {"Mult", "R11"}, {"OutPixel", "R12"}, {"Rows", "R13"}, {"In", "BX"}, {"Out", "DX"}, {"W", "R14"}} {
		t.op("MOVQ depthwiseArgs_%s(AX), %s", f[0], f[1])
	}
	if k == 3 {
		for i := range 12 {
			t.op("VMOVDQU32 %d(R14), Z%d", 64*i, 12+i)
		}
	} else {
		t.op("LEAQ (R8)(R8*2), R15")
	}
	t.op("CMPB depthwiseArgs_Plain(AX), $1")
	t.op("JEQ linePlain")
	(&columns{t, k, ratio, false}).lines("")
	(&columns{t, k, ratio, true}).lines("Plain")
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
