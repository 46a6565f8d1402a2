package kerneltest

import (
	"testing"
)

// Where says which end of a buffer from [Buffer] has nothing readable beyond it.
type Where uint8

// The ends.
const (
	AtEnd   Where = iota // the byte after the slack cannot be touched
	AtStart              // the byte before the buffer cannot be touched
)

// Buffer returns n bytes with slack readable bytes after them, next to memory that cannot be touched where the system
// lets us have such memory: a kernel that strays faults. The slack bytes are 0xa5. The buffer lives until the test ends.
func Buffer(tb testing.TB, n, slack int, where Where) []byte {
	tb.Helper()
	b := guarded(tb, n+slack, where)
	for i := range b {
		b[i] = 0xa5
	}
	return b[:n:n]
}

// Canaried returns n bytes of 0x5a inside a larger allocation, and a check that reports any change of the 64 bytes before
// and after them.
func Canaried(tb testing.TB, n int) (b []byte, check func()) {
	tb.Helper()
	const fence = 64
	whole := make([]byte, n+2*fence)
	for i := range whole {
		whole[i] = 0x5a
	}
	return whole[fence : fence+n : fence+n], func() {
		tb.Helper()
		for i := range fence {
			if whole[i] != 0x5a || whole[fence+n+i] != 0x5a {
				tb.Errorf("a byte outside the %d of dst was written, %d before it or %d after it", n, fence-i, i)
				return
			}
		}
	}
}
