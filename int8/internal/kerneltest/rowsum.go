package kerneltest

import (
	"math/rand/v2"
	"testing"

	"github.com/octet-ml/octet/int8/internal/kernel"
)

// RowSum checks the sums of rows: lengths around the pieces that kernels take, strides and offsets, padding.
func RowSum(t *testing.T, s *kernel.Set, seed int64) {
	const overRead = 31
	r := rand.New(rand.NewPCG(uint64(seed), 5))
	for k := 1; k < 140; k++ {
		rows, stride, indexed := 1+r.IntN(9), k+r.IntN(9), k%2 == 0
		src := guardedRandom(t, r, (rows-1)*stride+k+overRead, 0)
		dst, want := words[int32](t, rows), make([]int32, rows)
		a := &kernel.RowSumArgs{Dst: &dst[0], Base: &src[0], Stride: int64(stride), Rows: int64(rows), K: int64(k), PadSum: int64(r.IntN(1000))}
		offs := words[int32](t, rows)
		if indexed {
			a.Offs, a.Stride = &offs[0], 0
		}
		for i := range rows {
			dst[i] = r.Int32N(1000) - 500
			want[i] = dst[i]
			at := i * stride
			if indexed {
				at = r.IntN(len(src) - k - overRead + 1)
				offs[i] = int32(at)
				if r.IntN(4) == 0 {
					offs[i] = kernel.PadOffset
					want[i] += int32(a.PadSum)
					continue
				}
			}
			for _, v := range src[at:][:k] {
				want[i] += int32(v)
			}
		}
		s.RowSum.Func(a)
		for i := range want {
			if dst[i] != want[i] {
				t.Fatalf("%s: %d rows of %d bytes: row %d gives %d, want %d", s.RowSum.Name, rows, k, i, dst[i], want[i])
			}
		}
	}
}
