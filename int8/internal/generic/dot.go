package generic

import (
	"encoding/binary"
	"unsafe"
)

// The products of rows with eight columns of packed weights, two at a time: 128 is added to the weights, so that they are not
// negative, and two of them, 32 bits apart, times a byte are two products; sums of up to 65536 of them, 255*255 each, stay below
// 1<<32, so none reaches the other. In the end 128 times the sum of the row is taken off.
//
// Four steps of k stand in line, through pointers: compiled to wasm, a branch costs as much as several products, and there are
// 16 registers, of which two rows of sums take eight.
const (
	weightSigns = 0x8080808080808080
	pairBytes   = 0x000000ff000000ff
)

// dot2x8 adds to s0[n] and s1[n] the products of the k bytes at r0 and at r1 with column n of b, k rows of eight bytes;
// k <= 65536.
func dot2x8(r0, r1, b *byte, k int, s0, s1 *[gemmNR]int32) {
	var a0, a1, a2, a3, c0, c1, c2, c3 uint64
	i := 0
	for ; i+4 <= k; i += 4 {
		x, y, q := (*[4]byte)(pointer(r0, i)), (*[4]byte)(pointer(r1, i)), pointer(b, i*gemmNR)
		w := load64(q) ^ weightSigns
		u, v := uint64(x[0]), uint64(y[0])
		p := w & pairBytes
		a0 += u * p
		c0 += v * p
		p = w >> 8 & pairBytes
		a1 += u * p
		c1 += v * p
		p = w >> 16 & pairBytes
		a2 += u * p
		c2 += v * p
		p = w >> 24 & pairBytes
		a3 += u * p
		c3 += v * p
		w = load64(unsafe.Add(q, gemmNR)) ^ weightSigns
		u, v = uint64(x[1]), uint64(y[1])
		p = w & pairBytes
		a0 += u * p
		c0 += v * p
		p = w >> 8 & pairBytes
		a1 += u * p
		c1 += v * p
		p = w >> 16 & pairBytes
		a2 += u * p
		c2 += v * p
		p = w >> 24 & pairBytes
		a3 += u * p
		c3 += v * p
		w = load64(unsafe.Add(q, 2*gemmNR)) ^ weightSigns
		u, v = uint64(x[2]), uint64(y[2])
		p = w & pairBytes
		a0 += u * p
		c0 += v * p
		p = w >> 8 & pairBytes
		a1 += u * p
		c1 += v * p
		p = w >> 16 & pairBytes
		a2 += u * p
		c2 += v * p
		p = w >> 24 & pairBytes
		a3 += u * p
		c3 += v * p
		w = load64(unsafe.Add(q, 3*gemmNR)) ^ weightSigns
		u, v = uint64(x[3]), uint64(y[3])
		p = w & pairBytes
		a0 += u * p
		c0 += v * p
		p = w >> 8 & pairBytes
		a1 += u * p
		c1 += v * p
		p = w >> 16 & pairBytes
		a2 += u * p
		c2 += v * p
		p = w >> 24 & pairBytes
		a3 += u * p
		c3 += v * p
	}
	for ; i < k; i++ {
		w := load64(pointer(b, i*gemmNR)) ^ weightSigns
		u, v := uint64(*(*byte)(pointer(r0, i))), uint64(*(*byte)(pointer(r1, i)))
		p := w & pairBytes
		a0 += u * p
		c0 += v * p
		p = w >> 8 & pairBytes
		a1 += u * p
		c1 += v * p
		p = w >> 16 & pairBytes
		a2 += u * p
		c2 += v * p
		p = w >> 24 & pairBytes
		a3 += u * p
		c3 += v * p
	}
	addPairs(s0, [4]uint64{a0, a1, a2, a3}, sumBytes(unsafe.Slice(r0, k)))
	addPairs(s1, [4]uint64{c0, c1, c2, c3}, sumBytes(unsafe.Slice(r1, k)))
}

// dot1x8 is dot2x8 for one row.
func dot1x8(r0, b *byte, k int, s0 *[gemmNR]int32) {
	var a0, a1, a2, a3 uint64
	i := 0
	for ; i+4 <= k; i += 4 {
		x, q := (*[4]byte)(pointer(r0, i)), pointer(b, i*gemmNR)
		w := load64(q) ^ weightSigns
		u := uint64(x[0])
		a0 += u * (w & pairBytes)
		a1 += u * (w >> 8 & pairBytes)
		a2 += u * (w >> 16 & pairBytes)
		a3 += u * (w >> 24 & pairBytes)
		w = load64(unsafe.Add(q, gemmNR)) ^ weightSigns
		u = uint64(x[1])
		a0 += u * (w & pairBytes)
		a1 += u * (w >> 8 & pairBytes)
		a2 += u * (w >> 16 & pairBytes)
		a3 += u * (w >> 24 & pairBytes)
		w = load64(unsafe.Add(q, 2*gemmNR)) ^ weightSigns
		u = uint64(x[2])
		a0 += u * (w & pairBytes)
		a1 += u * (w >> 8 & pairBytes)
		a2 += u * (w >> 16 & pairBytes)
		a3 += u * (w >> 24 & pairBytes)
		w = load64(unsafe.Add(q, 3*gemmNR)) ^ weightSigns
		u = uint64(x[3])
		a0 += u * (w & pairBytes)
		a1 += u * (w >> 8 & pairBytes)
		a2 += u * (w >> 16 & pairBytes)
		a3 += u * (w >> 24 & pairBytes)
	}
	for ; i < k; i++ {
		w := load64(pointer(b, i*gemmNR)) ^ weightSigns
		u := uint64(*(*byte)(pointer(r0, i)))
		a0 += u * (w & pairBytes)
		a1 += u * (w >> 8 & pairBytes)
		a2 += u * (w >> 16 & pairBytes)
		a3 += u * (w >> 24 & pairBytes)
	}
	addPairs(s0, [4]uint64{a0, a1, a2, a3}, sumBytes(unsafe.Slice(r0, k)))
}

// pointer returns the address of p[i].
func pointer(p *byte, i int) unsafe.Pointer { return unsafe.Add(unsafe.Pointer(p), i) }

// load64 returns eight bytes at p, the first lowest.
func load64(p unsafe.Pointer) uint64 { return binary.LittleEndian.Uint64((*[8]byte)(p)[:]) }

// addPairs adds to s the sums of columns n and n+4 in the halves of pairs[n], less 128 times the sum of the row.
func addPairs(s *[gemmNR]int32, pairs [4]uint64, sum int32) {
	for n, v := range pairs {
		s[n] += int32(uint32(v)) - 128*sum
		s[n+4] += int32(uint32(v>>32)) - 128*sum
	}
}
