package main

import (
	"fmt"
	"math"
	"strings"
)

// The functions work in float64, with the operations of package f32's scalar functions in their order and without FMA,
// so that they give the same bits. Two vectors are worked on side by side.

// fset is the registers of one of the two vectors: the element and temporaries.
type fset struct{ v, r, s, a, b, c, q string }

// functionRow is one generated function: body leaves the result in register v of each set.
type functionRow struct {
	name string
	body func(f *function)
}

var functionRows = []functionRow{
	{"exp", func(f *function) {
		f.move("r", "v")
		f.expSum()
		f.each("VMULPD {a}, {s}, {v}")
	}},
	{"sigmoid", func(f *function) {
		f.negate("r", "v")
		f.expSum()
		f.each("VMULPD {a}, {s}, {a}")
		f.constant("VADDPD {t}, {a}, {a}", 1)
		f.quotient(1, "a")
	}},
	{"tanh", func(f *function) {
		f.each("VADDPD {v}, {v}, {r}")
		f.limit("r")
		f.reduce()
		f.each("VMULPD {a}, {s}, {b}")
		f.constant("VSUBPD {t}, {s}, {c}", 1)
		f.each("VADDPD {c}, {b}, {b}")
		f.constant("VADDPD {t}, {b}, {c}", 2)
		f.each("VDIVPD {c}, {b}, {v}")
	}},
	{"silu", func(f *function) {
		f.atLeast("v", -expMax)
		f.negate("r", "v")
		f.expSum()
		f.each("VMULPD {a}, {s}, {a}")
		f.constant("VADDPD {t}, {a}, {a}", 1)
		f.each("VDIVPD {a}, {v}, {v}")
	}},
	{"mish", func(f *function) {
		f.atLeast("v", -expMax)
		f.move("r", "v")
		f.atMost("r", 40)
		f.expSum()
		f.each("VMULPD {a}, {s}, {a}")
		f.constant("VADDPD {t}, {a}, {b}", 2)
		f.each("VMULPD {b}, {a}, {a}")
		f.constant("VADDPD {t}, {a}, {b}", 2)
		f.each("VDIVPD {b}, {a}, {a}")
		f.each("VMULPD {a}, {v}, {v}")
	}},
	{"geluErf", func(f *function) {
		f.atLeast("v", -40)
		f.bits("VANDPD {t}, {v}, {q}", 1<<63-1)
		f.constant("VMULPD {t}, {q}, {q}", 1/math.Sqrt2)
		f.atMost("q", 26)
		f.each("VMULPD {q}, {q}, {r}")
		f.negate("r", "r")
		f.spill("q")
		f.expSum()
		f.each("VMULPD {a}, {s}, {s}")
		f.reload("q")
		f.constant("VSUBPD {t}, {q}, {r}", 3)
		f.constant("VADDPD {t}, {q}, {a}", 3)
		f.each("VDIVPD {a}, {r}, {r}")
		f.horner("a", "r", erfcSeries)
		f.each("VMULPD {a}, {s}, {s}")
		f.constant("VMULPD {t}, {q}, {a}", 2)
		f.constant("VADDPD {t}, {a}, {a}", 1)
		f.each("VDIVPD {a}, {s}, {s}")
		f.constant("VMULPD {t}, {s}, {s}", 0.5)
		f.mirror()
		f.each("VMULPD {s}, {v}, {v}")
	}},
	{"geluTanh", func(f *function) {
		f.atLeast("v", -40)
		f.each("VMULPD {v}, {v}, {a}")
		f.each("VMULPD {a}, {v}, {a}")
		f.constant("VMULPD {t}, {a}, {a}", 0.044715)
		f.each("VADDPD {v}, {a}, {a}")
		f.constant("VMULPD {t}, {a}, {r}", -2*0.797884560802865355880)
		f.expSum()
		f.each("VMULPD {a}, {s}, {a}")
		f.constant("VADDPD {t}, {a}, {a}", 1)
		f.each("VDIVPD {a}, {v}, {v}")
	}},
}

// expMax, the constants of the reduction and erfcSeries are those of package f32.
const (
	expMax = 708
	log2e  = 1.4426950408889634074
	ln2Hi  = 0.693147180369123816490
	ln2Lo  = 1.90821492927058770002e-10
	magic  = 0x1.8p52
)

var erfcSeries = []float64{
	-1.1960902156715748e-07, -1.1057229075959185e-05, 4.280479990939057e-06,
	0.00011324623668429012, -0.00010470633073964564, -0.0007713736720126007,
	0.0018885053298353682, 0.002526068865374569, -0.023770472038243787,
	0.0683087067723445, -0.11927366842685262, 0.1296450969689493,
	-0.047562294126524504, -0.13562110449402015, 1.2530080582680252,
}

type function struct {
	*emitter
	sets []fset
	data *constants
}

// constants are the float64 bits that a file's functions use, in order of first use.
type constants struct {
	bits  []uint64
	index map[uint64]int
}

