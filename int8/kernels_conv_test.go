package i8

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/octet-ml/octet/int8/internal/kerneltest"
	"github.com/octet-ml/octet/internal/cpu"
	"github.com/octet-ml/octet/internal/testkit"
)

func TestConvKernels(t *testing.T) {
	seed := testkit.Seed(t)
	eachLevel(t, func(t *testing.T, k *Kernels) {
		set := k.set
		kerneltest.Conv(t, &set, seed)
	})
}

func TestSelectRefusesWhatTheMachineLacks(t *testing.T) {
	for l := cpu.Generic; l <= cpu.DotProd; l++ {
		k, err := Select(l)
		if !slices.Contains(cpu.Available(), l) {
			if !errors.Is(err, ErrLevel) {
				t.Errorf("%v: got error %v, want %v", l, err, ErrLevel)
			}
			continue
		}
		if err != nil || k.Level() != l {
			t.Errorf("%v: got %v, %v", l, k, err)
		}
	}
}

func TestPlansNameTheKernelOfTheirLevel(t *testing.T) {
	eachLevel(t, func(t *testing.T, k *Kernels) {
		c := convCase{w: layer(3, 3, 64, 64), g: padded(8, 8, 1, 1)}
		_, _, name := c.bound(t, k)
		if !slices.Contains(k.Names(), name) {
			t.Errorf("kernel %q is not among %q", name, k.Names())
		}
		if k.Level() == cpu.AVX512VNNI && !strings.HasSuffix(name, "__avx512vnni") {
			t.Errorf("kernel %q at level %v", name, k.Level())
		}
	})
}
