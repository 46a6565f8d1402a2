package i8

import "encoding/binary"

// sumRows writes -Zero times the sum of each row of A, from byte channels of a pixel on, to scratch: what a weight zero
// point adds to all accumulators of the row. |sum| <= 255*65536*128 < 1<<31.
func (r *gemmRun) sumRows(channels int) {
	w := r.w
	dst := r.rowSums()
	if r.offsets == nil {
		stride := w.shape.Groups * w.shape.IC
		for i := range dst {
			dst[i] = -w.shape.Zero * sumBytes(r.src[i*stride+channels:][:w.k])
		}
		return
	}
	clear(dst)
	for i, at := r.from, 0; i < r.to; i++ {
		h := r.cuts.height(i)
		offs := r.offsets[at*w.taps:][:h*w.taps]
		for t := range w.taps {
			for m, o := range offs[t*h:][:h] {
				if o < 0 {
					dst[at+m] += int32(w.k) * int32(r.zero)
				} else {
					dst[at+m] += sumBytes(r.src[int(o)+channels:][:w.k])
				}
			}
		}
		at += h
	}
	for i := range dst {
		dst[i] *= -w.shape.Zero
	}
}

// sumBytes returns the sum of b, eight bytes at a time in four lanes of 16 bits, which hold 128 steps of 2*255.
func sumBytes(b []byte) int32 {
	const low = 0x00ff00ff00ff00ff
	var sum int32
	for len(b) >= 8 {
		n := min(len(b)/8, 128) * 8
		var lanes uint64
		for i := 0; i < n; i += 8 {
			v := binary.LittleEndian.Uint64(b[i:])
			lanes += v&low + v>>8&low
		}
		sum += int32(lanes&0xffff) + int32(lanes>>16&0xffff) + int32(lanes>>32&0xffff) + int32(lanes>>48)
		b = b[n:]
	}
	for _, v := range b {
		sum += int32(v)
	}
	return sum
}
