package main

import (
	"fmt"
	"math"

	"github.com/octet-ml/octet/internal/a64"
)

// The functions work in float64, with the operations of package f32's scalar functions in their order and without FMA,
// so that they give the same bits. Several vectors are worked on side by side.

// functionRow is one generated function: body leaves the result in register v of each set.
type functionRow struct {
	name string
	body func(f *function)
}

var functionRows = []functionRow{
	{"exp", func(f *function) {
		f.move("r", "v")
		f.expSum()
		f.each(mul, "a", "s", "v")
	}},
	{"sigmoid", func(f *function) {
		f.negate("r", "v")
		f.expSum()
		f.each(mul, "a", "s", "a")
		f.constant(add, "t", "a", "a", 1)
		f.quotient(1, "a")
	}},
	{"tanh", func(f *function) {
		f.each(add, "v", "v", "r")
		f.limit("r")
		f.reduce()
		f.each(mul, "a", "s", "b")
		f.constant(sub, "t", "s", "c", 1)
		f.each(add, "c", "b", "b")
		f.constant(add, "t", "b", "c", 2)
		f.each(div, "c", "b", "v")
	}},
	{"silu", func(f *function) {
		f.atLeast("v", -expMax)
		f.negate("r", "v")
		f.expSum()
		f.each(mul, "a", "s", "a")
		f.constant(add, "t", "a", "a", 1)
		f.each(div, "a", "v", "v")
	}},
	{"mish", func(f *function) {
		f.atLeast("v", -expMax)
		f.move("r", "v")
		f.atMost("r", 40)
		f.expSum()
		f.each(mul, "a", "s", "a")
		f.constant(add, "t", "a", "b", 2)
		f.each(mul, "b", "a", "a")
		f.constant(add, "t", "a", "b", 2)
		f.each(div, "b", "a", "a")
		f.each(mul, "a", "v", "v")
	}},
	{"geluErf", func(f *function) {
		f.atLeast("v", -40)
		f.bits(and, "t", "v", "q", 1<<63-1)
		f.constant(mul, "t", "q", "q", 1/math.Sqrt2)
		f.atMost("q", 26)
		f.each(mul, "q", "q", "r")
		f.negate("r", "r")
		f.spill("q")
		f.expSum()
		f.each(mul, "a", "s", "s")
		f.reload("q")
		f.constant(sub, "t", "q", "r", 3)
		f.constant(add, "t", "q", "a", 3)
		f.each(div, "a", "r", "r")
		f.horner("a", "r", erfcSeries)
		f.each(mul, "a", "s", "s")
		f.constant(mul, "t", "q", "a", 2)
		f.constant(add, "t", "a", "a", 1)
		f.each(div, "a", "s", "s")
		f.constant(mul, "t", "s", "s", 0.5)
		f.number(1)
		f.mirror()
		f.each(mul, "s", "v", "v")
	}},
	{"geluTanh", func(f *function) {
		f.atLeast("v", -40)
		f.each(mul, "v", "v", "a")
		f.each(mul, "a", "v", "a")
		f.constant(mul, "t", "a", "a", 0.044715)
		f.each(add, "v", "a", "a")
		f.constant(mul, "t", "a", "r", -2*0.797884560802865355880)
		f.expSum()
		f.each(mul, "a", "s", "a")
		f.constant(add, "t", "a", "a", 1)
		f.each(div, "a", "v", "v")
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

// double is an operation on vectors of float64 or of 64-bit words: the mnemonic on x86, and on arm64 the word of an instruction
// or, where Go's assembler has it, that with the type of its operands.
type double struct {
	x86    string
	word   a64.Op
	op, as string
}

var (
	add      = double{x86: "VADDPD", word: a64.FADDD}
	sub      = double{x86: "VSUBPD", word: a64.FSUBD}
	mul      = double{x86: "VMULPD", word: a64.FMULD}
	div      = double{x86: "VDIVPD", word: a64.FDIVD}
	and      = double{x86: "VANDPD", op: "VAND", as: "B16"}
	xor      = double{x86: "VXORPD", op: "VEOR", as: "B16"}
	addWhole = double{x86: "VPADDQ", op: "VADD", as: "D2"}
)

// machine is what functions are made of on an architecture. Each operation is written for every set of registers; registers are
// named by the letters of a set, and t, which all sets share, holds a constant.
type machine interface {
	each(op double, m, n, d string)     // d = n op m
	load(offset int)                    // t = the constant at that place in the table
	move(to, from string)               // to = from
	shiftLeft(bits int, x string)       // x <<= bits, as 64-bit words
	addScaled(x, y string, offset int)  // x += y * constant, in two roundings; t is lost
	above(x string)                     // x = t where x < t; a NaN stays
	below(x string)                     // x = t where x > t; a NaN stays
	spill(x string)                     // keeps x in the frame
	reload(x string)                    // takes it from there
	mirror()                            // s = t - s where v > 0; a and t are lost
	write(row functionRow, f *function) // the function whose vectors row.body works on
}

// function is the writing of one function.
type function struct {
	machine
	data *constants
}

// letters name the registers of a set: the element, v, and temporaries.
const letters = "vrsabcq"

// fset is the numbers of the registers of one set by letter, and that of t.
type fset map[string]int

// newSet returns the set whose registers begin with number first.
func newSet(first int) fset {
	set := fset{"t": 0}
	for i, letter := range letters {
		set[string(letter)] = first + i
	}
	return set
}

// constants are the float64 bits that a file's functions use, in order of first use.
type constants struct {
	size  int // bytes of each
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
	return c.size * i
}

// table writes the constants, repeated to their size.
func (c *constants) table(e *emitter) {
	e.text.WriteString("\n// The float64 constants of the functions.\n")
	for i, bits := range c.bits {
		for at := 0; at < c.size; at += 8 {
			fmt.Fprintf(&e.text, "DATA constants<>+%d(SB)/8, $%#016x // %v\n", c.size*i+at, bits, math.Float64frombits(bits))
		}
	}
	fmt.Fprintf(&e.text, "GLOBL constants<>(SB), RODATA|NOPTR, $%d\n", c.size*len(c.bits))
}

// functions writes the functions and the table of their constants, each of size bytes, for a machine.
func functions(e *emitter, size int, m machine) {
	data := &constants{size: size, index: map[uint64]int{}}
	for _, row := range functionRows {
		m.write(row, &function{machine: m, data: data})
	}
	data.table(e)
}

// number loads t.
func (f *function) number(value float64) { f.load(f.data.offset(math.Float64bits(value))) }

// constant writes an operation with a constant, t.
func (f *function) constant(op double, m, n, d string, value float64) {
	f.bits(op, m, n, d, math.Float64bits(value))
}

func (f *function) bits(op double, m, n, d string, bits uint64) {
	f.load(f.data.offset(bits))
	f.each(op, m, n, d)
}

func (f *function) negate(to, from string) { f.bits(xor, "t", from, to, 1<<63) }

// atLeast and atMost limit a register; a NaN stays.
func (f *function) atLeast(x string, least float64) {
	f.number(least)
	f.above(x)
}

func (f *function) atMost(x string, most float64) {
	f.number(most)
	f.below(x)
}

func (f *function) limit(x string) {
	f.atLeast(x, -expMax)
	f.atMost(x, expMax)
}

// expSum sets s and a so that their product is e to the power r: f32.exp without its last multiplication.
func (f *function) expSum() {
	f.limit("r")
	f.reduce()
	f.constant(add, "t", "a", "a", 1)
}

// reduce is f32.reduce: from r to scale s and a = p; b, c and q are lost.
func (f *function) reduce() {
	f.constant(mul, "t", "r", "s", log2e)
	f.constant(add, "t", "s", "s", magic)
	f.constant(sub, "t", "s", "a", magic)
	f.constant(mul, "t", "a", "b", ln2Hi)
	f.each(sub, "b", "r", "r")
	f.constant(mul, "t", "a", "b", ln2Lo)
	f.each(sub, "b", "r", "r")
	f.shiftLeft(52, "s")
	f.bits(addWhole, "t", "s", "s", 1023<<52)
	f.each(mul, "r", "r", "q")
	f.constant(mul, "t", "r", "a", 1.0/2)
	f.constant(add, "t", "a", "a", 1)
	f.constant(mul, "t", "r", "b", 1.0/24)
	f.constant(add, "t", "b", "b", 1.0/6)
	f.each(mul, "b", "q", "b")
	f.each(add, "b", "a", "a")
	f.constant(mul, "t", "r", "b", 1.0/720)
	f.constant(add, "t", "b", "b", 1.0/120)
	f.constant(mul, "t", "r", "c", 1.0/40320)
	f.constant(add, "t", "c", "c", 1.0/5040)
	f.addScaled("c", "q", f.data.offset(math.Float64bits(1.0/362880)))
	f.each(mul, "c", "q", "c")
	f.each(add, "c", "b", "b")
	f.each(mul, "q", "q", "q")
	f.each(mul, "b", "q", "b")
	f.each(add, "b", "a", "a")
	f.each(mul, "r", "a", "a")
}

// quotient sets v to a constant divided by register x.
func (f *function) quotient(value float64, x string) { f.constant(div, x, "t", "v", value) }

// horner sets register to to the polynomial at x, highest power first.
func (f *function) horner(to, x string, series []float64) {
	f.constant(mul, "t", x, to, series[0])
	for i, c := range series[1:] {
		f.constant(add, "t", to, to, c)
		if i+2 < len(series) {
			f.each(mul, x, to, to)
		}
	}
}
