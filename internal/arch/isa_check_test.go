package arch

import (
	"strings"
	"testing"
)

// asm wraps instructions in a well-formed function of the given folder's kind.
func asm(body string) string {
	return "//go:build !noasm\n\n#include \"textflag.h\"\n#include \"go_asm.h\"\n\n" +
		"// func tile(args *tileArgs)\n//\n// Contract.\nTEXT ·tile(SB), NOSPLIT, $0-8\n" + body + "\n"
}

func TestAssemblyCheckerAcceptsAndRefuses(t *testing.T) {
	const avx2, avxvnni, avx512vnni = "int8/internal/avx2/k_amd64.s", "int8/internal/avxvnni/k_amd64.s", "int8/internal/avx512vnni/k_amd64.s"
	const neon, dotprod = "int8/internal/neon/k_arm64.s", "int8/internal/dotprod/k_arm64.s"
	const fp512, fpNEON = "fp32/internal/avx512/k_amd64.s", "fp32/internal/neon/k_arm64.s"
	load := "MOVQ args+0(FP), DI\n"
	for _, c := range []struct{ name, file, src, want string }{
		{"avx2 loop", avx2, asm(load + "MOVQ tileArgs_src(DI), SI\nloop:\nVPADDD (SI), Y1, Y1\nVZEROUPPER\nRET"), ""},
		{"xmm needs no VZEROUPPER", avx2, asm("VPADDD X0, X1, X2\nRET"), ""},
		{"missing VZEROUPPER", avx2, asm("VPADDD Y0, Y1, Y2\nRET"), "leaves without VZEROUPPER"},
		{"VZEROUPPER jumped over", avx2, asm("VPADDD Y0, Y1, Y2\nVZEROUPPER\ndone:\nRET"), "leaves without VZEROUPPER"},
		{"second return", avx2, asm("VPADDD Y0, Y1, Y2\nVZEROUPPER\nRET\nVPADDD Y0, Y1, Y2\nRET"), "leaves without VZEROUPPER"},
		{"touched in a macro", avx2, "#define STEP(a) \\\n\tVPADDD Y0, a, a\n" + asm("STEP(X1)\nRET"), "leaves without VZEROUPPER"},
		{"tail call", avx2, asm("VPADDD Y0, Y1, Y2\nJMP ·other(SB)"), "leaves without VZEROUPPER"},
		{"zmm in avx2", avx2, asm("VPADDD Z0, Z1, Z2\nVZEROUPPER\nRET"), "needs AVX512"},
		{"high ymm in avx2", avx2, asm("VPADDD Y16, Y1, Y2\nVZEROUPPER\nRET"), "needs AVX512"},
		{"mask register in avx2", avx2, asm("KMOVW AX, K1\nRET"), "needs AVX512"},
		{"EVEX-only move in avx2", avx2, asm("VMOVDQU32 (SI), X1\nRET"), "needs AVX512"},
		{"broadcast operand in avx2", avx2, asm("VPADDD.BCST (SI), X1, X1\nRET"), "needs AVX512"},
		{"EVEX VPDPBUSD in avx2", avx2, asm("VPDPBUSD X0, X1, X2\nRET"), "needs VNNI"},
		{"EVEX VPDPBUSD in avxvnni", avxvnni, asm("VPDPBUSD X0, X1, X2\nRET"), "needs VNNI"},
		{"EVEX VPDPBUSD in avx512vnni", avx512vnni, asm("VPDPBUSD Z0, Z1, Z2\nVZEROUPPER\nRET"), ""},
		{"VNNI in fp32's avx512", fp512, asm("VPDPBUSD Z0, Z1, Z2\nVZEROUPPER\nRET"), "needs VNNI"},
		{"VBMI in avx512vnni", avx512vnni, asm("VPERMI2B Z0, Z1, Z2\nVZEROUPPER\nRET"), "needs VBMI"},
		{"GFNI in avx512vnni", avx512vnni, asm("VGF2P8MULB X0, X1, X2\nRET"), "needs GFNI"},
		{"zmm in an avx2 macro", avx2, "#define STEP(a) \\\n\tVPADDD Z0, a, a\n" + asm("RET"), "needs AVX512"},
		{"zmm in a later line of an avx2 macro", avx2, "#define STEP \\\n\tVPADDD X0, X1, X2 \\\n\tVPADDD Z0, Z1, Z1\n" + asm("RET"), "needs AVX512"},
		{"zmm given to an avx2 macro", avx2, "#define STEP(a) \\\n\tVPADDD a, a, a\n" + asm("STEP(Z1)\nVZEROUPPER\nRET"), "needs AVX512"},
		{"misspelt mnemonic", avx2, asm("VPADDDD X0, X1, X2\nRET"), "no instruction"},
		{"two on a line", avx2, asm("MOVQ AX, BX; VPADDD Z0, Z1, Z2\nVZEROUPPER\nRET"), "needs AVX512"},

		{"raw VPDPBUSD", avxvnni, asm("BYTE $0xC4; BYTE $0xE2; BYTE $0x7D; BYTE $0x50; BYTE $0xD1 // VPDPBUSD Y1, Y0, Y2\nVZEROUPPER\nRET"), ""},
		{"raw VPDPBUSD, wrong register", avxvnni, asm("BYTE $0xC4; BYTE $0xE2; BYTE $0x7D; BYTE $0x50; BYTE $0xD1 // VPDPBUSD Y1, Y0, Y3\nVZEROUPPER\nRET"), "raw bytes are VPDPBUSD Y1, Y0, Y2"},
		{"raw VPDPBUSD, wrong opcode", avxvnni, asm("BYTE $0xC4; BYTE $0xE2; BYTE $0x7D; BYTE $0x51; BYTE $0xD1 // VPDPBUSD Y1, Y0, Y2\nVZEROUPPER\nRET"), "raw bytes are VPDPBUSDS"},
		{"raw VPDPBUSD in avx2", avx2, asm("BYTE $0xC4; BYTE $0xE2; BYTE $0x7D; BYTE $0x50; BYTE $0xD1 // VPDPBUSD Y1, Y0, Y2\nVZEROUPPER\nRET"), "needs AVXVNNI"},
		{"raw without comment", avxvnni, asm("BYTE $0xC4; BYTE $0xE2; BYTE $0x7D; BYTE $0x50; BYTE $0xD1\nVZEROUPPER\nRET"), "without a comment"},
		{"raw that is something else", avxvnni, asm("BYTE $0x0F; BYTE $0x0B // UD2 now\nVZEROUPPER\nRET"), "not a three-byte VEX"},
		{"raw touches the upper halves", avxvnni, asm("BYTE $0xC4; BYTE $0xE2; BYTE $0x7D; BYTE $0x50; BYTE $0xD1 // VPDPBUSD Y1, Y0, Y2\nRET"), "leaves without VZEROUPPER"},

		{"numeric argument", avx2, asm(load + "MOVQ 8(DI), SI\nRET"), "not by its name"},
		{"first field without a name", avx2, asm(load + "MOVQ (DI), SI\nRET"), "not by its name"},
		{"written result", avx2, asm(load + "MOVQ AX, 16(DI)\nRET"), "not by its name"},
		{"register used again", avx2, asm(load + "MOVQ tileArgs_src(DI), DI\nMOVQ 8(DI), SI\nRET"), ""},
		{"no go_asm.h", avx2, strings.Replace(asm(load+"RET"), "#include \"go_asm.h\"\n", "", 1), "does not include go_asm.h"},

		{"no noasm line", avx2, strings.Replace(asm("RET"), "//go:build !noasm\n", "", 1), "-tags noasm"},
		{"no signature", avx2, strings.Replace(asm("RET"), "func tile(", "func tail(", 1), "Go signature"},
		{"wrong place", "ops/k_amd64.s", asm("RET"), "lives in"},
		{"generic folder", "int8/internal/generic/k_amd64.s", asm("RET"), "declares no"},

		{"raw SDOT", dotprod, asm("WORD $0x4E829420 // SDOT V0.4S, V1.16B, V2.16B\nRET"), ""},
		{"raw SDOT by element", dotprod, asm("WORD $0x4FA2E820 // SDOT V0.4S, V1.16B, V2.4B[3]\nRET"), ""},
		{"raw SDOT, wrong register", dotprod, asm("WORD $0x4E829421 // SDOT V0.4S, V1.16B, V2.16B\nRET"), "encodes as 0x4e829420"},
		{"raw SDOT in neon", neon, asm("WORD $0x4E829420 // SDOT V0.4S, V1.16B, V2.16B\nRET"), "needs DOTPROD"},
		{"raw NEON in neon", neon, asm("WORD $0x0E22C020 // SMULL V0.8H, V1.8B, V2.8B\nRET"), ""},
		{"raw FMLA by element", neon, asm("WORD $0x4FB813C5 // FMLA V5.4S, V30.4S, V24.S[1]\nRET"), ""},
		{"raw FMLA by another element", neon, asm("WORD $0x4FB813C5 // FMLA V5.4S, V30.4S, V24.S[0]\nRET"), "encodes as 0x4f9813c5"},
		{"raw FMLA in fp32's neon", fpNEON, asm("WORD $0x4FB813C5 // FMLA V5.4S, V30.4S, V24.S[1]\nRET"), ""},
		{"raw SDOT in fp32's neon", fpNEON, asm("WORD $0x4E829420 // SDOT V0.4S, V1.16B, V2.16B\nRET"), "needs DOTPROD"},
		{"raw word without comment", neon, asm("WORD $0x0E22C020\nRET"), "without a comment"},
		{"raw word without a row", neon, asm("WORD $0x4E82A420 // SMMLA V0.4S, V1.16B, V2.16B\nRET"), "no row in armWords"},
		{"platform register", neon, asm("MOVD R18, R0\nRET"), "belong to the platform"},
		{"numeric argument on arm64", neon, asm("MOVD args+0(FP), R0\nMOVD 8(R0), R1\nRET"), "not by its name"},
	} {
		t.Run(c.name, func(t *testing.T) { wantOne(t, checkAsm(c.file, c.src), c.want) })
	}
}

