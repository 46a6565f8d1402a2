package main

import (
	"fmt"
	"strings"
)

// a64Op is an instruction that the Go assembler lacks: Arm's mnemonic, the element types of its operands (destination
// first) and its word with all registers zero. Source: Arm Architecture Reference Manual, A64 SIMD and floating-point.
type a64Op struct {
	name  string
	types string
	word  uint32
}

var (
	fadd      = a64Op{"FADD", "4S 4S 4S", 0x4E20D400}
	fcmeq     = a64Op{"FCMEQ", "4S 4S 4S", 0x4E20E400}
	fcvtns    = a64Op{"FCVTNS", "4S 4S", 0x4E21A800}
	fdiv      = a64Op{"FDIV", "4S 4S 4S", 0x6E20FC00}
	fmax      = a64Op{"FMAX", "4S 4S 4S", 0x4E20F400}
	fmaxnm    = a64Op{"FMAXNM", "4S 4S 4S", 0x4E20C400}
	fmin      = a64Op{"FMIN", "4S 4S 4S", 0x4EA0F400}
	fmul      = a64Op{"FMUL", "4S 4S 4S", 0x6E20DC00}
	sadalp    = a64Op{"SADALP", "4S 8H", 0x4E606800}
	scvtf     = a64Op{"SCVTF", "4S 4S", 0x4E21D800}
	sdotLane  = a64Op{"SDOT", "4S 16B 4B", 0x4F80E000}
	sdot      = a64Op{"SDOT", "4S 16B 16B", 0x4E809400}
	smlal     = a64Op{"SMLAL", "4S 4H 4H", 0x0E608000}
	smlal2    = a64Op{"SMLAL2", "4S 8H 8H", 0x4E608000}
	smullB    = a64Op{"SMULL", "8H 8B 8B", 0x0E20C000}
	smull2B   = a64Op{"SMULL2", "8H 16B 16B", 0x4E20C000}
	smullH    = a64Op{"SMULL", "4S 4H 4H", 0x0E60C000}
	smull2H   = a64Op{"SMULL2", "4S 8H 8H", 0x4E60C000}
	sqxtnH    = a64Op{"SQXTN", "4H 4S", 0x0E614800}
	sqxtn2H   = a64Op{"SQXTN2", "8H 4S", 0x4E614800}
	sqxtunB   = a64Op{"SQXTUN", "8B 8H", 0x2E212800}
	sqxtun2B  = a64Op{"SQXTUN2", "16B 8H", 0x6E212800}
	sxtlH     = a64Op{"SXTL", "8H 8B", 0x0F08A400}
	sxtl2H    = a64Op{"SXTL2", "8H 16B", 0x4F08A400}
	sxtlS     = a64Op{"SXTL", "4S 4H", 0x0F10A400}
	sxtl2S    = a64Op{"SXTL2", "4S 8H", 0x4F10A400}
	laneShift = [4]uint32{0, 1 << 21, 1 << 11, 1<<21 | 1<<11} // H:L of a 4B element
)

// word writes o with the given vector registers, destination first.
func (t *text) word(o a64Op, regs ...int) {
	t.lane(o, -1, regs...)
}

// lane writes o with element i of its last operand; i < 0 stands for the whole operand.
func (t *text) lane(o a64Op, i int, regs ...int) {
	w := o.word
	var args []string
	for n, ty := range strings.Fields(o.types) {
		w |= uint32(regs[n]) << [3]int{0, 5, 16}[n]
		args = append(args, fmt.Sprintf("V%d.%s", regs[n], ty))
	}
	if i >= 0 {
		w |= laneShift[i]
		args[len(args)-1] += fmt.Sprintf("[%d]", i)
	}
	t.op("WORD $0x%08X // %s %s", w, o.name, strings.Join(args, ", "))
}

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
		t.word(sqxtnH, v+2*i, v+2*i)
		t.word(sqxtn2H, v+2*i, v+2*i+1)
		t.op("VADD V%d.H8, V%d.H8, V%d.H8", zero, v+2*i, v+2*i)
	}
	t.word(sqxtunB, v, v)
	t.word(sqxtun2B, v, v+2)
}
