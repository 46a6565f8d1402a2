package quantize

import "github.com/octet-ml/octet/graph"

// Reals returns the real numbers that the elements of an input or output of a run stand for: t.Reals(q, dst).
func Reals(t *graph.Tensor, q *graph.Quant, dst []float32) []float32 { return t.Reals(q, dst) }
