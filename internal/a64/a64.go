package a64

import (
	"fmt"
	"strings"
)

// Op is an instruction: Arm's mnemonic, the types of its operands (destination first) and its word with all registers zero.
// The zero Op is none.
type Op struct {
	name  string
	types string
	word  uint32
}

// The instructions, by mnemonic and, where one has several types, a letter for those of the sources or of the result. Source: Arm
// Architecture Reference Manual, A64 SIMD and floating-point.
var (
	FADD     = Op{"FADD", "4S 4S 4S", 0x4E20D400}
	FADDD    = Op{"FADD", "2D 2D 2D", 0x4E60D400}
	FCMEQ    = Op{"FCMEQ", "4S 4S 4S", 0x4E20E400}
	FCMGT    = Op{"FCMGT", "4S 4S 4S", 0x6EA0E400}
	FCMGTD   = Op{"FCMGT", "2D 2D 2D", 0x6EE0E400}
	FCVTL    = Op{"FCVTL", "2D 2S", 0x0E617800}
	FCVTL2   = Op{"FCVTL2", "2D 4S", 0x4E617800}
	FCVTN    = Op{"FCVTN", "2S 2D", 0x0E616800}
	FCVTN2   = Op{"FCVTN2", "4S 2D", 0x4E616800}
	FCVTNS   = Op{"FCVTNS", "4S 4S", 0x4E21A800}
	FDIV     = Op{"FDIV", "4S 4S 4S", 0x6E20FC00}
	FDIVD    = Op{"FDIV", "2D 2D 2D", 0x6E60FC00}
	FMAX     = Op{"FMAX", "4S 4S 4S", 0x4E20F400}
	FMAXNM   = Op{"FMAXNM", "4S 4S 4S", 0x4E20C400}
	FMIN     = Op{"FMIN", "4S 4S 4S", 0x4EA0F400}
	FMLALane = Op{"FMLA", "4S 4S S", 0x4F801000}
	FMUL     = Op{"FMUL", "4S 4S 4S", 0x6E20DC00}
	FMULD    = Op{"FMUL", "2D 2D 2D", 0x6E60DC00}
	FSUB     = Op{"FSUB", "4S 4S 4S", 0x4EA0D400}
	FSUBD    = Op{"FSUB", "2D 2D 2D", 0x4EE0D400}
	SADALP   = Op{"SADALP", "4S 8H", 0x4E606800}
	SCVTF    = Op{"SCVTF", "4S 4S", 0x4E21D800}
	SDOTLane = Op{"SDOT", "4S 16B 4B", 0x4F80E000}
	SDOT     = Op{"SDOT", "4S 16B 16B", 0x4E809400}
	SMLAL    = Op{"SMLAL", "4S 4H 4H", 0x0E608000}
	SMLAL2   = Op{"SMLAL2", "4S 8H 8H", 0x4E608000}
	SMULLB   = Op{"SMULL", "8H 8B 8B", 0x0E20C000}
	SMULL2B  = Op{"SMULL2", "8H 16B 16B", 0x4E20C000}
	SMULLH   = Op{"SMULL", "4S 4H 4H", 0x0E60C000}
	SMULL2H  = Op{"SMULL2", "4S 8H 8H", 0x4E60C000}
	SQXTNH   = Op{"SQXTN", "4H 4S", 0x0E614800}
	SQXTN2H  = Op{"SQXTN2", "8H 4S", 0x4E614800}
	SQXTUNB  = Op{"SQXTUN", "8B 8H", 0x2E212800}
	SQXTUN2B = Op{"SQXTUN2", "16B 8H", 0x6E212800}
	SXTLH    = Op{"SXTL", "8H 8B", 0x0F08A400}
	SXTL2H   = Op{"SXTL2", "8H 16B", 0x4F08A400}
	SXTLS    = Op{"SXTL", "4S 4H", 0x0F10A400}
	SXTL2S   = Op{"SXTL2", "4S 8H", 0x4F10A400}
)

// elementBits is where an instruction holds the number of a 32-bit element of its last operand: bits H and L.
var elementBits = [4]uint32{0, 1 << 21, 1 << 11, 1<<21 | 1<<11}

// Line returns the directive for o with the given vector registers, destination first.
func (o Op) Line(regs ...int) string { return o.line(-1, regs) }

// Element returns the directive for o with element i, 0 to 3, of its last operand.
func (o Op) Element(i int, regs ...int) string { return o.line(i, regs) }

func (o Op) line(element int, regs []int) string {
	types := strings.Fields(o.types)
	if len(regs) != len(types) {
		panic(fmt.Sprintf("bug: %s takes %d registers, given %d", o.name, len(types), len(regs)))
	}
	w := o.word
	var args []string
	for n, ty := range types {
		w |= uint32(regs[n]) << [3]int{0, 5, 16}[n]
		args = append(args, fmt.Sprintf("V%d.%s", regs[n], ty))
	}
	if element >= 0 {
		w |= elementBits[element]
		args[len(args)-1] += fmt.Sprintf("[%d]", element)
	}
	return fmt.Sprintf("WORD $0x%08X // %s %s", w, o.name, strings.Join(args, ", "))
}
