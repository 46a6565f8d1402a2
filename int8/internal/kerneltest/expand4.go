package kerneltest

import (
	"math/rand/v2"
	"testing"

	"github.com/octet-ml/octet/int8/internal/kernel"
)

// Expand4 checks the expansion of 4-bit codes.
func Expand4(t *testing.T, s *kernel.Set, seed int64) {
	r := rand.New(rand.NewPCG(uint64(seed), 3))
	for n := 1; n < 6; n++ {
		src, dst := guardedRandom(t, r, 64*n, 0), Buffer(t, 128*n, 0, AtEnd)
		var table [16]int8
		for i := range table {
			table[i] = int8(r.Uint32())
		}
		s.Expand4.Func(&kernel.Expand4Args{Src: &src[0], Dst: &dst[0], Table: &table, Blocks: int64(n)})
		for i, v := range src {
			low, high := int8(dst[i/64*128+i%64]), int8(dst[i/64*128+64+i%64])
			if low != table[v&15] || high != table[v>>4] {
				t.Fatalf("%s: code pair %#x at %d becomes %d and %d, want %d and %d", s.Expand4.Name, v, i, low, high, table[v&15], table[v>>4])
			}
		}
	}
}

// Conv checks all kernels of convolutions.
func Conv(t *testing.T, s *kernel.Set, seed int64) {
	t.Run("gemm", func(t *testing.T) { Gemm(t, s, seed) })
	t.Run("depthwise", func(t *testing.T) { Depthwise(t, s, seed) })
	t.Run("expand4", func(t *testing.T) { Expand4(t, s, seed) })
	t.Run("copy", func(t *testing.T) { Copy(t, s, seed) })
	t.Run("windows", func(t *testing.T) { Windows(t, s, seed) })
	t.Run("rowsum", func(t *testing.T) { RowSum(t, s, seed) })
}
