package main

import (
	"fmt"
	"math"

	"github.com/octet-ml/octet/internal/a64"
)

// neonPoolClamp are the vectors of a pool's clamp.
var neonPoolClamp = clampRegs{lo: 28, hi: 29, a: 30, b: 31}

// neonPools writes the kernels of the maximum and the average.
func neonPools(e *emitter) {
	for _, average := range []bool{false, true} {
		p := neonPool{neon{e}, average}
		p.write()
	}
}

type neonPool struct {
	neon
	average bool
}

func (p neonPool) write() {
	name := "maxPool"
	if p.average {
		name = "averagePool"
	}
	p.function(name, "PoolArgs", 0, name+" is the kernel of kernel.PoolArgs for that reduction.",
		"Contract and meaning: kernel.PoolArgs. One output pixel by blocks of "+fmt.Sprint(p.blocks)+" vectors of channels, which are",
		"reduced in V16 and up.", "",
		"R1  Src, R2  Dst, both of this block; R3  channels left; R4  row stride, R5  column stride",
		"R6  row, R7  tap; R9  rows left, R10  columns left; V0  start, V1  count, V4..V7  tap, V20..V23  masks",
	)
	p.arguments("poolArgs", [][2]string{{"Src", "R1"}, {"Dst", "R2"}, {"Channels", "R3"}, {"RowStride", "R4"}, {"ColStride", "R5"}}...)
	p.op("LSL $2, R4, R4")
	p.op("LSL $2, R5, R5")
	if p.average {
		p.zero(0)
		p.splat("poolArgs_Count(R0)", "R8", 1)
	} else {
		p.float(float32(math.Inf(-1)), 0)
	}
	p.bounds("poolArgs", neonPoolClamp)
	for _, n := range p.blocks {
		again, next := fmt.Sprintf("block%d", n), fmt.Sprintf("after%d", n)
		p.label(again)
		if n > 1 {
			p.op("CMP $%d, R3", n*p.lanes)
			p.op("BLT %s", next)
		} else {
			p.op("CMP $0, R3")
			p.op("BLE %s", next)
		}
		p.block(n, again)
		p.op("ADD $%d, R1, R1", p.bytes(n))
		p.op("ADD $%d, R2, R2", p.bytes(n))
		p.op("SUB $%d, R3, R3", n*p.lanes)
		p.op("B %s", again)
		p.label(next)
	}
	p.op("RET")
}

// block writes the reduction of n vectors of channels.
func (p neonPool) block(n int, name string) {
	const acc, tap, mask = 16, 4, 20
	for j := range n {
		p.move(0, acc+j)
	}
	p.op("MOVD R1, R6")
	p.op("MOVD poolArgs_Rows(R0), R9")
	p.label(name + "_row")
	p.op("MOVD R6, R7")
	p.op("MOVD poolArgs_Cols(R0), R10")
	p.label(name + "_tap")
	p.op("VLD1 (R7), %s", vecs(tap, n))
	p.op("ADD R5, R7, R7")
	for j := range n {
		if p.average {
			p.add(acc+j, tap+j)
			continue
		}
		p.word(a64.FCMGT, mask+j, tap+j, acc+j)
		p.insert(tap+j, mask+j, acc+j)
	}
	p.op("SUBS $1, R10, R10")
	p.op("BNE %s_tap", name)
	p.op("ADD R4, R6, R6")
	p.op("SUBS $1, R9, R9")
	p.op("BNE %s_row", name)
	if p.average {
		for j := range n {
			p.word(a64.FDIV, acc+j, acc+j, 1)
		}
	}
	p.clamp(name+"_", sequence(acc, n), neonPoolClamp)
	if n == 1 {
		p.op("CMP $%d, R3", p.lanes)
		p.op("BGE %s_full", name)
		p.storePart(acc, n, "R2", "R3", name+"_")
		p.op("RET")
		p.label(name + "_full")
	}
	p.op("VST1 %s, (R2)", vecs(acc, n))
}