func TestVEXDecoderReadsMemoryOperands(t *testing.T) {
	for _, c := range []struct {
		bytes []byte
		want  string
	}{
		{[]byte{0xC4, 0xE2, 0x7D, 0x50, 0xD1}, "VPDPBUSD Y1, Y0, Y2"},
		{[]byte{0xC4, 0x42, 0x35, 0x50, 0xC7}, "VPDPBUSD Y15, Y9, Y8"},
		{[]byte{0xC4, 0xE2, 0x79, 0x50, 0xD1}, "VPDPBUSD X1, X0, X2"},
		{[]byte{0xC4, 0xE2, 0x7D, 0x50, 0x16}, "VPDPBUSD (SI), Y0, Y2"},
		{[]byte{0xC4, 0xE2, 0x7D, 0x50, 0x56, 0x20}, "VPDPBUSD 32(SI), Y0, Y2"},
		{[]byte{0xC4, 0xC2, 0x7D, 0x50, 0x94, 0x24, 0x80, 0, 0, 0}, "VPDPBUSD 128(R12), Y0, Y2"},
		{[]byte{0xC4, 0x82, 0x7D, 0x52, 0x54, 0xA5, 0xE0}, "VPDPWSSD -32(R13)(R12*4), Y0, Y2"},
	} {
		got, err := decodeVNNI(c.bytes)
		if err != nil || got != c.want {
			t.Errorf("% X: got %q, %v, want %q", c.bytes, got, err, c.want)
		}
	}
	for _, b := range [][]byte{
		nil, {0xC4}, {0x62, 0xF2, 0x7D, 0x48, 0x50, 0xD1}, {0xC4, 0xE1, 0x7D, 0x50, 0xD1}, {0xC4, 0xE2, 0xFD, 0x50, 0xD1},
		{0xC4, 0xE2, 0x7D, 0x50, 0x56}, {0xC4, 0xE2, 0x7D, 0x50, 0x14}, {0xC4, 0xE2, 0x7D, 0x50, 0xD1, 0x90}, {0xC4, 0xE2, 0x7D, 0x50, 0x15, 0, 0, 0, 0},
	} {
		if got, err := decodeVNNI(b); err == nil {
			t.Errorf("% X: decoded as %q", b, got)
		}
	}
}

func TestAssemblerTableKnowsEncodings(t *testing.T) {
	table, err := avxTable()
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		op        string
		vex, evex bool
	}{
		{"VPADDD", true, true}, {"VPDPBUSD", false, true}, {"VMOVDQU32", false, true}, {"VMOVDQU", true, false},
		{"VPTERNLOGD", false, true}, {"VFMADD231PS", true, true}, {"VPBLENDVB", true, false}, {"VPMOVSXBW", true, true},
	} {
		if got := table[c.op]; got.vex != c.vex || got.evex != c.evex {
			t.Errorf("%s: got %+v", c.op, got)
		}
	}
	if len(table) < 500 {
		t.Errorf("%d mnemonics: the table was not read whole", len(table))
	}
}
