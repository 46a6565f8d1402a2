package main

import "fmt"

// writeFunctions writes the functions for x86.
func writeFunctions(e *emitter) {
	functions(e, 8, &x86Functions{emitter: e, sets: []fset{newSet(1), newSet(8)}})
}

// x86Functions works on two vectors of float64.
type x86Functions struct {
	*emitter
	sets []fset
}

// write writes a function: pairs of vectors, then what is left with masks, one vector at a time.
func (x *x86Functions) write(row functionRow, f *function) {
	half := x.lanes / 2
	x.function(row.name, "UnaryArgs", 128, row.name+" is the kernel of kernel.UnaryArgs for that function.",
		"Contract and meaning: kernel.UnaryArgs and the function of that name in package f32, in float64.", "",
		"SI  Src, DI  Dst, CX  elements left; the frame holds a spilled pair",
		fmt.Sprintf("%s  constant; %s..%s  first vector of %d elements, %s..%s  second: the element and temporaries",
			x.v(0), x.v(1), x.v(7), half, x.v(8), x.v(14)),
	)
	x.op("MOVQ a+0(FP), R11")
	x.op("MOVQ unaryArgs_Src(R11), SI")
	x.op("MOVQ unaryArgs_Dst(R11), DI")
	x.op("MOVQ unaryArgs_N(R11), CX")
	narrow := map[int]string{8: "X", 16: "Y"}[x.lanes]
	x.label("pair")
	x.op("CMPQ CX, $%d", x.lanes)
	x.op("JLT rest")
	for i, set := range x.sets {
		x.op("VCVTPS2PD %d(SI), %s", 4*half*i, x.v(set["v"]))
	}
	row.body(f)
	for i, set := range x.sets {
		x.narrow(x.v(set["v"]), narrow+"0")
		x.op("VMOVUPS %s0, %d(DI)", narrow, 4*half*i)
	}
	x.op("ADDQ $%d, SI", 8*half)
	x.op("ADDQ $%d, DI", 8*half)
	x.op("SUBQ $%d, CX", x.lanes)
	x.op("JMP pair")
	x.rest(row, f, narrow)
	x.end()
}

// rest writes the loop over the last elements.
func (x *x86Functions) rest(row functionRow, f *function, narrow string) {
	half := x.lanes / 2
	pair := x.sets
	x.sets = pair[:1]
	mask, element := narrow+"15", fmt.Sprint(narrow, pair[0]["v"])
	x.label("rest")
	x.op("CMPQ CX, $0")
	x.op("JEQ done")
	x.op("MOVQ $%d, BX", half)
	x.op("CMPQ CX, BX")
	x.op("CMOVQLT CX, BX")
	x.op("MOVQ BX, DX")
	x.tailMask("DX", "AX", mask)
	x.emitter.load("(SI)", element, mask)
	x.op("VCVTPS2PD %s, %s", element, x.v(pair[0]["v"]))
	row.body(f)
	x.narrow(x.v(pair[0]["v"]), narrow+"0")
	x.store(narrow+"0", "(DI)", 0, mask)
	x.op("LEAQ (SI)(BX*4), SI")
	x.op("LEAQ (DI)(BX*4), DI")
	x.op("SUBQ BX, CX")
	x.op("JMP rest")
	x.label("done")
	x.sets = pair
}

// narrow converts float64 to float32.
func (x *x86Functions) narrow(from, to string) {
	if x.lanes == 8 {
		x.op("VCVTPD2PSY %s, %s", from, to)
		return
	}
	x.op("VCVTPD2PS %s, %s", from, to)
}

// three writes an instruction of three operands for every set, in Go's order.
func (x *x86Functions) three(mnemonic, m, n, d string) {
	for _, set := range x.sets {
		x.op("%s %s, %s, %s", mnemonic, x.v(set[m]), x.v(set[n]), x.v(set[d]))
	}
}

func (x *x86Functions) each(op double, m, n, d string) { x.three(op.x86, m, n, d) }

func (x *x86Functions) load(offset int) {
	x.op("VBROADCASTSD constants<>+%d(SB), %s", offset, x.v(0))
}

func (x *x86Functions) move(to, from string) {
	for _, set := range x.sets {
		x.op("VMOVAPD %s, %s", x.v(set[from]), x.v(set[to]))
	}
}

func (x *x86Functions) shiftLeft(bits int, r string) {
	for _, set := range x.sets {
		x.op("VPSLLQ $%d, %s, %s", bits, x.v(set[r]), x.v(set[r]))
	}
}

func (x *x86Functions) addScaled(to, y string, offset int) {
	for _, set := range x.sets {
		x.load(offset)
		x.op("VMULPD %s, %s, %s", x.v(0), x.v(set[y]), x.v(0))
		x.op("VADDPD %s, %s, %s", x.v(0), x.v(set[to]), x.v(set[to]))
	}
}

// above and below rely on the order of operands, in which a NaN stays.
func (x *x86Functions) above(r string) { x.three("VMAXPD", r, "t", r) }
func (x *x86Functions) below(r string) { x.three("VMINPD", r, "t", r) }

func (x *x86Functions) spill(r string) {
	for i, set := range x.sets {
		x.op("VMOVUPD %s, %d(SP)", x.v(set[r]), 64*i)
	}
}

func (x *x86Functions) reload(r string) {
	for i, set := range x.sets {
		x.op("VMOVUPD %d(SP), %s", 64*i, x.v(set[r]))
	}
}

func (x *x86Functions) mirror() {
	x.each(sub, "s", "t", "a")
	x.zero(x.v(0))
	if x.lanes == 8 {
		for _, set := range x.sets {
			x.op("VCMPPD $1, %s, %s, %s // 0 < v", x.v(set["v"]), x.v(0), x.v(set["b"]))
		}
		for _, set := range x.sets {
			x.op("VBLENDVPD %s, %s, %s, %s", x.v(set["b"]), x.v(set["a"]), x.v(set["s"]), x.v(set["s"]))
		}
		return
	}
	for i, set := range x.sets {
		x.op("VCMPPD $1, %s, %s, K%d // 0 < v", x.v(set["v"]), x.v(0), 2+i)
		x.op("VMOVAPD %s, K%d, %s", x.v(set["a"]), 2+i, x.v(set["s"]))
	}
}
