package arch

import (
	"encoding/binary"
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// vnniOps are the AVX-VNNI instructions by opcode (VEX.66.0F38.W0), which the Go assembler can only write with EVEX.
// Source: Intel SDM volume 2, VPDPBUSD, VPDPBUSDS, VPDPWSSD, VPDPWSSDS.
var vnniOps = map[byte]string{0x50: "VPDPBUSD", 0x51: "VPDPBUSDS", 0x52: "VPDPWSSD", 0x53: "VPDPWSSDS"}

var gpr = [16]string{"AX", "CX", "DX", "BX", "SP", "BP", "SI", "DI", "R8", "R9", "R10", "R11", "R12", "R13", "R14", "R15"}

// decodeVNNI returns the Go spelling of one VEX-encoded AVX-VNNI instruction, sources before destination.
func decodeVNNI(b []byte) (string, error) {
	if len(b) < 5 || b[0] != 0xC4 {
		return "", fmt.Errorf("% X is not a three-byte VEX instruction", b)
	}
	r, x, base := int(^b[1]>>7&1)<<3, int(^b[1]>>6&1)<<3, int(^b[1]>>5&1)<<3
	name, known := vnniOps[b[3]]
	if b[1]&31 != 2 || b[2]&0x83 != 1 || !known {
		return "", fmt.Errorf("% X is no AVX-VNNI instruction: VEX.66.0F38.W0 50 to 53", b)
	}
	reg := string("XY"[b[2]>>2&1])
	vvvv, dst := int(^b[2]>>3&15), r|int(b[4]>>3&7)
	mod, rm := b[4]>>6, int(b[4]&7)
	rest := b[5:]
	src := reg + strconv.Itoa(base|rm)
	if mod != 3 {
		var err error
		if src, rest, err = decodeMemory(mod, rm, x, base, rest); err != nil {
			return "", fmt.Errorf("% X: %w", b, err)
		}
	}
	if len(rest) != 0 {
		return "", fmt.Errorf("% X: %d bytes after the instruction", b, len(rest))
	}
	return fmt.Sprintf("%s %s, %s%d, %s%d", name, src, reg, vvvv, reg, dst), nil
}

// decodeMemory reads SIB and displacement of a memory operand.
func decodeMemory(mod byte, rm, x, base int, rest []byte) (string, []byte, error) {
	index := ""
	if rm == 4 {
		if len(rest) == 0 {
			return "", nil, fmt.Errorf("ends before SIB")
		}
		sib := rest[0]
		rest, rm = rest[1:], int(sib&7)
		if i := x | int(sib>>3&7); i != 4 {
			index = fmt.Sprintf("(%s*%d)", gpr[i], 1<<(sib>>6))
		}
	}
	if mod == 0 && rm == 5 {
		return "", nil, fmt.Errorf("operand without a base register")
	}
	disp := 0
	switch {
	case mod == 1 && len(rest) >= 1:
		disp, rest = int(int8(rest[0])), rest[1:]
	case mod == 2 && len(rest) >= 4:
		disp, rest = int(int32(binary.LittleEndian.Uint32(rest))), rest[4:]
	case mod != 0:
		return "", nil, fmt.Errorf("ends before the displacement")
	}
	text := "(" + gpr[base|rm] + ")" + index
	if disp != 0 {
		text = strconv.Itoa(disp) + text
	}
	return text, rest, nil
}

// rawSequence returns the bytes that the BYTE, WORD, LONG and QUAD directives of one line lay down (amd64 sizes).
func rawSequence(line []instr) ([]byte, error) {
	var out []byte
	for _, in := range line {
		size, raw := rawBytes[in.op]
		if !raw || len(in.args) != 1 {
			return nil, fmt.Errorf("%s stands on a line with raw bytes", in.op)
		}
		v, err := strconv.ParseUint(strings.TrimPrefix(in.args[0], "$"), 0, 64)
		if err != nil {
			return nil, fmt.Errorf("raw value %s: %w", in.args[0], err)
		}
		out = append(out, binary.LittleEndian.AppendUint64(nil, v)[:size]...)
	}
	return out, nil
}

var mnemonicComment = regexp.MustCompile(`^([A-Z][A-Z0-9]+) ([^;:]+)`)

// checkRawAmd64 compares the raw bytes of one line with the instruction that its comment names.
func checkRawAmd64(line []instr) error {
	bytes, err := rawSequence(line)
	if err != nil {
		return err
	}
	m := mnemonicComment.FindStringSubmatch(line[0].comment)
	if m == nil {
		return fmt.Errorf("raw bytes without a comment that names the instruction")
	}
	got, err := decodeVNNI(bytes)
	if err != nil {
		return err
	}
	if squeeze(got) != squeeze(m[0]) {
		return fmt.Errorf("raw bytes are %s, the comment says %s", got, strings.TrimSpace(m[0]))
	}
	return nil
}

// squeeze takes the spaces and zero displacements out of an instruction's text.
func squeeze(s string) string {
	s = strings.ReplaceAll(s, " 0(", "(")
	return strings.Join(strings.Fields(s), "")
}