func (c *constants) offset(bits uint64) int {
	i, ok := c.index[bits]
	if !ok {
		i = len(c.bits)
		c.index[bits] = i
		c.bits = append(c.bits, bits)
	}
	return 8 * i
}

// writeFunctions writes the functions and the table of their constants.
func writeFunctions(e *emitter) {
	data := &constants{index: map[uint64]int{}}
	for _, row := range functionRows {
		f := &function{emitter: e, data: data}
		for i := range 2 {
			r := func(n int) string { return e.v(1 + 7*i + n) }
			f.sets = append(f.sets, fset{v: r(0), r: r(1), s: r(2), a: r(3), b: r(4), c: r(5), q: r(6)})
		}
		f.write(row)
	}
	e.text.WriteString("\n// The float64 constants of the functions.\n")
	for i, bits := range data.bits {
		fmt.Fprintf(&e.text, "DATA constants<>+%d(SB)/8, $%#016x // %v\n", 8*i, bits, math.Float64frombits(bits))
	}
	fmt.Fprintf(&e.text, "GLOBL constants<>(SB), RODATA|NOPTR, $%d\n", 8*len(data.bits))
}

// write writes a function: pairs of vectors, then what is left with masks, one vector at a time.
func (f *function) write(row functionRow) {
	half := f.lanes / 2
	f.function(row.name, "UnaryArgs", 128, row.name+" is the kernel of kernel.UnaryArgs for that function.",
		"Contract and meaning: kernel.UnaryArgs and the function of that name in package f32, in float64.", "",
		"SI  Src, DI  Dst, CX  elements left; the frame holds a spilled pair",
		fmt.Sprintf("%s  constant; %s..%s  first vector of %d elements, %s..%s  second: the element and temporaries",
			f.v(0), f.sets[0].v, f.sets[0].q, half, f.sets[1].v, f.sets[1].q),
	)
	f.op("MOVQ a+0(FP), R11")
	f.op("MOVQ unaryArgs_Src(R11), SI")
	f.op("MOVQ unaryArgs_Dst(R11), DI")
	f.op("MOVQ unaryArgs_N(R11), CX")
	narrow := map[int]string{8: "X", 16: "Y"}[f.lanes]
	pair := f.sets
	f.label("pair")
	f.op("CMPQ CX, $%d", f.lanes)
	f.op("JLT rest")
	for i, set := range pair {
		f.op("VCVTPS2PD %d(SI), %s", 4*half*i, set.v)
	}
	row.body(f)
	for i, set := range pair {
		f.narrow(set.v, narrow+"0")
		f.op("VMOVUPS %s0, %d(DI)", narrow, 4*half*i)
	}
	f.op("ADDQ $%d, SI", 8*half)
	f.op("ADDQ $%d, DI", 8*half)
	f.op("SUBQ $%d, CX", f.lanes)
	f.op("JMP pair")
	f.rest(row, narrow)
	f.end()
}

// rest writes the loop over the last elements.
func (f *function) rest(row functionRow, narrow string) {
	half := f.lanes / 2
	pair := f.sets
	f.sets = pair[:1]
	mask, element := narrow+"15", narrow+strings.TrimLeft(pair[0].v, "YZ")
	f.label("rest")
	f.op("CMPQ CX, $0")
	f.op("JEQ done")
	f.op("MOVQ $%d, BX", half)
	f.op("CMPQ CX, BX")
	f.op("CMOVQLT CX, BX")
	f.op("MOVQ BX, DX")
	f.tailMask("DX", "AX", mask)
	f.load("(SI)", element, mask)
	f.op("VCVTPS2PD %s, %s", element, pair[0].v)
	row.body(f)
	f.narrow(pair[0].v, narrow+"0")
	f.store(narrow+"0", "(DI)", 0, mask)
	f.op("LEAQ (SI)(BX*4), SI")
	f.op("LEAQ (DI)(BX*4), DI")
	f.op("SUBQ BX, CX")
	f.op("JMP rest")
	f.label("done")
	f.sets = pair
}

// narrow converts float64 to float32.
func (f *function) narrow(from, to string) {
	if f.lanes == 8 {
		f.op("VCVTPD2PSY %s, %s", from, to)
		return
	}
	f.op("VCVTPD2PS %s, %s", from, to)
}

// each writes an instruction for every set; {x} stands for a register of the set.
func (f *function) each(pattern string) {
	for _, set := range f.sets {
		r := strings.NewReplacer("{v}", set.v, "{r}", set.r, "{s}", set.s, "{a}", set.a, "{b}", set.b, "{c}", set.c, "{q}", set.q, "{t}", f.v(0))
		f.op("%s", r.Replace(pattern))
	}
}

// constant writes an instruction with a constant, {t}.
func (f *function) constant(pattern string, value float64) {
	f.bits(pattern, math.Float64bits(value))
}

func (f *function) bits(pattern string, bits uint64) {
	f.op("VBROADCASTSD constants<>+%d(SB), %s", f.data.offset(bits), f.v(0))
	f.each(pattern)
}

