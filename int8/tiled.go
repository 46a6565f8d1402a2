package i8

import (
	"fmt"
	"unsafe"
)

// tiled is a Step of independent kernel calls, one a tile. The argument structs are made once, at Bind, and only read.
type tiled[A any] struct {
	run  func(*A)
	args []A
}

// Tiles returns the number of kernel calls.
func (s *tiled[A]) Tiles() int { return len(s.args) }

// Run makes the kernel calls from <= t < to. It needs no scratch.
func (s *tiled[A]) Run(_ []byte, from, to int) {
	args := s.args[from:to]
	for i := range args {
		s.run(&args[i])
	}
}

// sameLen returns ErrBuffer unless dst has as many elements as src; bytes are per element of each.
func sameLen(op string, src, dst []byte, srcSize, dstSize int) error {
	if len(src)%srcSize != 0 || len(dst)%dstSize != 0 || len(src)/srcSize != len(dst)/dstSize {
		return fmt.Errorf("i8: %s: %w: src has %d bytes of %d-byte elements, dst %d of %d-byte elements",
			op, ErrBuffer, len(src), srcSize, len(dst), dstSize)
	}
	return nil
}

// inPlace returns ErrBuffer if dst shares bytes with src without being src.
func inPlace(op, name string, src, dst []byte) error {
	if overlap(src, dst) && (&src[0] != &dst[0] || len(src) != len(dst)) {
		return fmt.Errorf("i8: %s: %w: dst overlaps %s without being it", op, ErrBuffer, name)
	}
	return nil
}

// apart returns ErrBuffer if dst shares bytes with src.
func apart(op string, src, dst []byte) error {
	if overlap(src, dst) {
		return fmt.Errorf("i8: %s: %w: dst overlaps src", op, ErrBuffer)
	}
	return nil
}

func overlap(a, b []byte) bool {
	if len(a) == 0 || len(b) == 0 {
		return false
	}
	// Addresses are compared only, never turned back into pointers.
	p, q := uintptr(unsafe.Pointer(&a[0])), uintptr(unsafe.Pointer(&b[0]))
	return p < q+uintptr(len(b)) && q < p+uintptr(len(a))
}

// pieces cuts n elements into parts of size, the last one shorter, and returns what part makes of each.
func pieces[A any](n, size int, part func(from, n int) A) []A {
	out := make([]A, 0, (n+size-1)/size)
	for i := 0; i < n; i += size {
		out = append(out, part(i, min(size, n-i)))
	}
	return out
}
