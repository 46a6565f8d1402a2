package kernel

import (
	"slices"

	"github.com/octet-ml/octet/internal/cpu"
)

// Set is the table of kernels of one level. Every row is filled: the generic set has them all.
type Set struct {
	Level     cpu.Level
	Gemm      GemmFamily
	Expand4   Expand4
	Peak      Peak
	RowSum    RowSum
	Copy      Copy
	Windows   Windows
	Depthwise DepthwiseFamily
	Eltwise   Eltwise
}

// Names returns the names of all kernels, sorted.
func (s *Set) Names() []string {
	var names []string
	for _, g := range s.Gemm.Rows {
		names = append(names, g.Name)
	}
	names = append(names, s.Expand4.Name, s.RowSum.Name, s.Copy.Name)
	for _, optional := range []string{s.Peak.Name, s.Windows.Name} {
		if optional != "" {
			names = append(names, optional)
		}
	}
	for _, d := range s.Depthwise.Rows {
		names = append(names, d.Name)
	}
	names = append(names, s.Eltwise.names()...)
	slices.Sort(names)
	return slices.Compact(names)
}
