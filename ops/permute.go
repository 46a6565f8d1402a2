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
	switch t.DType.Bits() {
	case 4:
		codes := make([]byte, t.Len())
		permuteElements(codes, unpackNibbles(t), t.Shape, perm)
		packNibbles(out.Data, codes)
	case 8:
		permuteElements(out.Data, t.Data, t.Shape, perm)
	case 16:
		permuteElements(graph.View[uint16](out.Data), graph.View[uint16](t.Data), t.Shape, perm)
	case 32:
		permuteElements(graph.View[uint32](out.Data), graph.View[uint32](t.Data), t.Shape, perm)
	default:
		permuteElements(graph.View[uint64](out.Data), graph.View[uint64](t.Data), t.Shape, perm)
	}
	return out
}

// unpackNibbles returns the codes of a tensor of 4-bit elements, one a byte.
func unpackNibbles(t *graph.Tensor) []byte {
	out := make([]byte, t.Len())
	for i := range out {
		out[i] = t.Data[i/2] >> (i % 2 * 4) & 15
	}
	return out
}

// packNibbles writes codes, one a byte, as 4-bit elements.
func packNibbles(dst, codes []byte) {
	for i := 0; i+1 < len(codes); i += 2 {
		dst[i/2] = codes[i] | codes[i+1]<<4
	}
	if n := len(codes); n%2 == 1 {
		dst[n/2] = codes[n-1]
	}
}

// permutedStrides returns the strides in a tensor of shape s of the axes of the permuted one.
func permutedStrides(s graph.Shape, perm []int) []int {
	stride := make([]int, len(perm))
	for i, p := range perm {
		stride[i] = 1
		for _, d := range s[p+1:] {
			stride[i] *= d
		}
	}
	return stride
}

// permuteBlock is the side of the squares in which matrices are transposed: their rows stay in the first-level cache.
const permuteBlock = 32

// permuteElements writes the elements of src, of shape s, permuted to dst: plane by plane over the last two axes of the
// result, in squares.
func permuteElements[T any](dst, src []T, s graph.Shape, perm []int) {
	shape, stride := PermuteShape(s, perm), permutedStrides(s, perm)
	rank := len(shape)
	rows, columns := shape[rank-2], shape[rank-1] // a permutation that moves elements has at least two axes
	rowStride, columnStride := stride[rank-2], stride[rank-1]
	plane := 0
	outer := make(graph.Shape, rank)
	copy(outer, shape)
	outer[rank-2], outer[rank-1] = 1, 1
	walkOffsets(outer, stride, func(base int) {
		to := dst[plane : plane+rows*columns]
		plane += rows * columns
		for r0 := 0; r0 < rows; r0 += permuteBlock {
			for c0 := 0; c0 < columns; c0 += permuteBlock {
				for r := r0; r < min(r0+permuteBlock, rows); r++ {
					from := base + r*rowStride + c0*columnStride
					line := to[r*columns+c0 : r*columns+min(c0+permuteBlock, columns)]
					for i := range line {
						line[i] = src[from]
						from += columnStride
					}
				}
			}
		}
	})
}

// walkOffsets calls visit with the offset of every index of shape, the last axis fastest.
func walkOffsets(shape graph.Shape, stride []int, visit func(offset int)) {
	index := make([]int, len(shape))
	offset := 0
	for range shape.Size() {
		visit(offset)
		for i := len(shape) - 1; i >= 0; i-- {
			index[i]++
			offset += stride[i]
			if index[i] < shape[i] {
				break
			}
			offset -= index[i] * stride[i]
			index[i] = 0
		}
	}
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
