package main

import (
	"fmt"
	"math"
)

// writePool writes the kernels of the maximum and the average.
func writePool(e *emitter) {
	for _, average := range []bool{false, true} {
		p := pool{e, average}
		p.write()
	}
}

type pool struct {
	*emitter
	average bool
}

func (p pool) write() {
	name := "maxPool"
	if p.average {
		name = "averagePool"
	}
	p.function(name, "PoolArgs", 0, name+" is the kernel of kernel.PoolArgs for that reduction.",
		"Contract and meaning: kernel.PoolArgs. One output pixel by blocks of "+fmt.Sprint(p.blocks)+" vectors of channels, which are",
		"reduced in registers "+p.v(p.regs-1)+" downwards.", "",
		"SI  Src, DI  Dst, both of this block; R12  channels left; R8  row stride, R9  column stride",
		"AX  row, BX  tap; CX  rows left, DX  columns left; "+p.v(0)+"  start, "+p.v(1)+" "+p.v(2)+"  clamp, "+p.v(3)+"  count",
	)
	p.op("MOVQ a+0(FP), R11")
	p.op("MOVQ poolArgs_Src(R11), SI")
	p.op("MOVQ poolArgs_Dst(R11), DI")
	p.op("MOVQ poolArgs_Channels(R11), R12")
	p.op("MOVQ poolArgs_RowStride(R11), R8")
	p.op("SHLQ $2, R8")
	p.op("MOVQ poolArgs_ColStride(R11), R9")
	p.op("SHLQ $2, R9")
	if p.average {
		p.zero(p.v(0))
		p.op("VBROADCASTSS poolArgs_Count(R11), %s", p.v(3))
	} else {
		p.constant(float32(math.Inf(-1)), 0)
	}
	p.op("VBROADCASTSS poolArgs_Lo(R11), %s", p.v(1))
	p.op("VBROADCASTSS poolArgs_Hi(R11), %s", p.v(2))
	for _, n := range p.blocks {
		next := fmt.Sprintf("after%d", n)
		again := fmt.Sprintf("block%d", n)
		p.label(again)
		if n > 1 {
			p.op("CMPQ R12, $%d", n*p.lanes)
			p.op("JLT %s", next)
		} else {
			p.op("CMPQ R12, $0")
			p.op("JLE %s", next)
		}
		p.block(n, again)
		p.op("ADDQ $%d, SI", p.bytes(n))
		p.op("ADDQ $%d, DI", p.bytes(n))
		p.op("SUBQ $%d, R12", n*p.lanes)
		p.op("JMP %s", again)
		p.label(next)
	}
	p.end()
}

// block writes the reduction of n vectors of channels.
func (p pool) block(n int, name string) {
	acc := func(j int) string { return p.v(p.regs - 1 - j) }
	for j := range n {
		p.op("VMOVAPS %s, %s", p.v(0), acc(j))
	}
	p.op("MOVQ SI, AX")
	p.op("MOVQ poolArgs_Rows(R11), CX")
	p.label(name + "_row")
	p.op("MOVQ AX, BX")
	p.op("MOVQ poolArgs_Cols(R11), DX")
	p.label(name + "_tap")
	for j := range n {
		if p.average {
			p.op("VADDPS %d(BX), %s, %s", p.bytes(j), acc(j), acc(j))
			continue
		}
		p.op("VMOVUPS %d(BX), %s", p.bytes(j), p.v(4+j))
		p.op("VMAXPS %s, %s, %s", acc(j), p.v(4+j), acc(j))
	}
	p.op("ADDQ R9, BX")
	p.op("DECQ DX")
	p.op("JNZ %s_tap", name)
	p.op("ADDQ R8, AX")
	p.op("DECQ CX")
	p.op("JNZ %s_row", name)
	for j := range n {
		if p.average {
			p.op("VDIVPS %s, %s, %s", p.v(3), acc(j), acc(j))
		}
		p.clamp(acc(j), p.v(1), p.v(2))
	}
	if n == 1 {
		p.op("CMPQ R12, $%d", p.lanes)
		p.op("JGE %s_full", name)
		p.tailMask("R12", "DX", p.v(4))
		p.store(acc(0), "(DI)", 0, p.v(4))
		p.op("JMP after1")
		p.label(name + "_full")
	}
	for j := range n {
		p.op("VMOVUPS %s, %d(DI)", acc(j), p.bytes(j))
	}
}
