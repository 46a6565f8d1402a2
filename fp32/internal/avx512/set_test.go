//go:build amd64 && !noasm

package avx512

import (
	"slices"
	"testing"

	"github.com/octet-ml/octet/fp32/internal/kerneltest"
	"github.com/octet-ml/octet/internal/cpu"
)

func TestSet(t *testing.T) {
	if !slices.Contains(cpu.Available(), cpu.AVX512VNNI) {
		t.Skipf("this machine lacks %v", cpu.AVX512VNNI)
	}
	kerneltest.Set(t, Set())
}
