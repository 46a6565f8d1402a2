package kerneltest

import (
	"bytes"
	"math/rand/v2"
	"testing"

	"github.com/octet-ml/octet/int8/internal/kernel"
)

// Windows checks that windows of every width are put side by side, and nothing beyond the allowances is read or written.
func Windows(t *testing.T, s *kernel.Set, seed int64) {
	if s.Windows.Func == nil {
		t.Skip("the set has no such kernel")
	}
	const most = kernel.MaxWindowWidth
	r := rand.New(rand.NewPCG(uint64(seed), 7))
	for width := 1; width <= most; width++ {
		for rows := 1; rows <= 7; rows++ {
			n, step, row := 1+r.IntN(9), 1+r.IntN(2*width), r.IntN(200)
			to := rows*width + r.IntN(5)
			src := guardedRandom(t, r, (rows-1)*row+(n-1)*step+most, 0)
			dst := Buffer(t, (n-1)*to+rows*width+kernel.WindowsSlack, 0, AtEnd)
			a := kernel.WindowsArgs{
				Dst: &dst[0], Src: &src[0], DstStep: int64(to), SrcStep: int64(step), SrcRow: int64(row), N: int64(n), Rows: int64(rows), Width: int64(width),
			}
			if r.IntN(4) > 0 {
				a.Pair = kernel.PairOfWindows(&a)
			}
			s.Windows.Func(&a)
			for i := range n {
				for k := range rows {
					if got, want := dst[i*to+k*width:][:width], src[k*row+i*step:][:width]; !bytes.Equal(got, want) {
						t.Fatalf("%s: row %d of window %d of %d, %d rows of %d bytes: got %v, want %v", s.Windows.Name, k, i, n, rows, width, got, want)
					}
				}
			}
		}
	}
}
