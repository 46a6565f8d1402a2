package main

import (
	"fmt"
	"math"
	"strings"

	"github.com/octet-ml/octet/internal/a64"
)

// neon writes assembly for arm64. R0 is the argument struct in all kernels, R8 is scratch, R16 and R17 belong to bounds and clamp.
type neon struct{ *emitter }

// word writes an instruction that the Go assembler lacks, destination first.
func (n neon) word(o a64.Op, regs ...int) { n.op("%s", o.Line(regs...)) }

// vecs returns the operand of a load or store of count vectors from register v on.
func vecs(v, count int) string {
	var s []string
	for i := range count {
		s = append(s, fmt.Sprintf("V%d.S4", v+i))
	}
	return "[" + strings.Join(s, ", ") + "]"
}

// arguments loads fields of the argument struct, named as go_asm.h does: pairs of a field and a register.
func (n neon) arguments(args string, fields ...[2]string) {
	n.op("MOVD a+0(FP), R0")
	for _, f := range fields {
		n.op("MOVD %s_%s(R0), %s", args, f[0], f[1])
	}
}

// add adds vector b to a.
func (n neon) add(a, b int) { n.word(a64.FADD, a, a, b) }

// fma adds a*b to sum; minus subtracts. Both round once.
func (n neon) fma(a, b, sum int)   { n.op("VFMLA V%d.S4, V%d.S4, V%d.S4", a, b, sum) }
func (n neon) minus(a, b, sum int) { n.op("VFMLS V%d.S4, V%d.S4, V%d.S4", a, b, sum) }

// move copies a vector.
func (n neon) move(from, to int) { n.op("VMOV V%d.B16, V%d.B16", from, to) }

// splat sets every lane of a vector to a float32 in memory; r holds its bits behind it.
func (n neon) splat(from, r string, v int) {
	n.op("MOVWU %s, %s", from, r)
	n.op("VDUP %s, V%d.S4", r, v)
}

// float sets every lane of a vector to a constant; R8 is lost.
func (n neon) float(c float32, v int) {
	n.op("MOVW $%#08x, R8 // %v", math.Float32bits(c), c)
	n.op("VDUP R8, V%d.S4", v)
}

// zero clears a vector.
func (n neon) zero(v int) { n.op("VEOR V%d.B16, V%d.B16, V%d.B16", v, v, v) }

// clampRegs are the vectors of a clamp: the bounds and two masks.
type clampRegs struct{ lo, hi, a, b int }

// bounds prepares a clamp to the fields Lo and Hi: the vectors lo and hi, and R16 and R17, which are 0 for a bound of
// infinity, which limits nothing.
func (n neon) bounds(args string, c clampRegs) {
	n.splat(args+"_Lo(R0)", "R16", c.lo)
	n.op("EORW $0xFF800000, R16, R16 // 0 for -Inf")
	n.splat(args+"_Hi(R0)", "R17", c.hi)
	n.op("EORW $0x7F800000, R17, R17 // 0 for +Inf")
}

// clamp limits vectors after bounds; label makes its labels unique in the function. FMAX and FMIN would take a zero of either
// sign for another, so bounds are compared and inserted.
func (n neon) clamp(label string, vectors []int, c clampRegs) {
	n.op("CBZ R16, %slow", label)
	n.limitLow(vectors, c)
	n.label(label + "low")
	n.op("CBZ R17, %shigh", label)
	n.limitHigh(vectors, c)
	n.label(label + "high")
}

// limitLow replaces what is below the lower bound, limitHigh what is above the upper one; a NaN stays.
func (n neon) limitLow(vectors []int, c clampRegs) {
	n.limit(vectors, c, c.lo, func(mask, x int) { n.word(a64.FCMGT, mask, c.lo, x) })
}

func (n neon) limitHigh(vectors []int, c clampRegs) {
	n.limit(vectors, c, c.hi, func(mask, x int) { n.word(a64.FCMGT, mask, x, c.hi) })
}

// limit puts a bound in place of the lanes that beyond marks in a mask, two vectors side by side.
func (n neon) limit(vectors []int, c clampRegs, bound int, beyond func(mask, x int)) {
	masks := [2]int{c.a, c.b}
	for i := 0; i < len(vectors); i += 2 {
		pair := vectors[i:min(i+2, len(vectors))]
		for k, x := range pair {
			beyond(masks[k], x)
		}
		for k, x := range pair {
			n.insert(bound, masks[k], x)
		}
	}
}

// insert copies those lanes of a vector that a mask marks, insertUnmarked the others.
func (n neon) insert(from, mask, to int) {
	n.op("VBIT V%d.B16, V%d.B16, V%d.B16", mask, from, to)
}

func (n neon) insertUnmarked(from, mask, to int) {
	n.op("VBIF V%d.B16, V%d.B16, V%d.B16", mask, from, to)
}

// storePart stores the first elements of count vectors from v on at (p), as many as the low bits of r say, fewer than the vectors
// hold; p and the vectors are spent. count is 1, 2 or 4; label makes labels unique.
func (n neon) storePart(v, count int, p, r, label string) {
	for bit, vectors := 3, 2; vectors > 0; bit, vectors = bit-1, vectors/2 {
		if count <= vectors {
			continue
		}
		below := fmt.Sprintf("%sbelow%d", label, 4*vectors)
		n.op("TBZ $%d, %s, %s", bit, r, below)
		n.op("VST1.P %s, %d(%s)", vecs(v, vectors), 16*vectors, p)
		for i := range vectors {
			n.move(v+vectors+i, v+i)
		}
		n.label(below)
	}
	n.op("TBZ $1, %s, %sbelow2", r, label)
	n.op("VST1.P V%d.D[0], 8(%s)", v, p)
	n.op("VEXT $8, V%d.B16, V%d.B16, V%d.B16", v, v, v)
	n.label(label + "below2")
	n.op("TBZ $0, %s, %sbelow1", r, label)
	n.op("VST1 V%d.S[0], (%s)", v, p)
	n.label(label + "below1")
}

// sequence returns count numbers from first on.
func sequence(first, count int) []int {
	s := make([]int, count)
	for i := range s {
		s[i] = first + i
	}
	return s
}
