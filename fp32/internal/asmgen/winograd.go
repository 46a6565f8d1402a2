package main

import "fmt"

// writeWinograd writes the transforms of 3x3 convolutions.
func writeWinograd(e *emitter) {
	w := winograd{e}
	w.input()
	w.output()
}

type winograd struct{ *emitter }

// fma adds a*b to sum; minus subtracts.
func (w winograd) fma(a, b, sum string)   { w.op("VFMADD231PS %s, %s, %s", a, b, sum) }
func (w winograd) minus(a, b, sum string) { w.op("VFNMADD231PS %s, %s, %s", a, b, sum) }

// tmp is the place of vector i of Tmp, at R11.
func (w winograd) tmp(i int) string { return fmt.Sprintf("%d(R11)", i*w.bytes(1)) }

// input writes the transform of input tiles.
func (w winograd) input() {
	w.function("winogradIn", "WinogradInArgs", 0, "winogradIn is the kernel of kernel.WinogradInArgs.",
		"Contract and meaning: kernel.WinogradInArgs. A vector of channels of a tile at a time: rows by B to Tmp, its columns by Bᵀ to Dst.", "",
		w.v(0)+".."+w.v(5)+"  before, "+w.v(6)+".."+w.v(13)+" after a transform; "+w.v(14)+"  4, "+w.v(15)+"  5",
		"SI  Src, DI  Dst, both of the channels; R8  row, R9  pixel, R10  plane, R13  six planes in bytes; R11  Tmp",
		"CX  bytes of channels left, R12  tiles left, R15  arguments",
	)
	w.op("MOVQ a+0(FP), R15")
	w.constant(4, 14)
	w.constant(5, 15)
	for _, f := range [][2]string{{"RowStride", "R8"}, {"PixelStride", "R9"}, {"Plane", "R10"}} {
		w.op("MOVQ winogradInArgs_%s(R15), %s", f[0], f[1])
		w.op("SHLQ $2, %s", f[1])
	}
	w.op("LEAQ (R10)(R10*2), R13")
	w.op("ADDQ R13, R13")
	w.op("MOVQ winogradInArgs_Tmp(R15), R11")
	w.op("MOVQ winogradInArgs_Src(R15), SI")
	w.op("MOVQ winogradInArgs_Dst(R15), DI")
	w.op("MOVQ winogradInArgs_Tiles(R15), R12")
	w.label("tile")
	w.op("MOVQ winogradInArgs_Channels(R15), CX")
	w.op("SHLQ $2, CX")
	w.op("MOVQ SI, R14")
	w.label("channels")
	w.op("MOVQ SI, BX")
	for i := range 6 {
		w.op("LEAQ (BX)(R9*2), DX")
		w.op("ADDQ R9, DX")
		for j, at := range []string{"(BX)", "(BX)(R9*1)", "(BX)(R9*2)", "(DX)", "(DX)(R9*1)", "(DX)(R9*2)"} {
			w.op("VMOVUPS %s, %s", at, w.v(j))
		}
		for j, r := range w.byB() {
			w.op("VMOVUPS %s, %s", r, w.tmp(6*i+j))
		}
		if i < 5 {
			w.op("ADDQ R8, BX")
		}
	}
	w.op("MOVQ DI, BX")
	for j := range 6 {
		for i := range 6 {
			w.op("VMOVUPS %s, %s", w.tmp(6*i+j), w.v(i))
		}
		w.op("MOVQ BX, DX")
		for i, r := range w.byB() {
			w.op("VMOVUPS %s, (DX)", r)
			if i < 5 {
				w.op("ADDQ R13, DX")
			}
		}
		if j < 5 {
			w.op("ADDQ R10, BX")
		}
	}
	w.op("ADDQ $%d, SI", w.bytes(1))
	w.op("ADDQ $%d, DI", w.bytes(1))
	w.op("SUBQ $%d, CX", w.bytes(1))
	w.op("JNZ channels")
	w.op("MOVQ winogradInArgs_TileStride(R15), SI")
	w.op("LEAQ (R14)(SI*4), SI")
	w.op("DECQ R12")
	w.op("JNZ tile")
	w.end()
}

// byB multiplies registers 0 to 5 by Bᵀ and returns the registers of the result.
func (w winograd) byB() []string {
	d := func(i int) string { return w.v(i) }
	four, five := w.v(14), w.v(15)
	w.op("VMOVAPS %s, %s", d(4), d(6))
	w.fma(four, d(0), d(6))
	w.minus(five, d(2), d(6)) // 4d0 - 5d2 + d4
	w.op("VMOVAPS %s, %s", d(4), d(7))
	w.minus(four, d(2), d(7)) // d4 - 4d2
	w.op("VMOVAPS %s, %s", d(3), d(8))
	w.minus(four, d(1), d(8))                      // d3 - 4d1
	w.op("VSUBPS %s, %s, %s", d(2), d(4), d(10))   // d4 - d2
	w.op("VSUBPS %s, %s, %s", d(1), d(3), d(11))   // d3 - d1
	w.op("VADDPS %s, %s, %s", d(11), d(11), d(11)) // twice
	w.fma(four, d(1), d(5))                        // 4d1 + d5
	w.minus(five, d(3), d(5))                      // - 5d3
	w.op("VADDPS %s, %s, %s", d(8), d(7), d(9))    // second
	w.op("VSUBPS %s, %s, %s", d(8), d(7), d(7))    // third
	w.op("VADDPS %s, %s, %s", d(11), d(10), d(12)) // fourth
	w.op("VSUBPS %s, %s, %s", d(11), d(10), d(10)) // fifth
	return []string{d(6), d(9), d(7), d(12), d(10), d(5)}
}

