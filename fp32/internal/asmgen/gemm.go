package main

import "fmt"

// gemmRows are the general registers that point to the rows of a tile.
var gemmRows = []string{"AX", "BX", "CX", "DX", "DI", "R8", "R9", "R10", "R11", "R12", "R13", "BP"}

// Low tiles wait for their weights, each of which they use a few times only: they fetch them ahead, a distance that
// covers the latency of the outer caches.
const (
	prefetchRows  = 8
	prefetchAhead = 8192
)

// Frame slots of a matrix kernel.
const (
	slotTile   = 8 * iota // offsets of this tile
	slotTap               // offsets of the next tap
	slotTaps              // taps left
	slotTiles             // tiles left
	slotDst               // output of this tile
	slotRes               // residual of this tile
	slotSrcEnd            // Src + 4*K
	slotAltEnd            // Alt + 4*(AltLen+K)
	slotNegK              // -K
	gemmFrame
)

// writeGemm writes matrix kernels of every height for panels of two vectors and of one.
func writeGemm(e *emitter) {
	for _, vectors := range []int{2, 1} {
		for mr := 1; mr <= e.maxMR; mr++ {
			g := gemm{emitter: e, mr: mr, nv: vectors}
			g.write()
		}
	}
}

type gemm struct {
	*emitter
	mr, nv int
}

// acc returns the accumulator of row m and vector j: the last registers, in rows.
func (g gemm) acc(m, j int) string { return g.v(g.regs - 1 - m*g.nv - j) }

func (g gemm) write() {
	name := fmt.Sprintf("gemm%dx%d", g.mr, g.nv*g.lanes)
	last := g.regs - g.mr*g.nv
	g.function(name, "GemmArgs", gemmFrame, name+" is the kernel of kernel.GemmArgs for tiles of that size.",
		fmt.Sprintf("Tiles of %d rows by %d columns; contract and meaning: kernel.GemmArgs.", g.mr, g.nv*g.lanes), "",
		"          "+fmt.Sprintf("%s..%s weights [k][%d]", g.v(0), g.v(g.nv-1), g.nv*g.lanes),
		fmt.Sprintf("row[k] x  accumulators %s..%s, row m from %s-%d*m down", g.v(last), g.v(g.regs-1), g.v(g.regs-1), g.nv), "",
		fmt.Sprintf("%s..%s  ends of the rows' taps; R14 runs from -K to 0", gemmRows[0], gemmRows[g.mr-1]),
		"SI  weights; R15  arguments, in the tap set-up the rows' base",
	)
	g.start()
	g.label("tile")
	g.op("MOVQ gemmArgs_Bias(R15), SI")
	for j := range g.nv {
		g.op("VMOVUPS %d(SI), %s", g.bytes(j), g.v(j))
	}
	for m := range g.mr {
		for j := range g.nv {
			g.op("VMOVAPS %s, %s", g.v(j), g.acc(m, j))
		}
	}
	g.op("MOVQ gemmArgs_Taps(R15), SI")
	g.op("MOVQ SI, %d(SP)", slotTaps)
	g.op("MOVQ gemmArgs_Weights(R15), SI")
	g.op("MOVQ %d(SP), R14", slotTile)
	g.label("tap")
	g.tap()
	g.epilogue()
	g.end()
}

// start fills the frame.
func (g gemm) start() {
	g.op("MOVQ a+0(FP), R15")
	for _, f := range []struct {
		field string
		slot  int
	}{{"Offsets", slotTile}, {"Tiles", slotTiles}, {"Dst", slotDst}, {"Residual", slotRes}} {
		g.op("MOVQ gemmArgs_%s(R15), SI", f.field)
		g.op("MOVQ SI, %d(SP)", f.slot)
	}
	g.op("MOVQ gemmArgs_K(R15), AX")
	g.op("MOVQ gemmArgs_Src(R15), SI")
	g.op("LEAQ (SI)(AX*4), SI")
	g.op("MOVQ SI, %d(SP)", slotSrcEnd)
	g.op("MOVQ gemmArgs_Alt(R15), SI")
	g.op("LEAQ (SI)(AX*4), SI")
	g.op("MOVQ gemmArgs_AltLen(R15), BX")
	g.op("LEAQ (SI)(BX*4), SI")
	g.op("MOVQ SI, %d(SP)", slotAltEnd)
	g.op("NEGQ AX")
	g.op("MOVQ AX, %d(SP)", slotNegK)
}

