package generic

import (
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
		Order: make([]uint8, gemmNR), Func: make([]func(*kernel.GemmArgs), gemmMR+1),
	}
	for i := range g.Order {
		g.Order[i] = uint8(i)
	}
	for h := 1; h <= gemmMR; h++ {
		g.Func[h] = func(a *kernel.GemmArgs) { gemm(a, h) }
	}
	return g
}

// gemm computes tiles of h rows as kernel.GemmArgs says, two rows by four columns at a time.
func gemm(a *kernel.GemmArgs, h int) {
	taps, k, cols := int(a.Taps), int(a.K), int(a.Cols)
	b := unsafe.Slice((*int8)(unsafe.Pointer(a.B)), taps*k*gemmNR)
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
			for n := 0; n < cols; n += 4 {
				m := 0
				for ; m+1 < h; m += 2 {
					dot2x4(unsafe.Slice(rows[m], k), unsafe.Slice(rows[m+1], k), bt[n:],
						(*[4]int32)(acc[m][n:]), (*[4]int32)(acc[m+1][n:]))
				}
				if m < h {
					dot1x4(unsafe.Slice(rows[m], k), bt[n:], (*[4]int32)(acc[m][n:]))
				}
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

// dot2x4 adds to s0[j] and s1[j] the products of r0 and r1 with column j of b, whose rows are gemmNR apart.
func dot2x4(r0, r1 []byte, b []int8, s0, s1 *[4]int32) {
	a0, a1, a2, a3 := s0[0], s0[1], s0[2], s0[3]
	c0, c1, c2, c3 := s1[0], s1[1], s1[2], s1[3]
	r1 = r1[:len(r0)]
	for k, x := range r0 {
		w := (*[4]int8)(b[k*gemmNR:])
		u, v := int32(x), int32(r1[k])
		w0, w1, w2, w3 := int32(w[0]), int32(w[1]), int32(w[2]), int32(w[3])
		a0 += u * w0
		a1 += u * w1
		a2 += u * w2
		a3 += u * w3
		c0 += v * w0
		c1 += v * w1
		c2 += v * w2
		c3 += v * w3
	}
	*s0 = [4]int32{a0, a1, a2, a3}
	*s1 = [4]int32{c0, c1, c2, c3}
}

// dot1x4 is dot2x4 for one row.
func dot1x4(r0 []byte, b []int8, s0 *[4]int32) {
	a0, a1, a2, a3 := s0[0], s0[1], s0[2], s0[3]
	for k, x := range r0 {
		w := (*[4]int8)(b[k*gemmNR:])
		u := int32(x)
		a0 += u * int32(w[0])
		a1 += u * int32(w[1])
		a2 += u * int32(w[2])
		a3 += u * int32(w[3])
	}
	*s0 = [4]int32{a0, a1, a2, a3}
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
