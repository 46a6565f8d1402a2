package main

// neonInterleave writes the interleaving of three planes: ST3 stores three vectors so.
func neonInterleave(e *emitter) {
	n := neon{e}
	planes := []string{"R1", "R2", "R3"}
	n.function("interleave3", "Interleave3Args", 0, "interleave3 is the kernel of kernel.Interleave3Args.",
		"Contract and meaning: kernel.Interleave3Args. Four pixels at a time, the rest one by one.", "",
		"R1, R2, R3  planes, R4  Dst, R5  pixels left; V0 V1 V2  planes",
	)
	n.arguments("interleave3Args", [][2]string{{"Src", "R1"}, {"Dst", "R4"}, {"N", "R5"}, {"Plane", "R8"}}...)
	n.op("ADD R8<<2, R1, R2")
	n.op("ADD R8<<2, R2, R3")
	n.op("SUBS $4, R5, R5")
	n.op("BLT rest")
	n.label("pixels")
	for c, p := range planes {
		n.op("VLD1.P %d(%s), %s", n.bytes(1), p, vecs(c, 1))
	}
	n.op("VST3.P %s, %d(R4)", vecs(0, 3), n.bytes(3))
	n.op("SUBS $4, R5, R5")
	n.op("BGE pixels")
	n.label("rest")
	n.op("ADDS $4, R5, R5")
	n.op("BEQ done")
	n.label("pixel")
	for _, p := range planes {
		n.op("MOVWU.P 4(%s), R8", p)
		n.op("MOVW.P R8, 4(R4)")
	}
	n.op("SUBS $1, R5, R5")
	n.op("BNE pixel")
	n.label("done")
	n.op("RET")
}
