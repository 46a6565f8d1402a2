package main

import (
	"fmt"
	"strings"

	"github.com/octet-ml/octet/internal/a64"
)

// word writes o with the given vector registers, destination first.
func (t *text) word(o a64.Op, regs ...int) { t.op("%s", o.Line(regs...)) }

// lane writes o with element i of its last operand.
func (t *text) lane(o a64.Op, i int, regs ...int) { t.op("%s", o.Element(i, regs...)) }

// vecs returns the operand of a load or store of n vectors from register v on.
func vecs(v, n int, arrangement string) string {
	var s []string
	for i := range n {
		s = append(s, fmt.Sprintf("V%d.%s", v+i, arrangement))
	}
	return "[" + strings.Join(s, ", ") + "]"
}

// splat sets every lane of vector v to what move loads from memory; R12 is spent.
func (t *text) splat(move, from string, v int, arrangement string) {
	t.op("%s %s, R12", move, from)
	t.op("VDUP R12, V%d.%s", v, arrangement)
}

// storeBytes stores the first bytes of vector v at (p), as many as the bits of n below 16 say; p and v are spent.
func (t *text) storeBytes(v int, p, n, label string) {
	for i, lane := range []string{"D", "S", "H", "B"} {
		b := 8 >> i
		skip := fmt.Sprintf("%sbelow%d", label, b)
		t.op("TBZ $%d, %s, %s", 3-i, n, skip)
		t.op("VST1.P V%d.%s[0], %d(%s)", v, lane, b, p)
		if b > 1 {
			t.op("VEXT $%d, V%d.B16, V%d.B16, V%d.B16", b, v, v, v)
		}
		t.label(skip)
	}
}

// narrow turns four vectors of int32 from v on into 16 bytes in v: saturated to int16, zero (halfwords) added, saturated to
// uint8.
func (t *text) narrow(v, zero int) {
	for i := range 2 {
		t.word(a64.SQXTNH, v+2*i, v+2*i)
		t.word(a64.SQXTN2H, v+2*i, v+2*i+1)
		t.op("VADD V%d.H8, V%d.H8, V%d.H8", zero, v+2*i, v+2*i)
	}
	t.word(a64.SQXTUNB, v, v)
	t.word(a64.SQXTUN2B, v, v+2)
}
