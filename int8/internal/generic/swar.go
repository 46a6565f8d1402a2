package generic

import "encoding/binary"

// Eight bytes of a uint64 are worked on at once here: SIMD within a register.

const (
	topBits   = 0x8080808080808080
	evenBytes = 0x00ff00ff00ff00ff
)

// maxBytes returns the greater of each pair of unsigned bytes.
func maxBytes(x, y uint64) uint64 {
	// With the top bits forced to 1 and 0 no byte borrows, and the top bit of the difference says whether the low seven
	// bits of x are at least those of y; it decides where the top bits of x and y are equal.
	low := (x | topBits) - (y &^ topBits)
	ge := (x&^y | ^(x^y)&low) & topBits
	mask := ge<<1 - ge>>7
	return x&mask | y&^mask
}

// maxInto sets dst[i] to max(dst[i], src[i]).
func maxInto(dst, src []byte) {
	for len(dst) >= 8 && len(src) >= 8 {
		d := dst[:8]
		binary.LittleEndian.PutUint64(d, maxBytes(binary.LittleEndian.Uint64(d), binary.LittleEndian.Uint64(src)))
		dst, src = dst[8:], src[8:]
	}
	for i := range dst {
		dst[i] = max(dst[i], src[i])
	}
}

// wideSums holds the sums of up to 256 vectors of poolBlock bytes, in 16 bits each: word i/2 of even or odd, by the parity
// of i (255*256 < 2¹⁶).
type wideSums struct {
	even, odd [poolBlock / 8]uint64
}

// add adds whole groups of eight bytes.
func (s *wideSums) add(src []byte) {
	for i := 0; len(src) >= 8; i++ {
		x := binary.LittleEndian.Uint64(src)
		s.even[i&7] += x & evenBytes
		s.odd[i&7] += x >> 8 & evenBytes
		src = src[8:]
	}
}

// flush moves the sums to sum.
func (s *wideSums) flush(sum *[poolBlock]int32) {
	for i := range s.even {
		for j := range 4 {
			sum[8*i+2*j] += int32(uint16(s.even[i] >> (16 * j)))
			sum[8*i+2*j+1] += int32(uint16(s.odd[i] >> (16 * j)))
		}
	}
	*s = wideSums{}
}
