package main

import (
	"fmt"
	"strings"
)

// epilogue writes the tile as Output says and goes on to the next one.
func (s gemmShape) epilogue(t *text) {
	if s.sets > 1 {
		for m := range s.h {
			for j := range s.nz {
				t.op("VPADDD %s, %s, %s", s.acc(1, m, j), s.acc(0, m, j), s.acc(0, m, j))
			}
		}
	}
	t.op("MOVQ out, R9")
	t.op("MOVQ outs, R8")
	t.op("MOVQ gemmArgs_Output(R15), CX")
	t.op("CMPQ CX, $const_outI32")
	t.op("JEQ raw")
	t.op("MOVQ gemmArgs_Mult(R15), AX")
	for j := range s.nz {
		t.op("VMOVUPS %d(AX), Z%d", 64*j, j)
	}
	for m := range s.h {
		s.eachZmm(t, "VCVTDQ2PS ACC, ACC", m)
		s.eachZmm(t, "VMULPS COL, ACC, ACC", m)
	}
	t.op("MOVQ gemmArgs_Residual(R15), DX")
	t.op("TESTQ DX, DX")
	t.op("JNZ bound")
	t.op("CMPB gemmArgs_Narrow(R15), $1")
	t.op("JEQ round")
	t.label("bound")
	t.op("VBROADCASTSS gemmArgs_HiF(R15), Z%d", s.nz)
	for m := range s.h {
		s.eachZmm(t, "VMINPS TOP, ACC, ACC", m)
	}
	t.op("CMPQ CX, $const_outF32")
	t.op("JEQ real")
	t.op("TESTQ DX, DX")
	t.op("JNZ sum")
	t.label("round")
	for m := range s.h {
		s.eachZmm(t, "VCVTPS2DQ ACC, ACC", m)
	}
	t.op("VPBROADCASTW gemmArgs_Zero(R15), Z0")
	t.op("VPBROADCASTB gemmArgs_Lo(R15), Z1")
	t.op("VPBROADCASTB gemmArgs_Hi(R15), Z3")
	t.label("pack")
	switch s.nz {
	case 2:
		t.op("VMOVDQU64 twoRows<>(SB), Z2")
	case 1:
		t.op("VMOVDQU32 fourRows<>(SB), Z2")
	}
	t.op("MOVQ gemmArgs_Cols(R15), CX")
	t.op("CMPQ CX, $%d", 16*s.nz)
	t.op("JNE partial")
	t.op("CMPB gemmArgs_Plain(R15), $1")
	t.op("JEQ plain")
	s.bytes(t, false, false)
	t.op("JMP next")
	t.label("plain")
	s.bytes(t, true, false)
	t.op("JMP next")
	t.label("partial")
	t.op("MOVQ $-1, AX")
	t.op("BZHIQ CX, AX, AX")
	t.op("KMOVQ AX, K1")
	s.bytes(t, false, true)
	t.op("JMP next")
	s.sum(t)
	t.label("real")
	t.op("VBROADCASTSS gemmArgs_LoF(R15), Z0")
	for m := range s.h {
		s.eachZmm(t, "VMAXPS Z0, ACC, ACC", m)
	}
	t.label("raw")
	s.words(t)
	t.label("next")
	t.op("ADDQ gemmArgs_OutTile(R15), R9")
	t.op("MOVQ R9, out")
	t.op("MOVQ gemmArgs_OutStep(R15), AX")
	t.op("SHLQ $2, AX")
	t.op("ADDQ AX, outs")
	t.op("DECQ tilesLeft")
	t.op("JNZ tile")
}

// sum adds the residual at DX, less what out is beyond C, to the bounded products and goes on to pack the rounded sums.
func (s gemmShape) sum(t *text) {
	t.label("sum")
	t.op("ADDQ R9, DX")
	t.op("SUBQ gemmArgs_C(R15), DX")
	t.op("VBROADCASTSS gemmArgs_LoQ(R15), Z0")
	t.op("VBROADCASTSS gemmArgs_AScale(R15), Z1")
	for m := range s.h {
		s.eachZmm(t, "VRNDSCALEPS $8, ACC, ACC", m)
		s.eachZmm(t, "VMAXPS Z0, ACC, ACC", m)
		s.eachZmm(t, "VMULPS Z1, ACC, ACC", m)
	}
	t.op("VPXORD Z0, Z0, Z0")
	t.op("MOVL $0x4b004b00, AX")
	t.op("VPBROADCASTD AX, Z3")
	t.op("VBROADCASTSS gemmArgs_BMagic(R15), Z1")
	t.op("VBROADCASTSS gemmArgs_BScale(R15), Z2")
	for m := range s.h {
		t.op("MOVLQSX %d(R8), DI", 4*m)
		s.widen(t)
		for j := range s.nz {
			t.op("VSUBPS Z1, Z%d, Z%d", 4+j, 4+j)
			t.op("VMULPS Z2, Z%d, Z%d", 4+j, 4+j)
			t.op("VADDPS Z%d, %s, %s", 4+j, s.acc(0, m, j), s.acc(0, m, j))
		}
		s.eachZmm(t, "VCVTPS2DQ ACC, ACC", m)
	}
	t.op("VPBROADCASTW gemmArgs_AddZero(R15), Z0")
	t.op("VPBROADCASTB gemmArgs_AddLo(R15), Z1")
	t.op("VPBROADCASTB gemmArgs_AddHi(R15), Z3")
	t.op("JMP pack")
}

