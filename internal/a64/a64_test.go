package a64

import "testing"

func TestLines(t *testing.T) {
	for _, c := range []struct{ got, want string }{
		{FMUL.Line(1, 2, 31), "WORD $0x6E3FDC41 // FMUL V1.4S, V2.4S, V31.4S"},
		{SCVTF.Line(3, 4), "WORD $0x4E21D883 // SCVTF V3.4S, V4.4S"},
		{SDOT.Line(0, 1, 2), "WORD $0x4E829420 // SDOT V0.4S, V1.16B, V2.16B"},
		{SDOTLane.Element(3, 0, 1, 2), "WORD $0x4FA2E820 // SDOT V0.4S, V1.16B, V2.4B[3]"},
		{FMLALane.Element(1, 5, 30, 24), "WORD $0x4FB813C5 // FMLA V5.4S, V30.4S, V24.S[1]"},
	} {
		if c.got != c.want {
			t.Errorf("got %q, want %q", c.got, c.want)
		}
	}
}

func TestMissingRegisterIsABug(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("no panic")
		}
	}()
	FADD.Line(1, 2)
}