// tap sets the rows of a tap, from the offsets at R14, and adds its products.
func (g gemm) tap() {
	g.op("MOVQ gemmArgs_OffsetStride(R15), BX")
	g.op("LEAQ (R14)(BX*4), BX")
	g.op("MOVQ BX, %d(SP)", slotTap)
	g.op("MOVQ %d(SP), R15", slotSrcEnd)
	for m := range g.mr {
		row, base := gemmRows[m], "R15"
		g.op("MOVLQSX %d(R14), %s", 4*m, row)
		if m+1 < g.mr {
			base = gemmRows[m+1]
			g.op("MOVQ R15, %s", base)
		}
		g.op("TESTQ %s, %s", row, row)
		g.op("CMOVQLT %d(SP), %s // below 0: counted from the end of Alt", slotAltEnd, base)
		g.op("LEAQ (%s)(%s*4), %s", base, row, row)
	}
	g.op("MOVQ %d(SP), R14", slotNegK)
	g.op("PCALIGN $32")
	g.label("k")
	for j := range g.nv {
		g.op("VMOVUPS %d(SI), %s", g.bytes(j), g.v(j))
	}
	spare := min(4, g.regs-g.nv-g.mr*g.nv)
	for m := range g.mr {
		x := g.v(g.nv + m%spare)
		g.op("VBROADCASTSS (%s)(R14*4), %s", gemmRows[m], x)
		for j := range g.nv {
			g.op("VFMADD231PS %s, %s, %s", g.v(j), x, g.acc(m, j))
		}
	}
	if g.mr <= prefetchRows {
		for line := 0; line < g.bytes(g.nv); line += 64 {
			g.op("PREFETCHT0 %d(SI)", prefetchAhead+line)
		}
	}
	g.op("ADDQ $%d, SI", g.bytes(g.nv))
	g.op("ADDQ $1, R14")
	g.op("JNZ k")
	g.op("MOVQ a+0(FP), R15")
	g.op("MOVQ %d(SP), R14", slotTap)
	g.op("DECQ %d(SP)", slotTaps)
	g.op("JNZ tap")
}

// epilogue adds the residual, clamps and stores the tile, and goes on to the next.
func (g gemm) epilogue() {
	lo, hi := g.v(g.nv), g.v(g.nv+1)
	if g.mr*g.nv+g.nv+2 > g.regs {
		panic("bug: no registers for the clamp")
	}
	g.op("MOVQ gemmArgs_DstStride(R15), BX")
	g.op("SHLQ $2, BX")
	g.op("CMPQ gemmArgs_AddResidual(R15), $0")
	g.op("JEQ clamp")
	g.op("MOVQ %d(SP), DI", slotRes)
	for m := range g.mr {
		for j := range g.nv {
			g.op("VADDPS %d(DI), %s, %s", g.bytes(j), g.acc(m, j), g.acc(m, j))
		}
		g.op("ADDQ BX, DI")
	}
	g.op("MOVQ DI, %d(SP)", slotRes)
	g.label("clamp")
	g.op("VBROADCASTSS gemmArgs_Lo(R15), %s", lo)
	g.op("VBROADCASTSS gemmArgs_Hi(R15), %s", hi)
	for m := range g.mr {
		for j := range g.nv {
			g.clamp(g.acc(m, j), lo, hi)
		}
	}
	g.op("MOVQ %d(SP), DI", slotDst)
	g.op("MOVQ gemmArgs_Columns(R15), CX")
	if g.lanes == 8 {
		g.op("CMPQ CX, $%d", g.nv*g.lanes)
		g.op("JNE masked")
		for m := range g.mr {
			for j := range g.nv {
				g.op("VMOVUPS %s, %d(DI)", g.acc(m, j), g.bytes(j))
			}
			g.op("ADDQ BX, DI")
		}
		g.op("JMP next")
		g.label("masked")
	}
	masks := []string{g.v(0), g.v(1)}
	if g.nv == 1 {
		masks = masks[:1]
	}
	g.mask(g.nv, "CX", "AX", masks...)
	for m := range g.mr {
		for j := range g.nv {
			g.store(g.acc(m, j), fmt.Sprintf("%d(DI)", g.bytes(j)), j, masks[j])
		}
		g.op("ADDQ BX, DI")
	}
	if g.lanes == 8 {
		g.label("next")
	}
	g.op("MOVQ DI, %d(SP)", slotDst)
	g.op("ADDQ $%d, %d(SP)", 4*g.mr, slotTile)
	g.op("DECQ %d(SP)", slotTiles)
	g.op("JNZ tile")
}
