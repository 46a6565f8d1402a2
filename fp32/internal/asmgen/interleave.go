package main

import "fmt"

// writeInterleave writes the interleaving of three planes: lane l of vector v is channel (8v+l)%3 of pixel (8v+l)/3, so that one
// order of lanes serves all channels of a vector.
func writeInterleave(e *emitter) {
	if e.lanes != 8 {
		return // no faster in wider registers
	}
	for v := range 3 {
		for l := 0; l < 8; l += 2 {
			at := 8*v + l
			fmt.Fprintf(&e.text, "DATA pixels<>+%d(SB)/8, $0x%08x%08x\n", 4*at, (at+1)/3, at/3)
		}
	}
	e.text.WriteString("GLOBL pixels<>(SB), RODATA|NOPTR, $96\n")
	e.function("interleave3", "Interleave3Args", 0, "interleave3 is the kernel of kernel.Interleave3Args.",
		"Contract and meaning: kernel.Interleave3Args. Eight pixels at a time, the rest one by one.", "",
		"SI, R8, R9  planes, DI  Dst, CX  pixels left; Y0 Y1 Y2  planes, Y3 Y4 Y5  permuted, Y6..Y8  orders of lanes",
	)
	e.op("MOVQ a+0(FP), AX")
	e.op("MOVQ interleave3Args_Src(AX), SI")
	e.op("MOVQ interleave3Args_Dst(AX), DI")
	e.op("MOVQ interleave3Args_N(AX), CX")
	e.op("MOVQ interleave3Args_Plane(AX), R8")
	e.op("LEAQ (SI)(R8*8), R9")
	e.op("LEAQ (SI)(R8*4), R8")
	for v := range 3 {
		e.op("VMOVUPS pixels<>+%d(SB), Y%d", 32*v, 6+v)
	}
	e.label("pixels")
	e.op("CMPQ CX, $8")
	e.op("JLT rest")
	e.op("VMOVUPS (SI), Y0")
	e.op("VMOVUPS (R8), Y1")
	e.op("VMOVUPS (R9), Y2")
	for v := range 3 {
		var green, blue int
		for l := range 8 {
			switch (8*v + l) % 3 {
			case 1:
				green |= 1 << l
			case 2:
				blue |= 1 << l
			}
		}
		for c := range 3 {
			e.op("VPERMPS Y%d, Y%d, Y%d", c, 6+v, 3+c)
		}
		e.op("VBLENDPS $%d, Y4, Y3, Y3", green)
		e.op("VBLENDPS $%d, Y5, Y3, Y3", blue)
		e.op("VMOVUPS Y3, %d(DI)", 32*v)
	}
	for _, r := range []string{"SI", "R8", "R9"} {
		e.op("ADDQ $32, %s", r)
	}
	e.op("ADDQ $96, DI")
	e.op("SUBQ $8, CX")
	e.op("JMP pixels")
	e.label("rest")
	e.op("CMPQ CX, $0")
	e.op("JEQ done")
	for c, plane := range []string{"SI", "R8", "R9"} {
		e.op("MOVL (%s), AX", plane)
		e.op("MOVL AX, %d(DI)", 4*c)
		e.op("ADDQ $4, %s", plane)
	}
	e.op("ADDQ $12, DI")
	e.op("DECQ CX")
	e.op("JMP rest")
	e.label("done")
	e.end()
}
