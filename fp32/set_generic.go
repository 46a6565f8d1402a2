//go:build (!amd64 && !arm64) || noasm

package f32

import (
	"github.com/octet-ml/octet/fp32/internal/kernel"
	"github.com/octet-ml/octet/internal/cpu"
)

// isaSet returns the kernels that a level adds to those below it.
func isaSet(cpu.Level) kernel.Set { return kernel.Set{} }
