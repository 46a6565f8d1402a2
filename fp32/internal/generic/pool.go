package generic

import (
	"math"

	"github.com/octet-ml/octet/fp32/internal/kernel"
)

// maxPool implements kernel.PoolArgs for the maximum.
func maxPool(a *kernel.PoolArgs) {
	dst := a.Dst[:a.Channels]
	for c := range dst {
		dst[c] = float32(math.Inf(-1))
	}
	for y := range int(a.Rows) {
		for x := range int(a.Cols) {
			for c, v := range a.Src[y*int(a.RowStride)+x*int(a.ColStride):][:len(dst)] {
				if v > dst[c] {
					dst[c] = v
				}
			}
		}
	}
	for c, v := range dst {
		dst[c] = kernel.Clamp(v, a.Lo, a.Hi)
	}
}

// averagePool implements kernel.PoolArgs for the average.
func averagePool(a *kernel.PoolArgs) {
	dst := a.Dst[:a.Channels]
	clear(dst)
	for y := range int(a.Rows) {
		for x := range int(a.Cols) {
			for c, v := range a.Src[y*int(a.RowStride)+x*int(a.ColStride):][:len(dst)] {
				dst[c] += v
			}
		}
	}
	for c, v := range dst {
		dst[c] = kernel.Clamp(v/a.Count, a.Lo, a.Hi)
	}
}
