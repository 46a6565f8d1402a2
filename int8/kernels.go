package i8

import (
	"fmt"
	"slices"

	"github.com/octet-ml/octet/int8/internal/generic"
	"github.com/octet-ml/octet/int8/internal/kernel"
	"github.com/octet-ml/octet/internal/cpu"
)

// Kernels is the table of kernels chosen for one instruction-set level. It is immutable and safe for concurrent use.
type Kernels struct {
	set kernel.Set
}

// Select returns the kernels for level: the portable ones, overlaid by those of every level that it includes, poorest
// first. It returns ErrLevel if this machine (or this build) lacks the level. Safe for concurrent use.
func Select(level cpu.Level) (*Kernels, error) {
	if !slices.Contains(cpu.Available(), level) {
		return nil, fmt.Errorf("i8: %w: %v", ErrLevel, level)
	}
	k := &Kernels{}
	k.set.Level = level
	generic.Overlay(&k.set)
	for _, l := range level.Chain() {
		if overlay := overlays[l]; overlay != nil {
			overlay(&k.set)
		}
	}
	return k, nil
}

// Level returns the level that the kernels were selected for.
func (k *Kernels) Level() cpu.Level { return k.set.Level }

// Names returns the names of all kernels in the table, sorted, such as "u8s8_gemm_12x32c4__avx512vnni".
func (k *Kernels) Names() []string { return k.set.Names() }
