package arch

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// armForm is the shape of an A64 instruction's operands.
type armForm int

const (
	vecVecVec  armForm = iota // Vd.T, Vn.T, Vm.T
	vecVec                    // Vd.T, Vn.T
	vecVecElem                // Vd.4S, Vn.T, Vm.4B[i] or Vm.S[i]
)

// armWords lists the A64 instructions that may be written as WORD: those which the Go assembler lacks. Each row holds the
// encoding with all registers zero. Source: Arm Architecture Reference Manual, A64 SIMD and floating-point encodings.
var armWords = []struct {
	name, types string // mnemonic; element types of the operands, destination first
	form        armForm
	word        uint32
	feature
}{
	{"SDOT", "4S 16B 16B", vecVecVec, 0x4E809400, dotprod},
	{"UDOT", "4S 16B 16B", vecVecVec, 0x6E809400, dotprod},
	{"SDOT", "4S 16B 4B", vecVecElem, 0x4F80E000, dotprod},
	{"UDOT", "4S 16B 4B", vecVecElem, 0x6F80E000, dotprod},
	{"SMULL", "8H 8B 8B", vecVecVec, 0x0E20C000, neon},
	{"SMULL2", "8H 16B 16B", vecVecVec, 0x4E20C000, neon},
	{"SMLAL", "8H 8B 8B", vecVecVec, 0x0E208000, neon},
	{"SMLAL2", "8H 16B 16B", vecVecVec, 0x4E208000, neon},
	{"SMULL", "4S 4H 4H", vecVecVec, 0x0E60C000, neon},
	{"SMULL2", "4S 8H 8H", vecVecVec, 0x4E60C000, neon},
	{"SMLAL", "4S 4H 4H", vecVecVec, 0x0E608000, neon},
	{"SMLAL2", "4S 8H 8H", vecVecVec, 0x4E608000, neon},
	{"MUL", "4S 4S 4S", vecVecVec, 0x4EA09C00, neon},
	{"MLA", "4S 4S 4S", vecVecVec, 0x4EA09400, neon},
	{"SMAX", "4S 4S 4S", vecVecVec, 0x4EA06400, neon},
	{"SMIN", "4S 4S 4S", vecVecVec, 0x4EA06C00, neon},
	{"FMUL", "4S 4S 4S", vecVecVec, 0x6E20DC00, neon},
	{"FDIV", "4S 4S 4S", vecVecVec, 0x6E20FC00, neon},
	{"FMLA", "4S 4S S", vecVecElem, 0x4F801000, neon},
	{"FCMEQ", "4S 4S 4S", vecVecVec, 0x4E20E400, neon},
	{"FCMGT", "4S 4S 4S", vecVecVec, 0x6EA0E400, neon},
	{"FMAXNM", "4S 4S 4S", vecVecVec, 0x4E20C400, neon},
	{"FADD", "4S 4S 4S", vecVecVec, 0x4E20D400, neon},
	{"FSUB", "4S 4S 4S", vecVecVec, 0x4EA0D400, neon},
	{"FMAX", "4S 4S 4S", vecVecVec, 0x4E20F400, neon},
	{"FMIN", "4S 4S 4S", vecVecVec, 0x4EA0F400, neon},
	{"FMUL", "2D 2D 2D", vecVecVec, 0x6E60DC00, neon},
	{"FDIV", "2D 2D 2D", vecVecVec, 0x6E60FC00, neon},
	{"FCMGT", "2D 2D 2D", vecVecVec, 0x6EE0E400, neon},
	{"FADD", "2D 2D 2D", vecVecVec, 0x4E60D400, neon},
	{"FSUB", "2D 2D 2D", vecVecVec, 0x4EE0D400, neon},
	{"FCVTL", "2D 2S", vecVec, 0x0E617800, neon},
	{"FCVTL2", "2D 4S", vecVec, 0x4E617800, neon},
	{"FCVTN", "2S 2D", vecVec, 0x0E616800, neon},
	{"FCVTN2", "4S 2D", vecVec, 0x4E616800, neon},
	{"SADALP", "4S 8H", vecVec, 0x4E606800, neon},
	{"SCVTF", "4S 4S", vecVec, 0x4E21D800, neon},
	{"FCVTNS", "4S 4S", vecVec, 0x4E21A800, neon},
	{"SQXTN", "4H 4S", vecVec, 0x0E614800, neon},
	{"SQXTN2", "8H 4S", vecVec, 0x4E614800, neon},
	{"SQXTUN", "8B 8H", vecVec, 0x2E212800, neon},
	{"SQXTUN2", "16B 8H", vecVec, 0x6E212800, neon},
	{"SXTL", "8H 8B", vecVec, 0x0F08A400, neon},
	{"SXTL2", "8H 16B", vecVec, 0x4F08A400, neon},
	{"SXTL", "4S 4H", vecVec, 0x0F10A400, neon},
	{"SXTL2", "4S 8H", vecVec, 0x4F10A400, neon},
	{"UXTL", "8H 8B", vecVec, 0x2F08A400, neon},
	{"UXTL2", "8H 16B", vecVec, 0x6F08A400, neon},
}

