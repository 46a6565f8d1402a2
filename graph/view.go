package graph

import "unsafe"

// element is any type that a tensor's bytes may be viewed as.
type element interface {
	~float32 | ~float64 | ~int8 | ~uint8 | ~int16 | ~uint16 | ~int32 | ~uint32 | ~int64 | ~uint64
}

// View returns data as a slice of T that shares its memory. The machine must be little endian, which every target of Octet
// is. Trailing bytes that do not fill an element are left out. Where data is not aligned for T, as bytes of a model file
// may not be, the slice is still valid on the supported machines, but must not be used with atomic operations.
//
//go:noinline // it is called once a buffer, from hundreds of instances of generic functions
func View[T element](data []byte) []T {
	var zero T
	n := len(data) / int(unsafe.Sizeof(zero))
	if n == 0 {
		return nil
	}
	// The elements hold no pointers, so the garbage collector does not care how the memory is typed.
	return unsafe.Slice((*T)(unsafe.Pointer(unsafe.SliceData(data))), n)
}

// Aligned reports whether data starts at a multiple of n bytes.
func Aligned(data []byte, n int) bool {
	return uintptr(unsafe.Pointer(unsafe.SliceData(data)))%uintptr(n) == 0
}
