package kerneltest

import (
	"math/rand"
	"testing"

	"github.com/octet-ml/octet/fp32/internal/kernel"
)

func testInterleave3(t *testing.T, k kernel.Interleave3, rng *rand.Rand) {
	for _, n := range []int{1, 3, 7, 8, 9, 16, 23, 40} {
		plane := n + rng.Intn(9)
		a := kernel.Interleave3Args{Src: source(rng, 2*plane+n), Dst: destination(3 * n), Plane: int64(plane), N: int64(n)}
		k.Run(&a)
		written := map[int]bool{}
		for at, got := range a.Dst {
			checkBits(t, at, got, a.Src[at%3*plane+at/3])
			written[at] = true
		}
		checkUntouched(t, a.Dst, written)
	}
}