func (f *function) move(to, from string) { f.each("VMOVAPD {" + from + "}, {" + to + "}") }

func (f *function) negate(to, from string) {
	f.bits("VXORPD {t}, {"+from+"}, {"+to+"}", 1<<63)
}

// atLeast and atMost limit a register; in this order of operands a NaN stays.
func (f *function) atLeast(x string, least float64) {
	f.constant("VMAXPD {"+x+"}, {t}, {"+x+"}", least)
}

func (f *function) atMost(x string, most float64) {
	f.constant("VMINPD {"+x+"}, {t}, {"+x+"}", most)
}

func (f *function) limit(x string) {
	f.atLeast(x, -expMax)
	f.atMost(x, expMax)
}

// expSum sets s and a so that their product is e to the power r: f32.exp without its last multiplication.
func (f *function) expSum() {
	f.limit("r")
	f.reduce()
	f.constant("VADDPD {t}, {a}, {a}", 1)
}

// reduce is f32.reduce: from r to scale s and a = p; b, c and q are lost.
func (f *function) reduce() {
	f.constant("VMULPD {t}, {r}, {s}", log2e)
	f.constant("VADDPD {t}, {s}, {s}", magic)
	f.constant("VSUBPD {t}, {s}, {a}", magic)
	f.constant("VMULPD {t}, {a}, {b}", ln2Hi)
	f.each("VSUBPD {b}, {r}, {r}")
	f.constant("VMULPD {t}, {a}, {b}", ln2Lo)
	f.each("VSUBPD {b}, {r}, {r}")
	f.each("VPSLLQ $52, {s}, {s}")
	f.bits("VPADDQ {t}, {s}, {s}", 1023<<52)
	f.each("VMULPD {r}, {r}, {q}")
	f.constant("VMULPD {t}, {r}, {a}", 1.0/2)
	f.constant("VADDPD {t}, {a}, {a}", 1)
	f.constant("VMULPD {t}, {r}, {b}", 1.0/24)
	f.constant("VADDPD {t}, {b}, {b}", 1.0/6)
	f.each("VMULPD {b}, {q}, {b}")
	f.each("VADDPD {b}, {a}, {a}")
	f.constant("VMULPD {t}, {r}, {b}", 1.0/720)
	f.constant("VADDPD {t}, {b}, {b}", 1.0/120)
	f.constant("VMULPD {t}, {r}, {c}", 1.0/40320)
	f.constant("VADDPD {t}, {c}, {c}", 1.0/5040)
	for _, set := range f.sets {
		f.op("VBROADCASTSD constants<>+%d(SB), %s", f.data.offset(math.Float64bits(1.0/362880)), f.v(0))
		f.op("VMULPD %s, %s, %s", f.v(0), set.q, f.v(0))
		f.op("VADDPD %s, %s, %s", f.v(0), set.c, set.c)
	}
	f.each("VMULPD {c}, {q}, {c}")
	f.each("VADDPD {c}, {b}, {b}")
	f.each("VMULPD {q}, {q}, {q}")
	f.each("VMULPD {b}, {q}, {b}")
	f.each("VADDPD {b}, {a}, {a}")
	f.each("VMULPD {r}, {a}, {a}")
}

// quotient sets v to a constant divided by register x.
func (f *function) quotient(value float64, x string) {
	f.constant("VDIVPD {"+x+"}, {t}, {v}", value)
}

// horner sets register to to the polynomial at x, highest power first.
func (f *function) horner(to, x string, series []float64) {
	f.constant("VMULPD {t}, {"+x+"}, {"+to+"}", series[0])
	for i, c := range series[1:] {
		f.constant("VADDPD {t}, {"+to+"}, {"+to+"}", c)
		if i+2 < len(series) {
			f.each("VMULPD {" + x + "}, {" + to + "}, {" + to + "}")
		}
	}
}

// spill and reload keep a register in the frame.
func (f *function) spill(x string) {
	for i, set := range f.sets {
		f.op("VMOVUPD %s, %d(SP)", set.named(x), 64*i)
	}
}

func (f *function) reload(x string) {
	for i, set := range f.sets {
		f.op("VMOVUPD %d(SP), %s", 64*i, set.named(x))
	}
}

func (s fset) named(x string) string {
	return map[string]string{"v": s.v, "r": s.r, "s": s.s, "a": s.a, "b": s.b, "c": s.c, "q": s.q}[x]
}

// mirror replaces s by 1 - s where v is above 0.
func (f *function) mirror() {
	f.constant("VSUBPD {s}, {t}, {a}", 1)
	f.zero(f.v(0))
	if f.lanes == 8 {
		f.each("VCMPPD $1, {v}, {t}, {b} // 0 < v")
		f.each("VBLENDVPD {b}, {a}, {s}, {s}")
		return
	}
	for i, set := range f.sets {
		f.op("VCMPPD $1, %s, %s, K%d // 0 < v", set.v, f.v(0), 2+i)
		f.op("VMOVAPD %s, K%d, %s", set.a, 2+i, set.s)
	}
}
