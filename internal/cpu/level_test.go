package cpu

import (
	"slices"
	"testing"
)

func TestLevelsFormAPartialOrder(t *testing.T) {
	for _, c := range []struct {
		high, low Level
		want      bool
	}{
		{AVX512VNNI, AVX2, true}, {AVXVNNI, AVX2, true}, {AVX512VNNI, AVXVNNI, false}, {AVX2, AVX512VNNI, false},
		{DotProd, NEON, true}, {NEON, AVX2, false}, {AVX2, AVX2, true}, {Generic, AVX2, false}, {DotProd, Generic, true},
	} {
		if got := c.high.Includes(c.low); got != c.want {
			t.Errorf("%v includes %v: got %v, want %v", c.high, c.low, got, c.want)
		}
	}
	if got := AVX512VNNI.Chain(); !slices.Equal(got, []Level{Generic, AVX2, AVX512VNNI}) {
		t.Errorf("chain of avx512vnni: %v", got)
	}
}

func TestNamesRoundTrip(t *testing.T) {
	for l := range numLevels {
		got, err := ParseLevel(l.String())
		if err != nil || got != l {
			t.Errorf("%v: got %v, %v", l, got, err)
		}
	}
}

func TestMaxISA(t *testing.T) {
	t.Setenv(EnvMaxISA, "generic")
	if l, err := Best(); l != Generic || err != nil {
		t.Errorf("capped at generic: got %v, %v", l, err)
	}
	t.Setenv(EnvMaxISA, "sse9")
	if _, err := Best(); err == nil {
		t.Error("an unknown level is not an error")
	}
	t.Setenv(EnvMaxISA, "")
	avail := Available()
	if l, err := Best(); err != nil || l != avail[len(avail)-1] {
		t.Errorf("uncapped: got %v, %v; available %v", l, err, avail)
	}
}
