//go:build !noasm

package cpu

import "github.com/klauspost/cpuid/v2"

func supported(l Level) bool {
	switch l {
	case Generic, NEON:
		return true
	case DotProd:
		return cpuid.CPU.Supports(cpuid.ASIMDDP)
	}
	return false
}
