package main

import (
	"fmt"

	"github.com/octet-ml/octet/internal/a64"
)

// neonWinograds writes the transforms of 3x3 convolutions.
func neonWinograds(e *emitter) {
	w := neonWinograd{neon{e}}
	w.input()
	w.output()
}

// neonWinograd keeps the result of the first of two transforms in Tmp, at R3, so that what the second one takes stands together.
type neonWinograd struct{ neon }

// keep stores a vector as element i of what the second transform takes in its turn j.
func (w neonWinograd) keep(v, j, i int) { w.op("FMOVQ F%d, %d(R3)", v, w.bytes(6*j+i)) }

// kept loads V0..V5 for turn j of the second transform.
func (w neonWinograd) kept(j int) {
	for i := 0; i < 6; i += 2 {
		w.op("FLDPQ %d(R3), (F%d, F%d)", w.bytes(6*j+i), i, i+1)
	}
}

// walk loads V0 and up from the places at R11, a stride apart.
func (w neonWinograd) walk(stride string) {
	for i := range 6 {
		w.op("VLD1.P (R11)(%s), %s", stride, vecs(i, 1))
	}
}

// strides loads strides and sizes as bytes, and the distance of six planes from that of planes in R6.
func (w neonWinograd) strides(args string, fields ...[2]string) {
	for _, f := range fields {
		w.op("MOVD %s_%s(R0), %s", args, f[0], f[1])
		w.op("LSL $2, %s, %s", f[1], f[1])
	}
	w.op("ADD R6<<1, R6, R7")
	w.op("LSL $1, R7, R7")
}

// input writes the transform of input tiles.
func (w neonWinograd) input() {
	w.function("winogradIn", "WinogradInArgs", 0, "winogradIn is the kernel of kernel.WinogradInArgs.",
		"Contract and meaning: kernel.WinogradInArgs. A vector of channels of a tile at a time: rows by B to Tmp, its columns by Bᵀ to Dst.", "",
		"V0..V5  before, V5..V12 after a transform; V14  4, V15  5",
		"R1  Src, R2  Dst, both of the channels, R13  Src of the tile; R4  row, R5  pixel, R6  plane, R7  six planes in bytes; R3  Tmp",
		"R9  bytes of channels left, R10  tiles left; R8, R11, R12  scratch",
	)
	w.arguments("winogradInArgs", [][2]string{{"Src", "R1"}, {"Dst", "R2"}, {"Tmp", "R3"}, {"Tiles", "R10"}}...)
	w.strides("winogradInArgs", [][2]string{{"RowStride", "R4"}, {"PixelStride", "R5"}, {"Plane", "R6"}}...)
	w.float(4, 14)
	w.float(5, 15)
	w.label("tile")
	w.op("MOVD winogradInArgs_Channels(R0), R9")
	w.op("LSL $2, R9, R9")
	w.op("MOVD R1, R13")
	w.label("channels")
	w.op("MOVD R1, R12")
	for i := range 6 {
		w.op("MOVD R12, R11")
		w.walk("R5")
		for j, v := range w.byB() {
			w.keep(v, j, i)
		}
		if i < 5 {
			w.op("ADD R4, R12, R12")
		}
	}
	w.op("MOVD R2, R12")
	for j := range 6 {
		w.kept(j)
		w.op("MOVD R12, R11")
		for _, v := range w.byB() {
			w.op("VST1.P %s, (R11)(R7)", vecs(v, 1))
		}
		if j < 5 {
			w.op("ADD R6, R12, R12")
		}
	}
	w.op("ADD $%d, R1, R1", w.bytes(1))
	w.op("ADD $%d, R2, R2", w.bytes(1))
	w.op("SUBS $%d, R9, R9", w.bytes(1))
	w.op("BNE channels")
	w.op("MOVD winogradInArgs_TileStride(R0), R8")
	w.op("ADD R8<<2, R13, R1")
	w.op("SUBS $1, R10, R10")
	w.op("BNE tile")
	w.op("RET")
}

