package main

import "fmt"

// binaryOps are the operations: a is in the first register, b in memory or in the second; Go's operand order reverses
// Intel's, so "OP b, a, dst" is a op b.
var binaryOps = []struct {
	name, mnemonic string
	reversed       bool
}{
	{"add", "VADDPS", false}, {"sub", "VSUBPS", false}, {"mul", "VMULPS", false}, {"div", "VDIVPS", false},
	{"max", "VMAXPS", false}, {"min", "VMINPS", false}, {"rsub", "VSUBPS", true}, {"rdiv", "VDIVPS", true},
}

// unroll is the number of vectors of an element-wise loop.
const unroll = 4

// writeEltwise writes the binary operations in both forms, and the clamp.
func writeEltwise(e *emitter) {
	for _, op := range binaryOps {
		for _, scalar := range []bool{false, true} {
			x := eltwise{emitter: e, mnemonic: op.mnemonic, reversed: op.reversed, binary: true, scalar: scalar, args: "binaryArgs", src: "A"}
			name := op.name + "Vector"
			if scalar {
				name = op.name + "Scalar"
			}
			x.write(name, "BinaryArgs")
		}
	}
	x := eltwise{emitter: e, args: "unaryArgs", src: "Src"}
	x.write("clamp", "UnaryArgs")
	x.swish = true
	x.write("hardSwish", "UnaryArgs")
}

type eltwise struct {
	*emitter
	mnemonic                 string
	reversed, binary, scalar bool
	swish                    bool // HardSwish in place of the clamp
	args, src                string
}

func (x eltwise) write(name, args string) {
	x.function(name, args, 0, name+" is the kernel of kernel."+args+" of that name.",
		"Contract and meaning: kernel."+args+".", "",
		"SI  first operand, DX  second, DI  Dst; CX  elements left",
		fmt.Sprintf("%s %s  clamp, %s  scalar, %s  tail mask, %s..  elements", x.v(0), x.v(1), x.v(2), x.v(3), x.v(4)),
	)
	x.op("MOVQ a+0(FP), R11")
	x.op("MOVQ %s_%s(R11), SI", x.args, x.src)
	if x.binary {
		x.op("MOVQ %s_B(R11), DX", x.args)
	}
	x.op("MOVQ %s_Dst(R11), DI", x.args)
	x.op("MOVQ %s_N(R11), CX", x.args)
	if x.swish {
		for i, c := range []float32{1.0 / 6, 0.5, 0, 1} {
			x.constant(c, 12+i)
		}
	} else {
		x.op("VBROADCASTSS %s_Lo(R11), %s", x.args, x.v(0))
		x.op("VBROADCASTSS %s_Hi(R11), %s", x.args, x.v(1))
	}
	if x.scalar {
		x.op("VBROADCASTSS (DX), %s", x.v(2))
	}
	x.loop("vectors", unroll, "single")
	x.loop("single", 1, "tail")
	x.label("tail")
	x.op("CMPQ CX, $0")
	x.op("JEQ done")
	x.tailMask("CX", "AX", x.v(3))
	x.load("(SI)", x.v(4), x.v(3))
	if x.binary && !x.scalar {
		x.load("(DX)", x.v(8), x.v(3))
		x.combine(4, x.v(8))
	} else if x.binary {
		x.combine(4, x.v(2))
	}
	x.finish(1)
	x.store(x.v(4), "(DI)", 0, x.v(3))
	x.label("done")
	x.end()
}

// loop writes a loop over n vectors at a time that leaves for the label next when fewer are left.
func (x eltwise) loop(name string, n int, next string) {
	x.label(name)
	x.op("CMPQ CX, $%d", n*x.lanes)
	x.op("JLT %s", next)
	for j := range n {
		x.op("VMOVUPS %d(SI), %s", x.bytes(j), x.v(4+j))
	}
	for j := range n {
		switch {
		case x.scalar:
			x.combine(4+j, x.v(2))
		case x.binary && x.reversed:
			x.op("VMOVUPS %d(DX), %s", x.bytes(j), x.v(8+j))
			x.combine(4+j, x.v(8+j))
		case x.binary:
			x.combine(4+j, fmt.Sprintf("%d(DX)", x.bytes(j)))
		}
	}
	x.finish(n)
	for j := range n {
		x.op("VMOVUPS %s, %d(DI)", x.v(4+j), x.bytes(j))
	}
	x.op("ADDQ $%d, SI", x.bytes(n))
	if x.binary && !x.scalar {
		x.op("ADDQ $%d, DX", x.bytes(n))
	}
	x.op("ADDQ $%d, DI", x.bytes(n))
	x.op("SUBQ $%d, CX", n*x.lanes)
	x.op("JMP %s", name)
}

// finish ends the work on n vectors.
func (x eltwise) finish(n int) {
	for j := range n {
		if !x.swish {
			x.clamp(x.v(4+j), x.v(0), x.v(1))
			continue
		}
		h := x.v(8 + j)
		x.op("VMULPS %s, %s, %s", x.v(12), x.v(4+j), h)
		x.op("VADDPS %s, %s, %s", x.v(13), h, h)
		x.clamp(h, x.v(14), x.v(15))
		x.op("VMULPS %s, %s, %s", h, x.v(4+j), x.v(4+j))
	}
}

// combine sets vector i to its operation with b, a register or, unless reversed, memory.
func (x eltwise) combine(i int, b string) {
	if x.reversed {
		x.op("%s %s, %s, %s", x.mnemonic, x.v(i), b, x.v(i))
		return
	}
	x.op("%s %s, %s, %s", x.mnemonic, b, x.v(i), x.v(i))
}
