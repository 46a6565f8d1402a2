//go:build amd64 && !noasm

package avx512vbmi

import "github.com/octet-ml/octet/int8/internal/kernel"

// Overlay replaces the rows of s that this package has kernels for.
func Overlay(s *kernel.Set) {
	s.Eltwise.Overlay(kernel.Eltwise{
		Lookup: kernel.Row[kernel.LookupArgs]{Name: "u8_lookup_x64__avx512vbmi", Run: lookup},
	})
}

// The argument structs under names that go_asm.h carries.
type (
	lookupArgs kernel.LookupArgs
	table      kernel.Table
)

// lookup is
//
//	for i := range a.N { dst[i] = a.Table.Plain[src[i]] }
//
//go:noescape
func lookup(a *kernel.LookupArgs)
