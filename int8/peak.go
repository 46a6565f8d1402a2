package i8

import "github.com/octet-ml/octet/int8/internal/kernel"

// Peak runs the products that the level's matrix products are made of, on registers and without anything between them, and returns
// how many it has computed: at least n, some microseconds for each million. By that the most that a core can do is measured. It
// returns 0 where the level has no such loop, which is so of the portable kernels and of arm64. It allocates little and may be
// called concurrently.
func (k *Kernels) Peak(n int64) int64 {
	p := &k.set.Peak
	if p.Func == nil {
		return 0
	}
	const most = 1 << 24 // products of one call, which cannot be preempted
	done := int64(0)
	for done < n {
		a := kernel.PeakArgs{Turns: max(1, min(n-done, most)/p.Products)}
		p.Func(&a)
		done += a.Turns * p.Products
	}
	return done
}
