package i8

import (
	"math"
	"math/rand/v2"
	"sync"
	"testing"

	"github.com/octet-ml/octet/int8/internal/kerneltest"
	"github.com/octet-ml/octet/internal/testkit"
)

// eltwiseRand returns a generator; the seed is logged.
func eltwiseRand(t testing.TB) *rand.Rand {
	return rand.New(rand.NewPCG(uint64(testkit.Seed(t)), 1))
}

func random(r *rand.Rand, b []byte) []byte {
	for i := range b {
		b[i] = byte(r.Uint32())
	}
	return b
}

// randomSrc returns n random bytes with the slack that a source has, guarded at either end.
func randomSrc(t testing.TB, r *rand.Rand, n int) []byte {
	return random(r, kerneltest.Buffer(t, n, Slack, kerneltest.Where(r.IntN(2))))
}

// runAll runs all tiles of a bound step: at once, in two parts out of order, or in parts side by side, as r chooses.
func runAll(t testing.TB, r *rand.Rand, s Step, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	n := s.Tiles()
	switch r.IntN(3) {
	case 0:
		s.Run(nil, 0, n)
	case 1:
		cut := r.IntN(n + 1)
		s.Run(nil, cut, n)
		s.Run(nil, 0, cut)
	case 2:
		const workers = 4
		var wg sync.WaitGroup
		for i := range workers {
			wg.Go(func() { s.Run(nil, i*n/workers, (i+1)*n/workers) })
		}
		wg.Wait()
	}
}

// clampByte is the normative end of every requantization: round half to even, add the zero point, clamp.
func clampByte(x float32, zero int32, lo, hi uint8) uint8 {
	v := math.RoundToEven(float64(x)) + float64(zero)
	return uint8(min(max(v, float64(lo)), float64(hi)))
}

// sameBytes reports the first difference.
func sameBytes(t testing.TB, what string, got, want []byte) {
	t.Helper()
	for i := range want {
		if got[i] != want[i] {
			t.Fatalf("%s: byte %d of %d: got %d, want %d", what, i, len(want), got[i], want[i])
		}
	}
}

// noAllocs checks that a whole run of s allocates nothing.
func noAllocs(t *testing.T, s Step, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	if n := testing.AllocsPerRun(10, func() { s.Run(nil, 0, s.Tiles()) }); n != 0 {
		t.Errorf("Run allocates %v times", n)
	}
}

// oddLengths holds lengths around every block size and tile size.
var oddLengths = []int{0, 1, 2, 3, 4, 7, 8, 9, 15, 16, 17, 31, 32, 33, 47, 63, 64, 65, 95, 96, 127, 128, 129, 160, 191, 255, 256, 257, 1000,
	4095, 4096, 4097, 8191, 8193, 16384, 16385, 40001}
