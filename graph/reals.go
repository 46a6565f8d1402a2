package graph

import "slices"

// Reals returns the numbers that the elements of t stand for: those of a float tensor, else Scale * (element - Zero) of
// a Quant per tensor, else the elements. The result is in dst's memory where that is large enough.
func (t *Tensor) Reals(q *Quant, dst []float32) []float32 {
	n := t.Len()
	dst = slices.Grow(dst[:0], n)[:n]
	switch t.DType {
	case Float32:
		copy(dst, View[float32](t.Data))
		return dst
	case Uint8:
		for i, v := range t.Data[:n] {
			dst[i] = float32(v)
		}
	case Int8:
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
