package quantize

import (
	"slices"

	"github.com/octet-ml/octet/graph"
)

// Reals returns the real numbers that the elements of a run's input or output stand for, in dst where that is long enough. q is
// nil for plain numbers, else it has one scale for all elements.
func Reals(t *graph.Tensor, q *graph.Quant, dst []float32) []float32 {
	n := t.Len()
	dst = slices.Grow(dst[:0], n)[:n]
	switch {
	case t.DType == graph.Float32:
		copy(dst, graph.View[float32](t.Data))
		return dst
	case t.DType == graph.Uint8:
		for i, v := range t.Data[:n] {
			dst[i] = float32(v)
		}
	case t.DType == graph.Int8:
		for i, v := range t.Data[:n] {
			dst[i] = float32(int8(v))
		}
	default:
		copy(dst, t.Floats())
	}
	if q != nil && q.IsPerTensor() {
		zero, scale := float32(q.ZeroAt(0)), q.Scale[0]
		for i, v := range dst {
			dst[i] = (v - zero) * scale
		}
	}
	return dst
}
