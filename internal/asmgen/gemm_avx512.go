package main

import (
	"fmt"
	"go/format"
	"math/bits"
)

// gemmNotes has the notes that head the generated matrix product.
const gemmNotes = `
u8*s8 matrix products with VPDPBUSD; kernel.GemmArgs is the contract.

gemm<h>x<NR> computes tiles of h rows by NR columns, NR/16 zmm wide. Accumulators fill the registers from Z31 down, row by
row; below them stand the weights (Z0...) and a few broadcasts of four bytes of A:

            Z0          Z1            <- 4 bytes of k by 32 columns of B
    row 0   Z31         Z30           += broadcast(row 0) . Z0, Z1
    row 1   Z29         Z28
    ...

Rows end at their register plus k, and one index runs from -K to 0, so that it also counts the loop. All general registers
hold rows but SI (weights), R14 (index), R15 (what to prefetch; elsewhere the argument struct).

gemm<h>x<NR>w4 looks weights of 4 bits up in registers as it goes, for a few rows at most: dense layers, where memory binds.

Columns are permuted at packing (order in conv.go) so that the two saturating packs of the epilogue leave the bytes in order,
or four bytes of each row in a lane where the panel is narrower than 64.`

// gemmShape is one generated function.
type gemmShape struct {
	h, nz int
	bits  int // of a weight
	sets  int // accumulator sets: two for low tiles, so that the chains of additions do not bind
}

func newGemmShape(h, nz, bits int) gemmShape {
	s := gemmShape{h, nz, bits, 1}
	if h*nz < 10 {
		s.sets = 2
	}
	return s
}

func (s gemmShape) name() string {
	if s.bits == 4 {
		return fmt.Sprintf("gemm%dx%dw4", s.h, 16*s.nz)
	}
	return fmt.Sprintf("gemm%dx%d", s.h, 16*s.nz)
}

// spare is the number of the first register that neither weights nor constants take.
func (s gemmShape) spare() int {
	if s.bits == 4 {
		return s.nz + 2
	}
	return s.nz
}

// weightBytes is the size of the weights of 4 bytes of k.
func (s gemmShape) weightBytes() int { return 64 * s.nz * s.bits / 8 }

func (s gemmShape) acc(set, m, j int) string { return fmt.Sprintf("Z%d", 31-(set*s.h+m)*s.nz-j) }

var gemmRows = []string{"AX", "BX", "CX", "DX", "DI", "R8", "R9", "R10", "R11", "R12", "R13", "BP"}

// gemmTallest gives the tallest tile by width in zmm.
var gemmTallest = []struct{ nz, mr int }{{4, 6}, {2, 12}, {1, 12}}

func gemmAVX512() []byte {
	t := head("amd64 && !noasm", gemmNotes)
	t.line("")
	t.line("// Slots of the frame.")
	for i, d := range []struct{ name, what string }{
		{"nextRows", "offsets of the next tap's rows, or the next tile's first row"},
		{"tilesLeft", ""}, {"out", "where the tile goes"}, {"outs", "offsets of the tile's rows from there"}, {"tapsLeft", ""},
		{"nextTap", "where the number of the next tap stands, or 0"},
		{"fetch", "what to prefetch next"}, {"fetchStep", ""}, {"rowBias", "of the next tile, or 0"},
	} {
		if d.what != "" {
			d.what = " // " + d.what
		}
		t.line("#define %s %d(SP)%s", d.name, 8*i, d.what)
	}
	t.line("")
	t.line("// Quadwords 0 2 4 6 1 3 5 7: from rows a b interleaved by 8 bytes to a, b.")
	for i, v := range []int{0, 2, 4, 6, 1, 3, 5, 7} {
		t.line("DATA twoRows<>+%d(SB)/8, $%d", 8*i, v)
	}
	t.line("GLOBL twoRows<>(SB), RODATA|NOPTR, $64")
	t.line("")
	t.line("// Doublewords by columns of a 4x4 square: from rows a b c d interleaved by 4 bytes to a, b, c, d.")
	for i := range 16 {
		t.line("DATA fourRows<>+%d(SB)/4, $%d", 4*i, i%4*4+i/4)
	}
	t.line("GLOBL fourRows<>(SB), RODATA|NOPTR, $64")
	for _, w := range gemmTallest {
		for h := 1; h <= w.mr; h++ {
			newGemmShape(h, w.nz, 8).write(t)
		}
	}
	for h := 1; h <= gemmTallest[0].mr; h++ {
		newGemmShape(h, gemmTallest[0].nz, 4).write(t)
	}
	return t.Bytes()
}

