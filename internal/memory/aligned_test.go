package memory

import (
	"testing"
	"unsafe"
)

func TestAligned(t *testing.T) {
	for _, n := range []int{0, 1, 63, 64, 65, 4096, HugePage - 1, HugePage, HugePage + 5, 3*HugePage + 777} {
		for _, slack := range []int{0, 1, 64} {
			b := Aligned(n, slack)
			if len(b) != n || cap(b) != n+slack {
				t.Fatalf("%d bytes with slack %d: length %d, capacity %d", n, slack, len(b), cap(b))
			}
			unit := uintptr(Alignment)
			if n >= HugePage {
				unit = HugePage
			}
			if at := uintptr(unsafe.Pointer(unsafe.SliceData(b))); n > 0 && at%unit != 0 {
				t.Errorf("%d bytes begin at %#x", n, at)
			}
			for i, v := range b[:n+slack] {
				if v != 0 {
					t.Fatalf("%d bytes: byte %d is %d", n, i, v)
				}
			}
		}
	}
}
