//go:build amd64 && !noasm

package i8

import (
	"slices"
	"testing"

	"github.com/octet-ml/octet/int8/internal/evexvnni"
	"github.com/octet-ml/octet/int8/internal/kerneltest"
	"github.com/octet-ml/octet/internal/cpu"
	"github.com/octet-ml/octet/internal/testkit"
)

// evex returns the kernels of level avxvnni in the encoding that machines with AVX-512 run.
func evex(tb testing.TB) *Kernels {
	tb.Helper()
	if !slices.Contains(cpu.Available(), cpu.AVX512VNNI) {
		tb.Skip("this machine has no AVX-512 VNNI")
	}
	k, err := Select(cpu.AVX2)
	if err != nil {
		tb.Fatal(err)
	}
	evexvnni.Overlay(&k.set)
	return k
}

// TestAVXVNNITwin runs what avxvnni has, encoded otherwise, through the suites.
func TestAVXVNNITwin(t *testing.T) {
	k := evex(t)
	seed := testkit.Seed(t)
	t.Run("kernels", func(t *testing.T) { kerneltest.Conv(t, &k.set, seed) })
	for _, tc := range convCases {
		t.Run(tc.name, func(t *testing.T) {
			c := tc.c
			c.fill(newRand(seed))
			c.check(t, k, nil)
		})
	}
	r := newRand(seed)
	for range 100 {
		c := randomCase(r)
		c.check(t, k, nil)
	}
}

// BenchmarkAVXVNNITwin times the convolutions of ResNet-50 in turn, as BenchmarkNetwork does.
func BenchmarkAVXVNNITwin(b *testing.B) { benchmarkNetwork(b, evex(b), "resnet50") }