func (s gemmShape) write(t *text) {
	t.function(s.name(), "kernel.GemmArgs", 72, fmt.Sprintf("%d rows by %d columns, weights of %d bits.", s.h, 16*s.nz, s.bits))
	t.op("MOVQ a+0(FP), R15")
	t.op("MOVQ gemmArgs_Offs(R15), SI")
	t.op("TESTQ SI, SI")
	t.op("JNZ indexed")
	t.op("MOVQ gemmArgs_Base(R15), SI")
	t.label("indexed")
	t.op("MOVQ SI, nextRows")
	for _, f := range [][2]string{{"Tiles", "tilesLeft"}, {"C", "out"}, {"Prefetch", "fetch"}, {"Stride", "fetchStep"}, {"RowBias", "rowBias"}, {"Outs", "outs"}} {
		t.op("MOVQ gemmArgs_%s(R15), SI", f[0])
		t.op("MOVQ SI, %s", f[1])
	}
	t.label("tile")
	s.begin(t)
	t.label("tap")
	s.rows(t)
	s.products(t)
	t.op("DECQ tapsLeft")
	t.op("JNZ tap")
	s.epilogue(t)
	t.op("VZEROUPPER")
	t.op("RET")
}

// begin sets the accumulators to the biases.
func (s gemmShape) begin(t *text) {
	t.op("MOVQ gemmArgs_Bias(R15), SI")
	for j := range s.nz {
		t.op("VMOVDQU32 %d(SI), Z%d", 64*j, j)
	}
	t.op("MOVQ rowBias, AX")
	t.op("TESTQ AX, AX")
	t.op("JNZ biased")
	for m := range s.h {
		for j := range s.nz {
			t.op("VMOVDQA32 Z%d, %s", j, s.acc(0, m, j))
		}
	}
	t.op("JMP begun")
	t.label("biased")
	for m := range s.h {
		t.op("VPBROADCASTD %d(AX), Z%d", 4*m, s.nz)
		for j := range s.nz {
			t.op("VPADDD Z%d, Z%d, %s", j, s.nz, s.acc(0, m, j))
		}
	}
	t.op("ADDQ $%d, rowBias", 4*s.h)
	t.label("begun")
	if s.bits == 4 {
		t.op("MOVL $0x0f0f0f0f, AX")
		t.op("VPBROADCASTD AX, Z%d", s.nz)
		t.op("MOVQ gemmArgs_Table(R15), AX")
		t.op("VBROADCASTI32X4 (AX), Z%d", s.nz+1)
	}
	if s.sets > 1 {
		for m := range s.h {
			for j := range s.nz {
				a := s.acc(1, m, j)
				t.op("VPXORD %s, %s, %s", a, a, a)
			}
		}
	}
	t.op("MOVQ gemmArgs_Residual(R15), DX")
	t.op("TESTQ DX, DX")
	t.op("JZ listed")
	t.op("ADDQ out, DX")
	t.op("SUBQ gemmArgs_C(R15), DX")
	t.op("MOVQ outs, BX")
	for m := range s.h {
		t.op("MOVLQSX %d(BX), DI", 4*m)
		t.op("PREFETCHT0 (DX)(DI*1)")
	}
	t.label("listed")
	t.op("MOVQ gemmArgs_Taps(R15), SI")
	t.op("MOVQ SI, tapsLeft")
	t.op("MOVQ gemmArgs_TapList(R15), SI")
	t.op("MOVQ SI, nextTap")
	t.op("MOVQ gemmArgs_B(R15), SI")
}

// rows loads the ends of the tap's rows.
func (s gemmShape) rows(t *text) {
	t.op("MOVQ nextRows, R14")
	t.op("MOVQ gemmArgs_K(R15), AX")
	t.op("MOVQ gemmArgs_Offs(R15), BX")
	t.op("TESTQ BX, BX")
	t.op("JZ direct")
	t.op("MOVQ nextTap, BX")
	t.op("TESTQ BX, BX")
	t.op("JZ inOrder")
	t.op("MOVLQSX (BX), SI")
	t.op("ADDQ $4, BX")
	t.op("MOVQ BX, nextTap")
	t.op("IMULQ AX, SI")
	t.op("SHLQ $%d, SI", bits.TrailingZeros(uint(s.weightBytes()/4)))
	t.op("ADDQ gemmArgs_B(R15), SI")
	t.label("inOrder")
	t.op("MOVQ gemmArgs_Base(R15), BP")
	t.op("ADDQ AX, BP")
	t.op("ADDQ gemmArgs_Pad(R15), AX")
	t.op("MOVQ AX, R15 // where a row of padding ends")
	for m := range s.h {
		from, row := gemmRows[m], gemmRows[m]
		if row == "BP" {
			from = "R14"
		}
		t.op("MOVLQSX %d(R14), %s", 4*m, from)
		t.op("TESTQ %s, %s", from, from)
		t.op("LEAQ (%s)(BP*1), %s", from, row)
		t.op("CMOVQLT R15, %s", row)
	}
	t.op("ADDQ $%d, nextRows", 4*s.h)
	t.op("JMP ready")
	t.label("direct")
	t.op("MOVQ gemmArgs_RowStride(R15), BP")
	t.op("ADDQ R14, AX")
	t.op("IMUL3Q $%d, BP, R14", s.h)
	t.op("ADDQ R14, nextRows")
	for m := 1; m < s.h; m++ {
		t.op("LEAQ (%s)(BP*1), %s", gemmRows[m-1], gemmRows[m])
	}
	t.label("ready")
	t.op("MOVQ a+0(FP), R15")
	t.op("MOVQ gemmArgs_K(R15), R14")
	t.op("NEGQ R14")
	t.op("MOVQ fetch, R15")
}