// output writes the transform to output pixels.
func (w winograd) output() {
	w.function("winogradOut", "WinogradOutArgs", 0, "winogradOut is the kernel of kernel.WinogradOutArgs.",
		"Contract and meaning: kernel.WinogradOutArgs. A vector of columns at a time: the transform's columns by Aᵀ to Tmp, its rows by A.", "",
		w.v(0)+".."+w.v(5)+"  before, "+w.v(6)+".."+w.v(11)+" in a transform; "+w.v(12)+"  4, "+w.v(13)+"  Bias, "+w.v(14)+"  Lo, "+w.v(15)+"  Hi",
		"SI  Src, DI  Dst, R14  Residual, R12  Bias, all of the columns; R8  row, R9  pixel, R10  plane, R13  six planes in bytes",
		"R11  Tmp, CX  bytes of columns left, R15  arguments",
	)
	w.op("MOVQ a+0(FP), R15")
	w.constant(4, 12)
	w.op("VBROADCASTSS winogradOutArgs_Lo(R15), %s", w.v(14))
	w.op("VBROADCASTSS winogradOutArgs_Hi(R15), %s", w.v(15))
	for _, f := range [][2]string{{"RowStride", "R8"}, {"PixelStride", "R9"}, {"Plane", "R10"}, {"Columns", "CX"}} {
		w.op("MOVQ winogradOutArgs_%s(R15), %s", f[0], f[1])
		w.op("SHLQ $2, %s", f[1])
	}
	w.op("LEAQ (R10)(R10*2), R13")
	w.op("ADDQ R13, R13")
	for _, f := range [][2]string{{"Src", "SI"}, {"Dst", "DI"}, {"Residual", "R14"}, {"Bias", "R12"}, {"Tmp", "R11"}} {
		w.op("MOVQ winogradOutArgs_%s(R15), %s", f[0], f[1])
	}
	w.label("columns")
	w.op("MOVQ SI, BX")
	for j := range 6 {
		w.op("MOVQ BX, DX")
		for i := range 6 {
			w.op("VMOVUPS (DX), %s", w.v(i))
			if i < 5 {
				w.op("ADDQ R13, DX")
			}
		}
		for i, r := range w.byA() {
			w.op("VMOVUPS %s, %s", r, w.tmp(6*i+j))
		}
		if j < 5 {
			w.op("ADDQ R10, BX")
		}
	}
	w.op("VMOVUPS (R12), %s", w.v(13))
	w.op("MOVQ DI, BX")
	w.op("MOVQ R14, AX")
	for i := range 4 {
		for j := range 6 {
			w.op("VMOVUPS %s, %s", w.tmp(6*i+j), w.v(j))
		}
		y := w.byA()
		for _, r := range y {
			w.op("VADDPS %s, %s, %s", w.v(13), r, r)
		}
		w.op("LEAQ (R9)(R9*2), DX")
		places := func(base string) []string {
			return []string{"(" + base + ")", "(" + base + ")(R9*1)", "(" + base + ")(R9*2)", "(" + base + ")(DX*1)"}
		}
		w.op("CMPQ winogradOutArgs_AddResidual(R15), $0")
		w.op("JEQ clamp%d", i)
		for j, at := range places("AX") {
			w.op("VADDPS %s, %s, %s", at, y[j], y[j])
		}
		w.op("ADDQ R8, AX")
		w.label(fmt.Sprintf("clamp%d", i))
		for _, r := range y {
			w.clamp(r, w.v(14), w.v(15))
		}
		for j, at := range places("BX") {
			w.op("VMOVUPS %s, %s", y[j], at)
		}
		if i < 3 {
			w.op("ADDQ R8, BX")
		}
	}
	for _, r := range []string{"SI", "DI", "R14", "R12"} {
		w.op("ADDQ $%d, %s", w.bytes(1), r)
	}
	w.op("SUBQ $%d, CX", w.bytes(1))
	w.op("JNZ columns")
	w.end()
}

// byA multiplies registers 0 to 5 by Aᵀ and returns the registers of the result.
func (w winograd) byA() []string {
	m := func(i int) string { return w.v(i) }
	four := w.v(12)
	w.op("VADDPS %s, %s, %s", m(2), m(1), m(6))   // m1 + m2
	w.op("VSUBPS %s, %s, %s", m(2), m(1), m(7))   // m1 - m2
	w.op("VADDPS %s, %s, %s", m(4), m(3), m(8))   // m3 + m4
	w.op("VSUBPS %s, %s, %s", m(4), m(3), m(9))   // m3 - m4
	w.op("VADDPS %s, %s, %s", m(9), m(9), m(9))   // twice
	w.op("VADDPS %s, %s, %s", m(6), m(0), m(10))  // m0 + m1 + m2
	w.op("VADDPS %s, %s, %s", m(8), m(10), m(10)) // + m3 + m4
	w.op("VADDPS %s, %s, %s", m(9), m(7), m(11))  // second
	w.fma(four, m(8), m(6))                       // third
	w.op("VADDPS %s, %s, %s", m(7), m(5), m(5))
	w.fma(four, m(9), m(5)) // fourth
	return []string{m(10), m(11), m(6), m(5)}
}
