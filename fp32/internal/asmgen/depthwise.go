package main

import "fmt"

// Frame slots of the depthwise kernel.
const (
	slotOffsets = 8 * iota // of the first pixel of the group
	slotPixels             // pixels left
	slotOut                // output of the group
	slotAdd                // residual of the group
	slotAlt                // end of Alt
	depthwiseFrame
)

var depthwiseRows = []string{"AX", "BX", "CX", "DX"}

// writeDepthwise writes the depthwise kernel: groups of four pixels, then single ones, by blocks of channels.
func writeDepthwise(e *emitter) {
	d := depthwise{e}
	d.function("depthwise", "DepthwiseArgs", depthwiseFrame, "depthwise is the kernel of kernel.DepthwiseArgs.",
		"Contract and meaning: kernel.DepthwiseArgs. Groups of 4 pixels by blocks of "+fmt.Sprint(e.blocks)+" vectors of channels:", "",
		"           "+e.v(0)+".. weights of a tap [channels]",
		"pixel[c] x accumulators, pixel p of vector j in register "+e.v(e.regs-1)+"-(p*vectors+j)", "",
		"AX BX CX DX  pixels of the tap; R8  offsets, R9  weights, R10  taps left; R11  bytes of channels done, R12  channels left",
		"SI  offset stride, DI  weight stride, BP  bytes of a pixel; R13  Src, R14  scratch, R15  arguments",
	)
	d.start()
	d.label("four")
	d.op("CMPQ %d(SP), $4", slotPixels)
	d.op("JLT one")
	d.group(4, "four")
	d.op("JMP four")
	d.label("one")
	d.op("CMPQ %d(SP), $1", slotPixels)
	d.op("JLT done")
	d.group(1, "one")
	d.op("JMP one")
	d.label("done")
	d.end()
}

type depthwise struct{ *emitter }

func (d depthwise) start() {
	d.op("MOVQ a+0(FP), R15")
	for _, f := range []struct {
		field string
		slot  int
	}{{"Offsets", slotOffsets}, {"Pixels", slotPixels}, {"Dst", slotOut}, {"Residual", slotAdd}} {
		d.op("MOVQ depthwiseArgs_%s(R15), AX", f.field)
		d.op("MOVQ AX, %d(SP)", f.slot)
	}
	d.op("MOVQ depthwiseArgs_Alt(R15), AX")
	d.op("MOVQ depthwiseArgs_AltLen(R15), BX")
	d.op("LEAQ (AX)(BX*4), AX")
	d.op("MOVQ AX, %d(SP)", slotAlt)
	d.op("MOVQ depthwiseArgs_Src(R15), R13")
	for _, f := range [][2]string{{"OffsetStride", "SI"}, {"WeightStride", "DI"}, {"Channels", "BP"}} {
		d.op("MOVQ depthwiseArgs_%s(R15), %s", f[0], f[1])
		d.op("SHLQ $2, %s", f[1])
	}
}

// group writes the channel blocks of a group of pixels and the steps to the next group.
func (d depthwise) group(pixels int, name string) {
	d.op("XORQ R11, R11")
	d.op("MOVQ depthwiseArgs_Channels(R15), R12")
	for _, n := range d.blocks {
		next := fmt.Sprintf("%s_after%d", name, n)
		again := fmt.Sprintf("%s_block%d", name, n)
		d.label(again)
		if n > 1 {
			d.op("CMPQ R12, $%d", n*d.lanes)
			d.op("JLT %s", next)
		} else {
			d.op("CMPQ R12, $0")
			d.op("JLE %s", next)
		}
		d.block(pixels, n, again)
		d.op("ADDQ $%d, R11", d.bytes(n))
		d.op("SUBQ $%d, R12", n*d.lanes)
		d.op("JMP %s", again)
		d.label(next)
	}
	d.op("MOVQ BP, AX")
	if pixels > 1 {
		d.op("SHLQ $2, AX")
	}
	d.op("ADDQ AX, %d(SP)", slotOut)
	d.op("ADDQ AX, %d(SP)", slotAdd)
	d.op("ADDQ $%d, %d(SP)", 4*pixels, slotOffsets)
	d.op("SUBQ $%d, %d(SP)", pixels, slotPixels)
}

