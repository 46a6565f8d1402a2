package kerneltest

import (
	"math/rand"
	"testing"

	"github.com/octet-ml/octet/fp32/internal/kernel"
)

// testHeights checks that tiles of height mr give the bits that tiles of one row give: each output has one accumulator.
func testHeights(t *testing.T, g kernel.Gemm, mr int, rng *rand.Rand) {
	const tiles = 2
	for range 20 {
		taps, k, rows := 1+rng.Intn(3), 1+rng.Intn(40), tiles*mr
		a := kernel.GemmArgs{
			Src: source(rng, 200), Weights: source(rng, taps*k*g.NR), Bias: source(rng, g.NR), OffsetStride: int64(rows), DstStride: int64(g.NR),
			K: int64(k), Taps: int64(taps), Columns: int64(g.NR), Lo: -inf, Hi: inf,
		}
		for range taps * rows {
			a.Offsets = append(a.Offsets, int32(rng.Intn(200-k)))
		}
		run := func(height int) []float32 {
			a.Rows, a.Tiles, a.Dst = int64(height), int64(rows/height), destination(rows*g.NR)
			g.Run[height](&a)
			return a.Dst
		}
		want := run(1)
		for at, got := range run(mr) {
			checkBits(t, at, got, want[at])
		}
	}
}
