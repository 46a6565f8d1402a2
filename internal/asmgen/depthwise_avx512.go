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

// unpack3 does the same for three, d standing for the missing one too; e and f are free registers.
func unpack3(t *text, a, b, d, e, f int) [4]int {
	t.op("VPUNPCKHBW Z%d, Z%d, Z%d", b, a, e)
	t.op("VPUNPCKLBW Z%d, Z%d, Z%d", b, a, a)
	t.op("VPUNPCKHBW Z%d, Z%d, Z%d", d, d, f)
	t.op("VPUNPCKLBW Z%d, Z%d, Z%d", d, d, d)
	t.op("VPUNPCKLWD Z%d, Z%d, Z%d", d, a, b)
	t.op("VPUNPCKHWD Z%d, Z%d, Z%d", d, a, a)
	t.op("VPUNPCKLWD Z%d, Z%d, Z%d", f, e, d)
	t.op("VPUNPCKHWD Z%d, Z%d, Z%d", f, e, e)
	return [4]int{b, a, d, e}
}

func depthwiseAVX512() []byte {
	t := head("amd64 && !noasm", depthwiseNotes)
	t.line("")
	t.line("// Slots of the frame.")
	t.line("#define row 0(SP) // input of the row")
	t.line("#define rowsLeft 8(SP)")
	t.line("#define lines 0(SP) // the list")
	t.line("#define linesLeft 8(SP)")
	t.line("#define out 16(SP)")
	t.line("#define edge 24(SP) // pixels from here on are not wholly inside a line, nor are those before its begin")
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
// multipliers; Z31 is the zero point, Z30 the lower bound, and Z29, if held, the upper one; plain results have no use for them.
func depthwiseBytes(t *text, z [4]string, held, plain bool) {
	for _, a := range z {
		t.op("VCVTDQ2PS %s, %s", a, a)
	}
	for j, a := range z {
		t.op("VMULPS %d(R11), %s, %s", 64*j, a, a)
	}
	for _, a := range z {
		switch {
		case plain:
		case held:
			t.op("VMINPS Z29, %s, %s", a, a)
		default:
			t.op("VMINPS.BCST depthwiseArgs_HiF(AX), %s, %s", a, a)
		}
	}
	for _, a := range z {
		t.op("VCVTPS2DQ %s, %s", a, a)
	}
	t.op("VPACKSSDW %s, %s, %s", z[1], z[0], z[0])
	t.op("VPACKSSDW %s, %s, %s", z[3], z[2], z[2])
	if !plain {
		t.op("VPADDSW Z31, %s, %s", z[0], z[0])
		t.op("VPADDSW Z31, %s, %s", z[2], z[2])
	}
	t.op("VPACKUSWB %s, %s, %s", z[2], z[0], z[0])
	if !plain {
		t.op("VPMAXUB Z30, %s, %s", z[0], z[0])
	}
}

func depthwiseConstants(t *text) {
	t.op("VPBROADCASTW depthwiseArgs_Zero(AX), Z31")
	t.op("VPBROADCASTB depthwiseArgs_Lo(AX), Z30")
	t.op("VBROADCASTSS depthwiseArgs_HiF(AX), Z29")
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
	depthwiseBytes(t, [4]string{"Z0", "Z1", "Z2", "Z3"}, true, false)
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
// once, up to four rows together, and serve as taps of all outputs whose windows they belong to, whose accumulators take turns. Of a
// window of five rows the last is interleaved by columns: four of its taps stand together, and the fifth with three of weight zero.
type columns struct {
	*text
	k, ratio int
	plain    bool
	suffix   string // of labels
	sites    []site
}

// site is where a column is loaded: its labels' suffix and the registers that hold it then.
type site struct {
	label string
	z     []int
}

// lineRegisters are at the rows of the window.
var lineRegisters = []string{"R8", "R15", "BX", "R13", "DX"}

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

// products adds interleaved pixels z to an output, with the weights of a group of four taps.
func (c *columns) products(group, output int, z [4]int) {
	for j, z := range z {
		if c.k == 3 {
			c.op("VPDPBUSD Z%d, Z%d, %s", 12+4*group+j, z, c.acc(output, j))
		} else {
			c.op("VPDPBUSD %d(R14), Z%d, %s", 256*group+64*j, z, c.acc(output, j))
		}
	}
}

// column loads column x of pixels, counted from the first of a line, and adds it to outputs.
func (c *columns) column(x int, taps []tap) {
	label := fmt.Sprintf("%d%s", x, c.suffix)
	c.op("CMPQ SI, edge")
	c.op("JCC beside%s", label)
	z := c.load("")
	c.label("inside" + label)
	c.sites = append(c.sites, site{label, z[:]})
	if c.k == 5 {
		c.sites[len(c.sites)-1].z = append(z[:], 26)
	}
	for _, t := range taps {
		c.products(t.kx, t.output, z)
	}
	if c.k == 5 {
		c.lastRow(x, taps)
	}
	c.op("ADDQ R9, SI")
}

// load interleaves a column of pixels, up to four rows, and returns the registers; a fifth row goes to Z26. Where there is a mask,
// bytes that it leaves out are padding, to which R12 points.
func (c *columns) load(mask string) [4]int {
	row := func(i, z int) {
		if mask != "" {
			c.op("VPBROADCASTB (R12), Z%d", z)
			c.op("VMOVDQU8 (%s)(SI*1), %s, Z%d", lineRegisters[i], mask, z)
		} else {
			c.op("VMOVDQU32 (%s)(SI*1), Z%d", lineRegisters[i], z)
		}
	}
	for i := range min(c.k, 4) {
		row(i, 25+i)
	}
	if c.k == 3 {
		return unpack3(c.text, 25, 26, 27, 28, 24)
	}
	z := unpack4(c.text, 25, 26, 27, 28, 29)
	row(4, 26)
	return z
}

// beside writes what becomes of a column that is not wholly inside the line: padding takes the place of bytes before its begin and
// from its end on.
func (c *columns) beside(s site) {
	c.label("beside" + s.label)
	c.op("MOVQ depthwiseArgs_Pad(AX), R12")
	c.op("CMPQ SI, $-64")
	c.op("JLE padding%s", s.label)
	c.op("CMPQ SI, depthwiseArgs_Limit(AX)")
	c.op("JLT partly%s", s.label)
	c.label("padding" + s.label)
	for _, z := range s.z {
		c.op("VPBROADCASTB (R12), Z%d", z)
	}
	c.op("JMP inside%s", s.label)
	c.label("partly" + s.label)
	c.op("KMOVQ R9, K3")
	c.op("MOVQ depthwiseArgs_Limit(AX), R12")
	c.op("SUBQ SI, R12 // bytes before the end")
	c.op("MOVQ $-1, R9")
	c.op("CMPQ R12, $64")
	c.op("JGE begin%s", s.label)
	c.op("BZHIQ R12, R9, R9")
	c.label("begin" + s.label)
	c.op("MOVQ SI, R12")
	c.op("NEGQ R12 // bytes before the begin")
	c.op("JLE mask%s", s.label)
	c.op("SHRXQ R12, R9, R9")
	c.op("SHLXQ R12, R9, R9")
	c.label("mask" + s.label)
	c.op("KMOVQ R9, K2")
	c.op("KMOVQ K3, R9")
	c.op("MOVQ depthwiseArgs_Pad(AX), R12")
	c.load("K2")
	c.op("JMP inside%s", s.label)
}

// lastRow goes on with the fifth row, whose column x is in Z26. Z20 is the column before it; Z21, Z22 and Z23, Z24 are the high and
// low halves of the pairs of columns that begin at x-3 and x-2.
func (c *columns) lastRow(x int, taps []tap) {
	if x > 0 {
		c.op("VPUNPCKHBW Z26, Z20, Z27")
		c.op("VPUNPCKLBW Z26, Z20, Z28")
	}
	if x >= 3 {
		c.op("VPUNPCKLWD Z28, Z22, Z25")
		c.op("VPUNPCKHWD Z28, Z22, Z29")
		c.op("VPUNPCKLWD Z27, Z21, Z22")
		c.op("VPUNPCKHWD Z27, Z21, Z21")
		for _, t := range taps {
			if t.kx >= 3 {
				c.products(c.k+t.kx-3, t.output, [4]int{25, 29, 22, 21})
			}
		}
	}
	c.op("VMOVDQA64 Z23, Z21")
	c.op("VMOVDQA64 Z24, Z22")
	c.op("VMOVDQA64 Z27, Z23")
	c.op("VMOVDQA64 Z28, Z24")
	c.op("VMOVDQA64 Z26, Z20")
}

// finish writes an output.
func (c *columns) finish(s int) {
	depthwiseBytes(c.text, [4]string{c.acc(s, 0), c.acc(s, 1), c.acc(s, 2), c.acc(s, 3)}, c.k == 3, c.plain)
	c.op("VMOVDQU8 %s, K1, (DI)", c.acc(s, 0))
	c.op("ADDQ depthwiseArgs_OutPixel(AX), DI")
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

// rows writes the loops over lines and pixels.
func (c *columns) rows() {
	c.label("line" + c.suffix)
	c.op("MOVQ lines, SI")
	c.op("MOVQ depthwiseArgs_In(AX), CX")
	c.op("MOVQ depthwiseArgs_Pad(AX), R12")
	for i, r := range lineRegisters[:c.k] {
		c.op("MOVLQSX %d(SI), %s", 4*i, r)
		c.op("TESTQ %s, %s", r, r)
		c.op("LEAQ (CX)(%s*1), %s", r, r)
		c.op("CMOVQLT R12, %s", r)
	}
	c.op("ADDQ $%d, SI", 4*c.k)
	c.op("MOVQ SI, lines")
	c.op("MOVQ depthwiseArgs_Start(AX), SI")
	c.op("MOVQ out, DI")
	c.op("MOVQ depthwiseArgs_Width(AX), CX")
	for x := range c.k - c.ratio {
		if x%c.ratio == 0 {
			c.begin(x / c.ratio)
		}
		c.column(x, c.taps(0, x))
	}
	c.op("PCALIGN $64")
	c.label("pixel" + c.suffix)
	for p := range c.turns() {
		for x := c.k - c.ratio; x < c.k; x++ {
			if x%c.ratio == 0 {
				c.begin(p + x/c.ratio)
			}
			c.column(p*c.ratio+x, c.taps(p, x))
		}
		c.finish(p)
		if p < c.turns()-1 {
			c.op("JZ done%s", c.suffix)
		} else {
			c.op("JNZ pixel%s", c.suffix)
		}
	}
	c.label("done" + c.suffix)
	c.op("MOVQ out, DI")
	c.op("ADDQ depthwiseArgs_OutRow(AX), DI")
	c.op("MOVQ DI, out")
	c.op("DECQ linesLeft")
	c.op("JNZ line%s", c.suffix)
	c.op("VZEROUPPER")
	c.op("RET")
	for _, s := range c.sites {
		c.beside(s)
	}
}

func depthwiseColumns(t *text, k, ratio int) {
	weights := "Z12-Z23 hold the weights."
	if k == 5 {
		weights = "R14 is at the weights."
	}
	t.function(fmt.Sprintf("depthwise%dx%dr%d", k, k, ratio), "kernel.DepthwiseArgs", 32,
		fmt.Sprintf("%dx%d, windows %d columns apart, bytes only. %s", k, k, ratio, weights))
	t.op("MOVQ a+0(FP), AX")
	depthwiseMask(t)
	depthwiseConstants(t)
	for _, f := range [][2]string{{"Lines", "lines"}, {"Rows", "linesLeft"}, {"Out", "out"}} {
		t.op("MOVQ depthwiseArgs_%s(AX), BX", f[0])
		t.op("MOVQ BX, %s", f[1])
	}
	t.op("MOVQ depthwiseArgs_Limit(AX), BX")
	t.op("XORL CX, CX")
	t.op("SUBQ $63, BX")
	t.op("CMOVQLT CX, BX")
	t.op("MOVQ BX, edge")
	for _, f := range [][2]string{{"TapPixel", "R9"}, {"Bias", "R10"}, {"Mult", "R11"}, {"W", "R14"}} {
		t.op("MOVQ depthwiseArgs_%s(AX), %s", f[0], f[1])
	}
	if k == 3 {
		for i := range 12 {
			t.op("VMOVDQU32 %d(R14), Z%d", 64*i, 12+i)
		}
	}
	t.op("CMPB depthwiseArgs_Plain(AX), $1")
	t.op("JEQ linePlain")
	(&columns{text: t, k: k, ratio: ratio}).rows()
	(&columns{text: t, k: k, ratio: ratio, plain: true, suffix: "Plain"}).rows()
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