// block writes the work on n vectors of channels of some pixels.
func (d depthwise) block(pixels, n int, name string) {
	acc := func(p, j int) string { return d.v(d.regs - 1 - p*n - j) }
	d.op("MOVQ depthwiseArgs_Bias(R15), AX")
	for j := range n {
		d.op("VMOVUPS %d(AX)(R11*1), %s", d.bytes(j), acc(0, j))
		for p := 1; p < pixels; p++ {
			d.op("VMOVAPS %s, %s", acc(0, j), acc(p, j))
		}
	}
	d.op("MOVQ %d(SP), R8", slotOffsets)
	d.op("MOVQ depthwiseArgs_Weights(R15), R9")
	d.op("ADDQ R11, R9")
	d.op("MOVQ depthwiseArgs_Taps(R15), R10")
	d.label(name + "_tap")
	for p := range pixels {
		row := depthwiseRows[p]
		d.op("MOVLQSX %d(R8), %s", 4*p, row)
		d.op("MOVQ R13, R14")
		d.op("TESTQ %s, %s", row, row)
		d.op("CMOVQLT %d(SP), R14 // below 0: counted from the end of Alt", slotAlt)
		d.op("LEAQ (R14)(%s*4), %s", row, row)
	}
	for j := range n {
		d.op("VMOVUPS %d(R9), %s", d.bytes(j), d.v(j))
	}
	for p := range pixels {
		for j := range n {
			d.op("VFMADD231PS %d(%s)(R11*1), %s, %s", d.bytes(j), depthwiseRows[p], d.v(j), acc(p, j))
		}
	}
	d.op("ADDQ SI, R8")
	d.op("ADDQ DI, R9")
	d.op("DECQ R10")
	d.op("JNZ %s_tap", name)
	d.finish(pixels, n, name, acc)
}

// finish adds the residual, clamps and stores a block.
func (d depthwise) finish(pixels, n int, name string, acc func(p, j int) string) {
	d.op("CMPQ depthwiseArgs_AddResidual(R15), $0")
	d.op("JEQ %s_clamp", name)
	d.op("MOVQ %d(SP), AX", slotAdd)
	d.op("ADDQ R11, AX")
	for p := range pixels {
		for j := range n {
			d.op("VADDPS %d(AX), %s, %s", d.bytes(j), acc(p, j), acc(p, j))
		}
		d.op("ADDQ BP, AX")
	}
	d.label(name + "_clamp")
	d.op("VBROADCASTSS depthwiseArgs_Lo(R15), %s", d.v(0))
	d.op("VBROADCASTSS depthwiseArgs_Hi(R15), %s", d.v(1))
	for p := range pixels {
		for j := range n {
			d.clamp(acc(p, j), d.v(0), d.v(1))
		}
	}
	d.op("MOVQ %d(SP), AX", slotOut)
	d.op("ADDQ R11, AX")
	if n == 1 {
		d.op("CMPQ R12, $%d", d.lanes)
		d.op("JGE %s_full", name)
		d.op("MOVQ R12, CX")
		d.tailMask("CX", "DX", d.v(2))
		for p := range pixels {
			d.store(acc(p, 0), "(AX)", 0, d.v(2))
			d.op("ADDQ BP, AX")
		}
		d.op("JMP %s_stored", name)
		d.label(name + "_full")
	}
	for p := range pixels {
		for j := range n {
			d.op("VMOVUPS %s, %d(AX)", acc(p, j), d.bytes(j))
		}
		d.op("ADDQ BP, AX")
	}
	if n == 1 {
		d.label(name + "_stored")
	}
}
