package kerneltest

import (
	"syscall"
	"testing"
)

func guarded(tb testing.TB, n int, where Where) []byte {
	tb.Helper()
	page := syscall.Getpagesize()
	size := (n+page-1)/page*page + 2*page
	m, err := syscall.Mmap(-1, 0, size, syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_ANON|syscall.MAP_PRIVATE)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := syscall.Munmap(m); err != nil {
			tb.Error(err)
		}
	})
	for _, p := range [][]byte{m[:page], m[size-page:]} {
		if err := syscall.Mprotect(p, syscall.PROT_NONE); err != nil {
			tb.Fatal(err)
		}
	}
	if where == AtStart {
		return m[page : page+n]
	}
	return m[size-page-n : size-page]
}