// widen loads the row of bytes at DX and DI as float32 of 1<<23 more, in the columns' order, into Z4 and on; Z0 is zero, Z3
// has the upper half of such a float32 in every word.
func (s gemmShape) widen(t *text) {
	switch s.nz {
	case 4:
		t.op("VMOVDQU32 (DX)(DI*1), Z4")
		t.op("VPUNPCKHBW Z0, Z4, Z6")
		t.op("VPUNPCKLBW Z0, Z4, Z4")
		t.op("VPUNPCKHWD Z3, Z6, Z7")
		t.op("VPUNPCKLWD Z3, Z6, Z6")
	case 2:
		t.op("VPMOVZXBW (DX)(DI*1), Z4")
	case 1:
		t.op("VPMOVZXBD (DX)(DI*1), Z4")
		t.op("VPSLLD $16, Z3, Z5")
		t.op("VPORD Z5, Z4, Z4")
		return
	}
	t.op("VPUNPCKHWD Z3, Z4, Z5")
	t.op("VPUNPCKLWD Z3, Z4, Z4")
}

// eachZmm writes an instruction for each accumulator of row m: in it, ACC is the accumulator, COL the register of the same
// number as its zmm of the panel, TOP the first register beyond those.
func (s gemmShape) eachZmm(t *text, format string, m int) {
	for j := range s.nz {
		t.op("%s", strings.NewReplacer("ACC", s.acc(0, m, j), "COL", fmt.Sprint("Z", j), "TOP", fmt.Sprint("Z", s.nz)).Replace(format))
	}
}

// words writes the accumulators as 32-bit words in channel order, 16 bytes of a lane at a time.
func (s gemmShape) words(t *text) {
	for m := range s.h {
		t.op("MOVLQSX %d(R8), DI", 4*m)
		for j := range s.nz {
			a := s.acc(0, m, j)
			if s.nz == 1 {
				t.op("VMOVDQU32 %s, (R9)(DI*1)", a)
				continue
			}
			t.op("VMOVDQU32 X%s, %d(R9)(DI*1)", a[1:], 16*j)
			for l := 1; l < 4; l++ {
				t.op("VEXTRACTI32X4 $%d, %s, %d(R9)(DI*1)", l, a, 16*(l*s.nz+j))
			}
		}
	}
}

// bytes packs integers to bytes and writes them, masked by K1 or whole; unless plain with the zero point Z0 and within Z1 and
// Z3.
func (s gemmShape) bytes(t *text, plain, masked bool) {
	mask := ""
	if masked {
		mask = " K1,"
	}
	group := 4 / s.nz
	for m := 0; m < s.h; m += group {
		rows := min(group, s.h-m)
		var z [4]string // the four zmm that become one
		for i := range z {
			z[i] = s.acc(0, m+min(i/s.nz, rows-1), i%s.nz)
		}
		t.op("VPACKSSDW %s, %s, Z4", z[1], z[0])
		t.op("VPACKSSDW %s, %s, Z5", z[3], z[2])
		if !plain {
			t.op("VPADDSW Z0, Z4, Z4")
			t.op("VPADDSW Z0, Z5, Z5")
		}
		t.op("VPACKUSWB Z5, Z4, Z4")
		if !plain {
			t.op("VPMAXUB Z1, Z4, Z4")
			t.op("VPMINUB Z3, Z4, Z4")
		}
		switch s.nz {
		case 2:
			t.op("VPERMQ Z4, Z2, Z4")
		case 1:
			t.op("VPERMD Z4, Z2, Z4")
		}
		reg := []string{4: "Z", 2: "Y", 1: "X"}[s.nz]
		extract := []string{4: "", 2: "VEXTRACTI64X4", 1: "VEXTRACTI32X4"}[s.nz]
		for i := range rows {
			t.op("MOVLQSX %d(R8), DI", 4*(m+i))
			switch {
			case i == 0:
				t.op("VMOVDQU8 %s4,%s (R9)(DI*1)", reg, mask)
			case masked:
				t.op("%s $%d, Z4, %s5", extract, i, reg)
				t.op("VMOVDQU8 %s5,%s (R9)(DI*1)", reg, mask)
			default:
				t.op("%s $%d, Z4, (R9)(DI*1)", extract, i)
			}
		}
	}
}
