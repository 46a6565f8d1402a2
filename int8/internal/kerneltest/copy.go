package kerneltest

import (
	"bytes"
	"math/rand/v2"
	"testing"

	"github.com/octet-ml/octet/int8/internal/kernel"
)

// Copy checks the copying of pieces of every width up to 100 bytes, beside which nothing may be read or written.
func Copy(t *testing.T, s *kernel.Set, seed int64) {
	r := rand.New(rand.NewPCG(uint64(seed), 6))
	for width := 1; width <= 100; width++ {
		n, to, from := 1+r.IntN(5), width+r.IntN(9), r.IntN(2*width)
		src, dst := guardedRandom(t, r, (n-1)*from+width, 0), Buffer(t, (n-1)*to+width, 0, AtEnd)
		want := bytes.Clone(dst)
		for i := range n {
			copy(want[i*to:][:width], src[i*from:])
		}
		s.Copy.Func(&kernel.CopyArgs{Dst: &dst[0], Src: &src[0], DstStep: int64(to), SrcStep: int64(from), N: int64(n), Width: int64(width)})
		if !bytes.Equal(dst, want) {
			t.Fatalf("%s: %d pieces of %d bytes, %d to %d apart: got %v, want %v", s.Copy.Name, n, width, from, to, dst, want)
		}
	}
}
