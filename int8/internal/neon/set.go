//go:build arm64 && !noasm

package neon

import "github.com/octet-ml/octet/int8/internal/kernel"

// Overlay replaces the rows of s that this package has kernels for.
func Overlay(s *kernel.Set) {
	conv(s)
	eltwise(s)
}
