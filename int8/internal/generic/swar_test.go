package generic

import "testing"

func TestMaxBytesOfEveryPair(t *testing.T) {
	for x := range 256 {
		for y := range 256 {
			// Neighbours that would borrow or carry if lanes were not apart.
			a := 0xff00ff0000ff00ff | uint64(x)<<16 | uint64(y)<<40
			b := 0x00ff00ff0000ff00 | uint64(y)<<16 | uint64(x)<<40
			for shift := 0; shift < 64; shift += 8 {
				want := max(uint8(a>>shift), uint8(b>>shift))
				if got := uint8(maxBytes(a, b) >> shift); got != want {
					t.Fatalf("%#x, %#x: byte %d is %d, want %d", a, b, shift/8, got, want)
				}
			}
		}
	}
}

func TestWideSumsHold256Vectors(t *testing.T) {
	var s wideSums
	var sum [poolBlock]int32
	src := make([]byte, poolBlock)
	for i := range src {
		src[i] = 255 - uint8(i)
	}
	for range 256 {
		s.add(src)
	}
	s.flush(&sum)
	s.add(src[:16])
	s.flush(&sum)
	for i, got := range sum {
		want := 256 * int32(src[i])
		if i < 16 {
			want += int32(src[i])
		}
		if got != want {
			t.Fatalf("channel %d: got %d, want %d", i, got, want)
		}
	}
}
