package main

import (
	"fmt"

	"github.com/octet-ml/octet/internal/a64"
)

// neonDepth is how many k of a row one load takes: the elements of a vector.
const neonDepth = 4

// neonGemms writes matrix kernels of every height: tiles of 16 columns with up to 6 rows, which fill all registers, and of 8
// columns with up to 8.
func neonGemms(e *emitter) {
	for _, family := range []struct{ vectors, mr int }{{4, 6}, {2, 8}} {
		for mr := 1; mr <= family.mr; mr++ {
			g := neonGemm{neon: neon{e}, mr: mr, nv: family.vectors}
			g.write()
		}
	}
}

// neonGemm is the kernel for tiles of mr rows by nv vectors. Sums stand in V0 and up, nv for each row, then a vector of each
// row's elements; weights pass through the last registers.
type neonGemm struct {
	neon
	mr, nv int
}

func (g neonGemm) acc(m, j int) int { return m*g.nv + j }
func (g neonGemm) x(m int) int      { return g.mr*g.nv + m }
func (g neonGemm) row(m int) string { return fmt.Sprintf("R%d", 19+m) }

// weights is the number of registers that weights pass through.
func (g neonGemm) weights() int { return min(4, g.regs-g.mr*(g.nv+1)) }

// w is the register of weight vector s.
func (g neonGemm) w(s int) int { return g.regs - g.weights() + s%g.weights() }

func (g neonGemm) write() {
	name := fmt.Sprintf("gemm%dx%d", g.mr, g.nv*g.lanes)
	g.function(name, "GemmArgs", 0, name+" is the kernel of kernel.GemmArgs for tiles of that size.",
		fmt.Sprintf("Tiles of %d rows by %d columns; contract and meaning: kernel.GemmArgs.", g.mr, g.nv*g.lanes), "",
		fmt.Sprintf("                   V%d..V31 weights [k][%d]", g.w(0), g.nv*g.lanes),
		fmt.Sprintf("V%d+m row m, 4 of k  V0..V%d sums, row m from V(%d*m) on", g.x(0), g.x(0)-1, g.nv), "",
		fmt.Sprintf("R19..%s  rows; R1  weights, R2  offsets of the tap, R13 of the tile, R14  their stride", g.row(g.mr-1)),
		"R3  tiles left, R6  taps, R7  k; R4  Dst, R5  Residual, R15  their stride; R9  Src, R10  end of Alt; R11, R12  scratch",
		"After the taps V24..V31 are scratch.",
	)
	g.arguments("gemmArgs", [][2]string{
		{"Tiles", "R3"}, {"Dst", "R4"}, {"Residual", "R5"}, {"Src", "R9"}, {"Alt", "R10"}, {"AltLen", "R11"},
		{"Offsets", "R13"}, {"OffsetStride", "R14"}, {"DstStride", "R15"},
	}...)
	g.op("ADD R11<<2, R10, R10")
	g.op("LSL $2, R14, R14")
	g.op("LSL $2, R15, R15")
	g.label("tile")
	g.op("MOVD gemmArgs_Bias(R0), R8")
	for m := range g.mr {
		g.op("VLD1 (R8), %s", vecs(g.acc(m, 0), g.nv))
	}
	g.op("MOVD gemmArgs_Weights(R0), R1")
	g.op("MOVD gemmArgs_Taps(R0), R6")
	g.op("MOVD R13, R2")
	g.label("tap")
	g.tap()
	g.op("SUBS $1, R6, R6")
	g.op("BNE tap")
	g.epilogue()
	g.op("RET")
}

// tap sets the rows of a tap, from the offsets at R2, and adds its products.
func (g neonGemm) tap() {
	g.op("MOVD R2, R11")
	for m := range g.mr {
		g.op("MOVW.P 4(R11), R12")
		g.op("CMP $0, R12")
		g.op("CSEL LT, R10, R9, R8 // below 0: counted from the end of Alt")
		g.op("ADD R12<<2, R8, %s", g.row(m))
	}
	g.op("ADD R14, R2, R2")
	g.op("MOVD gemmArgs_K(R0), R7")
	g.op("SUBS $%d, R7, R7", neonDepth)
	g.op("BLT rest")
	g.op("PCALIGN $16")
	g.label("four")
	for m := range g.mr {
		g.op("FMOVQ.P %d(%s), F%d", 4*neonDepth, g.row(m), g.x(m))
	}
	g.products(neonDepth)
	g.op("SUBS $%d, R7, R7", neonDepth)
	g.op("BGE four")
	g.label("rest")
	g.op("ADDS $%d, R7, R7", neonDepth)
	g.op("BEQ added")
	g.label("one")
	for m := range g.mr {
		g.op("FMOVS.P 4(%s), F%d", g.row(m), g.x(m))
	}
	g.products(1)
	g.op("SUBS $1, R7, R7")
	g.op("BNE one")
	g.label("added")
}

// products adds the products of depth elements of each row, k by k. A vector of weights is loaded as soon as the one that its
// register held has been used.
func (g neonGemm) products(depth int) {
	total := depth * g.nv
	load := func(s int) {
		if s < total {
			g.op("FMOVQ %d(R1), F%d", g.bytes(s), g.w(s))
		}
	}
	for s := range g.weights() {
		load(s)
	}
	for s := range total {
		for m := range g.mr {
			g.op("%s", a64.FMLALane.Element(s/g.nv, g.acc(m, s%g.nv), g.w(s), g.x(m)))
		}
		load(s + g.weights())
	}
	g.op("ADD $%d, R1, R1", g.bytes(total))
}

// epilogue adds the residual, clamps and stores the tile, and goes on to the next.
func (g neonGemm) epilogue() {
	const scratch = 24
	if g.mr*g.nv > scratch {
		panic("bug: no registers for the clamp")
	}
	g.op("MOVD gemmArgs_AddResidual(R0), R8")
	g.op("CBZ R8, bounds")
	for m := range g.mr {
		v := scratch + 4*(m%2)
		g.op("VLD1 (R5), %s", vecs(v, g.nv))
		g.op("ADD R15, R5, R5")
		for j := range g.nv {
			g.add(g.acc(m, j), v+j)
		}
	}
	g.label("bounds")
	c := clampRegs{lo: scratch, hi: scratch + 1, a: scratch + 2, b: scratch + 3}
	g.bounds("gemmArgs", c)
	g.clamp("", sequence(0, g.mr*g.nv), c)
	g.op("MOVD gemmArgs_Columns(R0), R11")
	g.op("CMP $%d, R11", g.nv*g.lanes)
	g.op("BNE partial")
	for m := range g.mr {
		g.op("VST1 %s, (R4)", vecs(g.acc(m, 0), g.nv))
		g.op("ADD R15, R4, R4")
	}
	g.op("B next")
	g.label("partial")
	for m := range g.mr {
		g.op("MOVD R4, R12")
		g.storePart(g.acc(m, 0), g.nv, "R12", "R11", fmt.Sprintf("row%d", m))
		g.op("ADD R15, R4, R4")
	}
	g.label("next")
	g.op("ADD $%d, R13, R13", 4*g.mr)
	g.op("SUBS $1, R3, R3")
	g.op("BNE tile")
}
