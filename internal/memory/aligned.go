package memory

import "unsafe"

const (
	// Alignment is that of all buffers, in bytes: a cache line and the widest vector register.
	Alignment = 64
	// HugePage is the size in bytes from which on buffers begin at such a multiple and ask for huge pages.
	HugePage = 2 << 20
)

// Aligned returns n zero bytes that begin at a multiple of Alignment, with slack readable bytes behind them, which its capacity
// tells.
func Aligned(n, slack int) []byte {
	unit := Alignment
	if n >= HugePage {
		unit = HugePage
	}
	raw := make([]byte, n+slack+unit-1)
	// The address only chooses where to cut; Go objects on the heap do not move.
	at := int(-uintptr(unsafe.Pointer(unsafe.SliceData(raw))) & uintptr(unit-1))
	b := raw[at : at+n : at+n+slack]
	if unit == HugePage {
		adviseHuge(b[:n/HugePage*HugePage])
	}
	return b
}