// byB multiplies V0..V5 by Bᵀ and returns the vectors of the result.
func (w neonWinograd) byB() []int {
	const four, five = 14, 15
	w.move(4, 6)
	w.fma(four, 0, 6)
	w.minus(five, 2, 6) // 4d0 - 5d2 + d4
	w.move(4, 7)
	w.minus(four, 2, 7) // d4 - 4d2
	w.move(3, 8)
	w.minus(four, 1, 8)              // d3 - 4d1
	w.word(a64.FSUB, 10, 4, 2)       // d4 - d2
	w.word(a64.FSUB, 11, 3, 1)       // d3 - d1
	w.add(11, 11)                    // twice
	w.fma(four, 1, 5)                // 4d1 + d5
	w.minus(five, 3, 5)              // - 5d3
	w.word(a64.FADD, 9, 7, 8)        // second
	w.word(a64.FSUB, 7, 7, 8)        // third
	w.word(a64.FADD, 12, 10, 11)     // fourth
	w.word(a64.FSUB, 10, 10, 11)     // fifth
	return []int{6, 9, 7, 12, 10, 5} // rows 0 to 5
}

// output writes the transform to output pixels.
func (w neonWinograd) output() {
	c := clampRegs{lo: 14, hi: 15, a: 16, b: 17}
	const bias, residual = 13, 18
	w.function("winogradOut", "WinogradOutArgs", 0, "winogradOut is the kernel of kernel.WinogradOutArgs.",
		"Contract and meaning: kernel.WinogradOutArgs. A vector of columns at a time: the transform's columns by Aᵀ to Tmp, its rows by A.", "",
		"V0..V5  before, V5..V11 in a transform; V12  4, V13  Bias, V14  Lo, V15  Hi, V16 V17  masks, V18..V21  Residual",
		"R1  Src, R2  Dst, R10  Residual, R13  Bias, all of the columns; R4  row, R5  pixel, R6  plane, R7  six planes in bytes",
		"R3  Tmp, R9  bytes of columns left, R14  row of Dst, R15  of Residual; R8, R11, R12  scratch",
	)
	w.arguments("winogradOutArgs", [][2]string{{"Src", "R1"}, {"Dst", "R2"}, {"Tmp", "R3"}, {"Residual", "R10"}, {"Bias", "R13"}}...)
	w.strides("winogradOutArgs", [][2]string{{"RowStride", "R4"}, {"PixelStride", "R5"}, {"Plane", "R6"}, {"Columns", "R9"}}...)
	w.float(4, 12)
	w.bounds("winogradOutArgs", c)
	w.label("columns")
	w.op("MOVD R1, R12")
	for j := range 6 {
		w.op("MOVD R12, R11")
		w.walk("R7")
		for i, v := range w.byA() {
			w.keep(v, i, j)
		}
		if j < 5 {
			w.op("ADD R6, R12, R12")
		}
	}
	w.op("VLD1.P %d(R13), %s", w.bytes(1), vecs(bias, 1))
	w.op("MOVD R2, R14")
	w.op("MOVD R10, R15")
	for i := range 4 {
		w.kept(i)
		y := w.byA()
		for _, v := range y {
			w.add(v, bias)
		}
		row := fmt.Sprintf("row%d", i)
		w.op("MOVD winogradOutArgs_AddResidual(R0), R8")
		w.op("CBZ R8, %s", row)
		w.op("MOVD R15, R11")
		for j := range y {
			w.op("VLD1.P (R11)(R5), %s", vecs(residual+j, 1))
		}
		for j, v := range y {
			w.add(v, residual+j)
		}
		w.op("ADD R4, R15, R15")
		w.label(row)
		w.clamp(row, y, c)
		w.op("MOVD R14, R11")
		for _, v := range y {
			w.op("VST1.P %s, (R11)(R5)", vecs(v, 1))
		}
		if i < 3 {
			w.op("ADD R4, R14, R14")
		}
	}
	for _, r := range []string{"R1", "R2", "R10"} {
		w.op("ADD $%d, %s, %s", w.bytes(1), r, r)
	}
	w.op("SUBS $%d, R9, R9", w.bytes(1))
	w.op("BNE columns")
	w.op("RET")
}

// byA multiplies V0..V5 by Aᵀ and returns the vectors of the result.
func (w neonWinograd) byA() []int {
	const four = 12
	w.word(a64.FADD, 6, 1, 2)  // m1 + m2
	w.word(a64.FSUB, 7, 1, 2)  // m1 - m2
	w.word(a64.FADD, 8, 3, 4)  // m3 + m4
	w.word(a64.FSUB, 9, 3, 4)  // m3 - m4
	w.add(9, 9)                // twice
	w.word(a64.FADD, 10, 0, 6) // m0 + m1 + m2
	w.add(10, 8)               // + m3 + m4
	w.word(a64.FADD, 11, 7, 9) // second
	w.fma(four, 8, 6)          // third
	w.add(5, 7)                // m5 + m1 - m2
	w.fma(four, 9, 5)          // fourth
	return []int{10, 11, 6, 5} // rows 0 to 3
}
