package f32

import (
	"encoding/binary"
	"fmt"
	"slices"

	"github.com/octet-ml/octet/fp32/internal/generic"
	"github.com/octet-ml/octet/fp32/internal/kernel"
	"github.com/octet-ml/octet/internal/cpu"
)

// Kernels is the table of kernels chosen for one level. It is immutable and safe for concurrent use.
type Kernels struct {
	level cpu.Level
	set   kernel.Set
}

// Select returns the kernels of a level: the portable set, overlaid with the sets of the levels that it includes, the
// poorest first. A level that this machine lacks gives ErrLevel, as does a big-endian machine.
func Select(level cpu.Level) (*Kernels, error) {
	if binary.NativeEndian.Uint16([]byte{1, 0}) != 1 {
		return nil, fmt.Errorf("float32 kernels: %w: big-endian machine", ErrLevel)
	}
	if !slices.Contains(cpu.Available(), level) {
		return nil, fmt.Errorf("float32 kernels: %w: %v", ErrLevel, level)
	}
	k := &Kernels{level: level, set: generic.Set()}
	for _, l := range level.Chain() {
		k.set = k.set.Overlay(isaSet(l))
	}
	return k, nil
}

// Level returns the level that the kernels were chosen for.
func (k *Kernels) Level() cpu.Level { return k.level }

// Names returns the kernel names in the table, such as "f32_gemm_12x32__avx512".
func (k *Kernels) Names() []string { return k.set.Names() }
