package main

import "github.com/octet-ml/octet/internal/a64"

// neonBinaryOps are the operations of a vector a and a vector b, which leave their result in a.
var neonBinaryOps = []struct {
	name  string
	apply func(n neon, a, b, mask int)
}{
	{"add", func(n neon, a, b, _ int) { n.word(a64.FADD, a, a, b) }},
	{"sub", func(n neon, a, b, _ int) { n.word(a64.FSUB, a, a, b) }},
	{"mul", func(n neon, a, b, _ int) { n.word(a64.FMUL, a, a, b) }},
	{"div", func(n neon, a, b, _ int) { n.word(a64.FDIV, a, a, b) }},
	{"max", func(n neon, a, b, mask int) {
		n.word(a64.FCMGT, mask, a, b)
		n.insertUnmarked(b, mask, a)
	}},
	{"min", func(n neon, a, b, mask int) {
		n.word(a64.FCMGT, mask, b, a)
		n.insertUnmarked(b, mask, a)
	}},
	{"rsub", func(n neon, a, b, _ int) { n.word(a64.FSUB, a, b, a) }},
	{"rdiv", func(n neon, a, b, _ int) { n.word(a64.FDIV, a, b, a) }},
}

// neonEltwises writes the binary operations in both forms, the clamp and HardSwish.
func neonEltwises(e *emitter) {
	for _, op := range neonBinaryOps {
		for _, form := range []string{"Vector", "Scalar"} {
			x := neonEltwise{neon: neon{e}, apply: op.apply, scalar: form == "Scalar", args: "binaryArgs", src: "A"}
			x.write(op.name+form, "BinaryArgs")
		}
	}
	x := neonEltwise{neon: neon{e}, args: "unaryArgs", src: "Src"}
	x.write("clamp", "UnaryArgs")
	x.swish = true
	x.write("hardSwish", "UnaryArgs")
}

// Vectors of an element-wise kernel: four operands from neonA and from neonB on, and as many masks or temporaries.
const (
	neonA      = 0
	neonB      = 4
	neonMask   = 8
	neonScalar = 20
	neonSixth  = 21
	neonHalf   = 22
)

var neonEltwiseClamp = clampRegs{lo: 16, hi: 17, a: 18, b: 19}

type neonEltwise struct {
	neon
	apply     func(n neon, a, b, mask int) // nil: one operand
	scalar    bool
	swish     bool // HardSwish in place of the clamp
	args, src string
}

func (x neonEltwise) write(name, args string) {
	x.function(name, args, 0, name+" is the kernel of kernel."+args+" of that name.",
		"Contract and meaning: kernel."+args+".", "",
		"R1  first operand, R2  second, R3  Dst; R4  elements left",
		"V0..V3  first operand, V4..V7  second, V8..V11  masks; V16 V17  clamp, V18 V19  its masks; V20  scalar",
	)
	fields := [][2]string{{x.src, "R1"}, {"Dst", "R3"}, {"N", "R4"}}
	if x.apply != nil {
		fields = append(fields, [2]string{"B", "R2"})
	}
	x.arguments(x.args, fields...)
	if x.swish {
		x.float(1.0/6, neonSixth)
		x.float(0.5, neonHalf)
		x.zero(neonEltwiseClamp.lo)
		x.float(1, neonEltwiseClamp.hi)
	} else {
		x.bounds(x.args, neonEltwiseClamp)
	}
	if x.scalar {
		x.op("VLD1R (R2), [V%d.S4]", neonScalar)
	}
	x.loop("vectors", unroll, "single")
	x.loop("single", 1, "tail")
	x.label("tail")
	x.op("CBZ R4, done")
	x.values("tail_", 1)
	x.storePart(neonA, 1, "R3", "R4", "")
	x.label("done")
	x.op("RET")
}

// loop writes a loop over n vectors at a time that leaves for the label next when fewer are left.
func (x neonEltwise) loop(name string, n int, next string) {
	x.label(name)
	x.op("CMP $%d, R4", n*x.lanes)
	x.op("BLT %s", next)
	x.values(name+"_", n)
	x.op("VST1.P %s, %d(R3)", vecs(neonA, n), x.bytes(n))
	x.op("SUB $%d, R4, R4", n*x.lanes)
	x.op("B %s", name)
}

// values makes n vectors of results in V0 and up.
func (x neonEltwise) values(label string, n int) {
	x.op("VLD1.P %d(R1), %s", x.bytes(n), vecs(neonA, n))
	if x.apply != nil && !x.scalar {
		x.op("VLD1.P %d(R2), %s", x.bytes(n), vecs(neonB, n))
	}
	if x.swish {
		x.hardSwish(n)
		return
	}
	for j := range n {
		switch {
		case x.scalar:
			x.apply(x.neon, neonA+j, neonScalar, neonMask+j)
		case x.apply != nil:
			x.apply(x.neon, neonA+j, neonB+j, neonMask+j)
		}
	}
	x.clamp(label, sequence(neonA, n), neonEltwiseClamp)
}

// hardSwish multiplies n vectors x by x/6 + 1/2 limited to 0..1.
func (x neonEltwise) hardSwish(n int) {
	for j := range n {
		x.word(a64.FMUL, neonB+j, neonA+j, neonSixth)
	}
	for j := range n {
		x.word(a64.FADD, neonB+j, neonB+j, neonHalf)
	}
	x.limitLow(sequence(neonB, n), neonEltwiseClamp)
	x.limitHigh(sequence(neonB, n), neonEltwiseClamp)
	for j := range n {
		x.word(a64.FMUL, neonA+j, neonA+j, neonB+j)
	}
}
