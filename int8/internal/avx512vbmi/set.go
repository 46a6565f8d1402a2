//go:build amd64 && !noasm

package avx512vbmi

import "github.com/octet-ml/octet/int8/internal/kernel"

// Overlay replaces the rows of s that this package has kernels for.
func Overlay(s *kernel.Set) {
	s.Eltwise.Overlay(kernel.Eltwise{
		Lookup: kernel.Row[kernel.LookupArgs]{Name: "u8_lookup_x64__avx512vbmi", Run: lookup},
	})
	pieces := s.Windows.Func
	s.Windows = kernel.Windows{Name: "u8_windows_2x32__avx512vbmi", Func: func(a *kernel.WindowsArgs) {
		if a.Pair != nil {
			windowPairs(a)
		} else {
			pieces(a)
		}
	}}
}

// The argument structs under names that go_asm.h carries.
type (
	lookupArgs  kernel.LookupArgs
	windowsArgs kernel.WindowsArgs
	table       kernel.Table
)

// lookup is
//
//	for i := range a.N { dst[i] = a.Table.Plain[src[i]] }
//
//go:noescape
func lookup(a *kernel.LookupArgs)

// windowPairs puts the rows of windows side by side, two windows at a time, as Pair says.
//
//go:noescape
func windowPairs(a *kernel.WindowsArgs)
