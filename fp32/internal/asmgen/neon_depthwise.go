package main

import "fmt"

// neonPixels are the registers of a tap's pixels.
var neonPixels = []string{"R19", "R20", "R21", "R22"}

// neonClamp are the vectors of a clamp where V0 to V3 are free.
var neonClamp = clampRegs{lo: 0, hi: 1, a: 2, b: 3}

// neonDepthwise writes the depthwise kernel: groups of four pixels, then single ones, by blocks of channels.
type neonDepthwise struct{ neon }

func neonDepthwises(e *emitter) {
	d := neonDepthwise{neon{e}}
	d.function("depthwise", "DepthwiseArgs", 0, "depthwise is the kernel of kernel.DepthwiseArgs.",
		"Contract and meaning: kernel.DepthwiseArgs. Groups of 4 pixels by blocks of "+fmt.Sprint(e.blocks)+" vectors of channels:", "",
		"              V0..V3 weights of a tap [channels]",
		"V4..V15 pixels x  V16..V31 sums, pixel p of vector j in 16+p*vectors+j", "",
		"R19..R22  pixels of the tap; R1  weights, R2  offsets of the tap, R13 of the group, R14  their stride, R15 that of weights",
		"R3  pixels left, R6  taps left, R7  channels left, R23  bytes of channels done; R4  Dst, R5  Residual of the group",
		"R24  bytes of a pixel; R9  Src, R10  end of Alt; R11, R12  scratch",
	)
	d.arguments("depthwiseArgs", [][2]string{
		{"Pixels", "R3"}, {"Dst", "R4"}, {"Residual", "R5"}, {"Src", "R9"}, {"Alt", "R10"}, {"AltLen", "R11"},
		{"Offsets", "R13"}, {"OffsetStride", "R14"}, {"WeightStride", "R15"}, {"Channels", "R24"},
	}...)
	d.op("ADD R11<<2, R10, R10")
	for _, r := range []string{"R14", "R15", "R24"} {
		d.op("LSL $2, %s, %s", r, r)
	}
	d.label("four")
	d.op("CMP $4, R3")
	d.op("BLT one")
	d.group(4, "four")
	d.op("B four")
	d.label("one")
	d.op("CBZ R3, done")
	d.group(1, "one")
	d.op("B one")
	d.label("done")
	d.op("RET")
}

// group writes the channel blocks of a group of pixels and the steps to the next group.
func (d neonDepthwise) group(pixels int, name string) {
	d.op("MOVD ZR, R23")
	d.op("MOVD depthwiseArgs_Channels(R0), R7")
	for _, n := range d.blocks {
		again, next := fmt.Sprintf("%s_block%d", name, n), fmt.Sprintf("%s_after%d", name, n)
		d.label(again)
		if n > 1 {
			d.op("CMP $%d, R7", n*d.lanes)
			d.op("BLT %s", next)
		} else {
			d.op("CMP $0, R7")
			d.op("BLE %s", next)
		}
		d.block(pixels, n, again)
		d.op("ADD $%d, R23, R23", d.bytes(n))
		d.op("SUB $%d, R7, R7", n*d.lanes)
		d.op("B %s", again)
		d.label(next)
	}
	for range pixels {
		d.op("ADD R24, R4, R4")
		d.op("ADD R24, R5, R5")
	}
	d.op("ADD $%d, R13, R13", 4*pixels)
	d.op("SUB $%d, R3, R3", pixels)
}

// block writes the work on n vectors of channels of some pixels.
func (d neonDepthwise) block(pixels, n int, name string) {
	acc := func(p int) int { return 16 + p*n }
	d.op("MOVD depthwiseArgs_Bias(R0), R8")
	d.op("ADD R23, R8, R8")
	for p := range pixels {
		d.op("VLD1 (R8), %s", vecs(acc(p), n))
	}
	d.op("MOVD R13, R2")
	d.op("MOVD depthwiseArgs_Weights(R0), R1")
	d.op("ADD R23, R1, R1")
	d.op("MOVD depthwiseArgs_Taps(R0), R6")
	d.label(name + "_tap")
	d.op("MOVD R2, R11")
	for p := range pixels {
		row := neonPixels[p]
		d.op("MOVW.P 4(R11), R12")
		d.op("CMP $0, R12")
		d.op("CSEL LT, R10, R9, R8 // below 0: counted from the end of Alt")
		d.op("ADD R23, R8, R8")
		d.op("ADD R12<<2, R8, %s", row)
	}
	d.op("VLD1 (R1), %s", vecs(0, n))
	for p := range pixels {
		x := 4 + 4*(p%3)
		d.op("VLD1 (%s), %s", neonPixels[p], vecs(x, n))
		for j := range n {
			d.fma(j, x+j, acc(p)+j)
		}
	}
	d.op("ADD R14, R2, R2")
	d.op("ADD R15, R1, R1")
	d.op("SUBS $1, R6, R6")
	d.op("BNE %s_tap", name)
	d.finish(pixels, n, name, acc)
}

// finish adds the residual, clamps and stores a block.
func (d neonDepthwise) finish(pixels, n int, name string, acc func(p int) int) {
	d.op("MOVD depthwiseArgs_AddResidual(R0), R8")
	d.op("CBZ R8, %s_bounds", name)
	d.op("ADD R23, R5, R11")
	for p := range pixels {
		x := 4 + 4*(p%3)
		d.op("VLD1 (R11), %s", vecs(x, n))
		for j := range n {
			d.add(acc(p)+j, x+j)
		}
		d.op("ADD R24, R11, R11")
	}
	d.label(name + "_bounds")
	d.bounds("depthwiseArgs", neonClamp)
	d.clamp(name+"_", sequence(acc(0), pixels*n), neonClamp)
	d.op("ADD R23, R4, R11")
	if n == 1 {
		d.op("CMP $%d, R7", d.lanes)
		d.op("BGE %s_full", name)
		for p := range pixels {
			d.op("MOVD R11, R12")
			d.storePart(acc(p), n, "R12", "R7", fmt.Sprintf("%s_pixel%d", name, p))
			d.op("ADD R24, R11, R11")
		}
		d.op("B %s_stored", name)
		d.label(name + "_full")
	}
	for p := range pixels {
		d.op("VST1 %s, (R11)", vecs(acc(p), n))
		d.op("ADD R24, R11, R11")
	}
	if n == 1 {
		d.label(name + "_stored")
	}
}
