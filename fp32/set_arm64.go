//go:build arm64 && !noasm

package f32

import (
	"github.com/octet-ml/octet/fp32/internal/kernel"
	"github.com/octet-ml/octet/fp32/internal/neon"
	"github.com/octet-ml/octet/internal/cpu"
)

// isaSet returns the kernels that a level adds to those below it.
func isaSet(l cpu.Level) kernel.Set {
	if l == cpu.NEON {
		return neon.Set()
	}
	return kernel.Set{}
}
