package generic

import (
	"encoding/binary"
	"unsafe"

	"github.com/octet-ml/octet/int8/internal/kernel"
)

const (
	gemmMR = 8
	gemmNR = 8
)

func gemmRow() kernel.Gemm {
	g := kernel.Gemm{
		Name: "u8s8_gemm_8x8c1__generic", MR: gemmMR, NR: gemmNR, KR: 1, Partial: true,
		Order: kernel.PlainOrder(gemmNR), Func: make([]func(*kernel.GemmArgs), gemmMR+1),
	}
	for h := 1; h <= gemmMR; h++ {
		g.Func[h] = func(a *kernel.GemmArgs) { gemm(a, h) }
	}
	return g
}

// gemm computes tiles of h rows as kernel.GemmArgs says, two rows at a time.
func gemm(a *kernel.GemmArgs, h int) {
	taps, k, cols := int(a.Taps), int(a.K), int(a.Cols)
	b := unsafe.Slice(a.B, taps*k*gemmNR)
	bias := unsafe.Slice(a.Bias, gemmNR)
	var rows [gemmMR]*byte
	for i := range int(a.Tiles) {
		var acc [gemmMR][gemmNR]int32
		for m := range h {
			copy(acc[m][:], bias)
			if a.RowBias != nil {
				r := *at(a.RowBias, i*h+m)
				for n := range acc[m] {
					acc[m][n] += r
				}
			}
		}
		for t := range taps {
			for m := range h {
				rows[m] = row(a, i, t, m, h)
			}
			bt := b[t*k*gemmNR : (t+1)*k*gemmNR]
			m := 0
			for ; m+1 < h; m += 2 {
				dot2x8(unsafe.Slice(rows[m], k), unsafe.Slice(rows[m+1], k), bt, &acc[m], &acc[m+1])
			}
			if m < h {
				dot1x8(unsafe.Slice(rows[m], k), bt, &acc[m])
			}
		}
		for m := range h {
			store(a, (*byte)(unsafe.Add(unsafe.Pointer(a.C), int64(i*h+m)*a.LDC)), acc[m][:cols])
		}
	}
}

func at[T any](p *T, i int) *T {
	return (*T)(unsafe.Add(unsafe.Pointer(p), uintptr(i)*unsafe.Sizeof(*p)))
}

// row returns the first byte of row m of tile i at tap t, for tiles of h rows.
func row(a *kernel.GemmArgs, i, t, m, h int) *byte {
	if a.Offs == nil {
		return (*byte)(unsafe.Add(unsafe.Pointer(a.Base), int64(i*h+m)*a.RowStride))
	}
	if o := *at(a.Offs, (i*int(a.Taps)+t)*h+m); o >= 0 {
		return (*byte)(unsafe.Add(unsafe.Pointer(a.Base), o))
	}
	return a.Pad
}

// dot2x8 adds to s0[n] and s1[n] the products of r0 and r1 with column n of b, rows of eight bytes.
//
// One multiplication serves columns n and n+4: 128 is added to the weights, so that they are not negative, and two of them, 32 bits
// apart, times a byte are two products; sums of up to 65536 of them, 255*255 each, stay below 1<<32, so none reaches the other.
// In the end 128 times the sum of the row is taken off.
func dot2x8(r0, r1, b []byte, s0, s1 *[gemmNR]int32) {
	const signs, low = 0x8080808080808080, 0x000000ff000000ff
	var a0, a1, a2, a3, c0, c1, c2, c3, sum0, sum1 uint64
	r1 = r1[:len(r0)]
	for k, x := range r0 {
		w := binary.LittleEndian.Uint64(b[k*gemmNR:]) ^ signs
		u, v := uint64(x), uint64(r1[k])
		sum0 += u
		sum1 += v
		p := w & low
		a0 += u * p
		c0 += v * p
		p = w >> 8 & low
		a1 += u * p
		c1 += v * p
		p = w >> 16 & low
		a2 += u * p
		c2 += v * p
		p = w >> 24 & low
		a3 += u * p
		c3 += v * p
	}
	addPairs(s0, [4]uint64{a0, a1, a2, a3}, sum0)
	addPairs(s1, [4]uint64{c0, c1, c2, c3}, sum1)
}

// dot1x8 is dot2x8 for one row.
func dot1x8(r0, b []byte, s0 *[gemmNR]int32) {
	const signs, low = 0x8080808080808080, 0x000000ff000000ff
	var a0, a1, a2, a3, sum uint64
	for k, x := range r0 {
		w := binary.LittleEndian.Uint64(b[k*gemmNR:]) ^ signs
		u := uint64(x)
		sum += u
		a0 += u * (w & low)
		a1 += u * (w >> 8 & low)
		a2 += u * (w >> 16 & low)
		a3 += u * (w >> 24 & low)
	}
	addPairs(s0, [4]uint64{a0, a1, a2, a3}, sum)
}

// addPairs adds to s the sums of columns n and n+4 in the halves of pairs[n], less 128 times the sum of the row.
func addPairs(s *[gemmNR]int32, pairs [4]uint64, sum uint64) {
	for n, v := range pairs {
		s[n] += int32(uint32(v) - 128*uint32(sum))
		s[n+4] += int32(uint32(v>>32) - 128*uint32(sum))
	}
}

// store writes one row of accumulators to c as a.Output says.
func store(a *kernel.GemmArgs, c *byte, acc []int32) {
	switch a.Output {
	case kernel.OutU8:
		mult := unsafe.Slice(a.Mult, len(acc))
		dst := unsafe.Slice(c, len(acc))
		for n, v := range acc {
			dst[n] = requantize(v, mult[n], a.HiF, a.Zero, a.Lo)
		}
	case kernel.OutI32:
		copy(unsafe.Slice((*int32)(unsafe.Pointer(c)), len(acc)), acc)
	case kernel.OutF32:
		mult := unsafe.Slice(a.Mult, len(acc))
		dst := unsafe.Slice((*float32)(unsafe.Pointer(c)), len(acc))
		for n, v := range acc {
			dst[n] = max(a.LoF, min(float32(v)*mult[n], a.HiF))
		}
	}
}

// requantize is the OutU8 epilogue of one accumulator. The value is bounded by hi above and, because only its clamp to lo
// matters, by -32768 below before it becomes an integer.
func requantize(acc int32, mult, hi float32, zero int32, lo uint8) uint8 {
	v := max(min(float32(float32(acc)*mult), hi), -32768)
	return uint8(max(int32(roundHalfEven(v))+zero, int32(lo)))
}

// roundHalfEven rounds |v| <= 1<<22 to the nearest integer, ties to even: adding 1.5*2^23 leaves no bits below the units.
func roundHalfEven(v float32) float32 {
	const magic = 3 << 22
	return float32(v+magic) - magic
}
