package ops

import (
	"slices"

	"github.com/octet-ml/octet/graph"
)

// PermuteTensor returns t with axis perm[i] of t as axis i. Where no element moves, the result shares t's data.
func PermuteTensor(t *graph.Tensor, perm []int) *graph.Tensor {
	shape := PermuteShape(t.Shape, perm)
	out := &graph.Tensor{DType: t.DType, Shape: shape, Data: t.Data}
	if !Moves(t.Shape, perm) {
		return out
	}
	out.Data = make([]byte, len(t.Data))
	stride := make([]int, len(perm)) // in t, of each axis of the result
	for i, p := range perm {
		stride[i] = 1
		for _, d := range t.Shape[p+1:] {
			stride[i] *= d
		}
	}
	size := t.DType.Bits() / 8
	index := make([]int, len(shape))
	from := 0
	for to := range t.Len() {
		if size == 0 {
			out.SetInt(to, t.Int(from))
		} else {
			copy(out.Data[to*size:(to+1)*size], t.Data[from*size:])
		}
		for i := len(shape) - 1; i >= 0; i-- {
			index[i]++
			from += stride[i]
			if index[i] < shape[i] {
				break
			}
			from -= index[i] * stride[i]
			index[i] = 0
		}
	}
	return out
}

// PermuteShape returns the shape with axis perm[i] of s as axis i.
func PermuteShape(s graph.Shape, perm []int) graph.Shape {
	out := make(graph.Shape, len(perm))
	for i, p := range perm {
		out[i] = s[p]
	}
	return out
}

// PermuteQuant returns the quantization of a tensor whose axes are permuted, nil for blocked ones, which cannot be.
func PermuteQuant(q *graph.Quant, perm []int) *graph.Quant {
	if q == nil || q.IsPerTensor() {
		return q
	}
	if q.Block > 0 {
		return nil
	}
	p := *q
	p.Axis = slices.Index(perm, q.Axis)
	return &p
}

// Moves reports whether permuting a tensor of shape s moves an element: whether axes longer than 1 change their order.
func Moves(s graph.Shape, perm []int) bool {
	last := -1
	for _, p := range perm {
		if s[p] == 1 {
			continue
		}
		if p < last {
			return true
		}
		last = p
	}
	return false
}

// permuteConst returns a new constant for node n, with the axes of v permuted.
func permuteConst(n *graph.Node, v *graph.Value, perm []int) *graph.Value {
	c := graph.NewConst(v.Name+"@"+n.Outputs[0].Name, PermuteTensor(v.Const, perm))
	c.Quant = PermuteQuant(v.Quant, perm)
	return c
}
