package i8

import "testing"

func TestPeakCountsItsProducts(t *testing.T) {
	eachLevel(t, func(t *testing.T, k *Kernels) {
		p := &k.set.Peak
		for _, n := range []int64{1, 1000, 1 << 25} {
			got := k.Peak(n)
			if p.Func == nil {
				if got != 0 {
					t.Errorf("%d products without a loop", got)
				}
				continue
			}
			if got < n || got > n+2*p.Products || got%p.Products != 0 {
				t.Errorf("asked for %d products, got %d in turns of %d", n, got, p.Products)
			}
		}
	})
}
