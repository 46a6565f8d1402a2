package i8

import "github.com/octet-ml/octet/int8/internal/kernel"

// sumRows writes -Zero times the sum of each row of A, from byte channels of a pixel on, to scratch: what a weight zero
// point adds to all accumulators of the row. |sum| <= 255*65536*128 < 1<<31.
func (r *gemmRun) sumRows(channels int) {
	w, run := r.w, r.w.set().RowSum.Func
	dst := r.rowSums()
	clear(dst)
	a := &r.args.sum
	*a = kernel.RowSumArgs{Base: &r.src[channels], K: int64(w.k), PadSum: int64(w.k) * int64(r.zero)}
	if r.offsets == nil {
		a.Dst, a.Rows, a.Stride = &dst[0], int64(len(dst)), int64(r.stride)
		run(a)
	} else {
		for i, at := r.from, 0; i < r.to; i++ {
			h := r.cuts.height(i)
			a.Dst, a.Rows = &dst[at], int64(h)
			for t := range w.taps {
				a.Offs = &r.offsets[at*w.taps+t*h]
				run(a)
			}
			at += h
		}
	}
	for i := range dst {
		dst[i] *= -w.shape.Zero
	}
}
