//go:build amd64 && !noasm

package avx2

import (
	"slices"
	"testing"

	"github.com/octet-ml/octet/fp32/internal/kerneltest"
	"github.com/octet-ml/octet/internal/cpu"
)

func TestSet(t *testing.T) {
	if !slices.Contains(cpu.Available(), cpu.AVX2) {
		t.Skipf("this machine lacks %v", cpu.AVX2)
	}
	kerneltest.Set(t, Set())
}