// products adds one tap's products, 8 bytes of k a turn.
func (s gemmShape) products(t *text) {
	t.op("TESTQ $4, R14")
	t.op("JZ loop")
	s.step(t, 0, 0)
	t.op("ADDQ $%d, SI", s.weightBytes())
	t.op("ADDQ $4, R14")
	t.op("JZ done")
	t.op("PCALIGN $64")
	t.label("loop")
	for u := range 2 {
		s.step(t, u, u%s.sets)
	}
	t.op("PREFETCHT1 (R15)")
	t.op("ADDQ fetchStep, R15")
	t.op("ADDQ $%d, SI", 2*s.weightBytes())
	t.op("ADDQ $8, R14")
	t.op("JNZ loop")
	t.label("done")
	t.op("MOVQ R15, fetch")
	t.op("MOVQ a+0(FP), R15")
}

// step adds the products of 4 bytes of k, u steps on, to an accumulator set.
func (s gemmShape) step(t *text, u, set int) {
	broadcasts := min(4, 32-s.spare()-s.h*s.nz*s.sets)
	s.weights(t, u)
	for m := range s.h {
		b := s.spare() + m%broadcasts
		t.op("VPBROADCASTD %d(%s)(R14*1), Z%d", 4*u, gemmRows[m], b)
		for j := range s.nz {
			t.op("VPDPBUSD Z%d, Z%d, %s", j, b, s.acc(set, m, j))
		}
	}
}

// weights loads the weights of 4 bytes of k. Of 4 bits, a block of 64 bytes holds one zmm in the low halves of its bytes and
// the next in the high ones; the register after the weights masks them, the one after that is the table.
func (s gemmShape) weights(t *text, u int) {
	if s.bits == 8 {
		for j := range s.nz {
			t.op("VMOVDQU32 %d(SI), Z%d", u*s.weightBytes()+64*j, j)
		}
		return
	}
	for j := 0; j < s.nz; j += 2 {
		t.op("VMOVDQU32 %d(SI), Z%d", u*s.weightBytes()+32*j, j)
		t.op("VPSRLW $4, Z%d, Z%d", j, j+1)
	}
	for j := range s.nz {
		t.op("VPANDD Z%d, Z%d, Z%d", s.nz, j, j)
		t.op("VPSHUFB Z%d, Z%d, Z%d", j, s.nz+1, j)
	}
}

// gemmAVX512Stubs makes the declarations and the table of the functions.
func gemmAVX512Stubs() []byte {
	t := &text{}
	t.line("// Code generated by internal/asmgen. DO NOT EDIT.\n\n//go:build amd64 && !noasm\n\npackage avx512vnni\n")
	t.line("import \"github.com/octet-ml/octet/int8/internal/kernel\"\n")
	for _, w := range gemmTallest {
		gemmAVX512Table(t, w.mr, w.nz, 8)
	}
	gemmAVX512Table(t, gemmTallest[0].mr, gemmTallest[0].nz, 4)
	src, err := format.Source(t.Bytes())
	if err != nil {
		panic("bug: " + err.Error())
	}
	return src
}

// gemmAVX512Table declares the functions of one width and lists them.
func gemmAVX512Table(t *text, mr, nz, bits int) {
	name := fmt.Sprint("gemm", 16*nz)
	if bits == 4 {
		name += "w4"
	}
	for h := 1; h <= mr; h++ {
		t.line("//go:noescape\nfunc %s(a *kernel.GemmArgs)\n", newGemmShape(h, nz, bits).name())
	}
	t.line("// %s has the functions %d columns wide for weights of %d bits, by tile height.", name, 16*nz, bits)
	t.line("var %s = []func(*kernel.GemmArgs){\nnil,", name)
	for h := 1; h <= mr; h++ {
		t.line("%s,", newGemmShape(h, nz, bits).name())
	}
	t.line("}\n")
}
