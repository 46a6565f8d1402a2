//go:build amd64 && !noasm

package f32

import (
	"github.com/octet-ml/octet/fp32/internal/avx2"
	"github.com/octet-ml/octet/fp32/internal/avx512"
	"github.com/octet-ml/octet/fp32/internal/kernel"
	"github.com/octet-ml/octet/internal/cpu"
)

// isaSet returns the kernels that a level adds to those below it.
func isaSet(l cpu.Level) kernel.Set {
	switch l {
	case cpu.AVX2:
		return avx2.Set()
	case cpu.AVX512VNNI:
		return avx512.Set()
	}
	return kernel.Set{}
}