var armOperand = regexp.MustCompile(`^V(\d+)\.(\d*[BHSD])(?:\[(\d)\])?$`)

// encodeARM returns the word of an instruction in Arm's spelling, destination first: "SDOT V0.4S, V1.16B, V2.16B".
func encodeARM(text string) (uint32, feature, error) {
	op, rest, _ := strings.Cut(strings.TrimSpace(text), " ")
	var regs []uint32
	var types []string
	index := uint32(0)
	for _, a := range splitArgs(rest) {
		m := armOperand.FindStringSubmatch(a)
		if m == nil {
			return 0, "", fmt.Errorf("operand %q: want Arm's spelling, as in V0.4S, V2.4B[1] or V2.S[1]", a)
		}
		n, _ := strconv.Atoi(m[1])
		if n > 31 {
			return 0, "", fmt.Errorf("operand %q: no such register", a)
		}
		if m[3] != "" {
			index = uint32(m[3][0]-'0') + 1
		}
		regs, types = append(regs, uint32(n)), append(types, m[2])
	}
	for _, w := range armWords {
		if w.name != op || w.types != strings.Join(types, " ") || (w.form == vecVecElem) != (index > 0) {
			continue
		}
		word := w.word | regs[0] | regs[1]<<5
		if w.form != vecVec {
			word |= regs[2] << 16
		}
		if w.form == vecVecElem {
			if index > 4 {
				return 0, "", fmt.Errorf("%s: element %d of 4", text, index-1)
			}
			word |= (index - 1) & 1 << 21
			word |= (index - 1) >> 1 << 11
		}
		return word, w.feature, nil
	}
	return 0, "", fmt.Errorf("%s: no row in armWords for it; add one with the manual's encoding", strings.TrimSpace(text))
}

// checkRawARM64 compares a WORD directive with the instruction that its comment names and returns its feature.
func checkRawARM64(in instr) (feature, error) {
	m := mnemonicComment.FindStringSubmatch(in.comment)
	if m == nil {
		return "", fmt.Errorf("raw word without a comment that names the instruction")
	}
	want, feat, err := encodeARM(m[0])
	if err != nil {
		return "", err
	}
	if len(in.args) != 1 {
		return "", fmt.Errorf("WORD takes one value")
	}
	got, err := strconv.ParseUint(strings.TrimPrefix(in.args[0], "$"), 0, 32)
	if err != nil {
		return "", fmt.Errorf("raw value %s: %w", in.args[0], err)
	}
	if uint32(got) != want {
		return "", fmt.Errorf("raw word is %#08x, the comment %s encodes as %#08x", got, strings.TrimSpace(m[0]), want)
	}
	return feat, nil
}
