package gorgonia

import (
	"fmt"

	"gorgonia.org/tensor"

	"github.com/octet-ml/octet/graph"
)

// Tensor returns a tensor with the elements of d. It shares the memory of d where the elements lie in row-major order without gaps;
// elements of views that are not so, of transposed tensors, of column-major ones and of float64, which become float32, are
// copied. Tensors with a mask, on another device, or of other types than bool, float32, float64 and integers give an error that
// wraps ErrTensor.
func Tensor(d *tensor.Dense) (*graph.Tensor, error) {
	if d == nil {
		return nil, fmt.Errorf("%w: nil", ErrTensor)
	}
	dtype, ok := dtypes[d.Dtype()]
	shape := graph.Shape(d.Shape().Clone())
	switch {
	case !ok:
		return nil, fmt.Errorf("%w: %v%v: no such type of elements", ErrTensor, d.Dtype(), shape)
	case d.IsMasked():
		return nil, fmt.Errorf("%w: %v%v: it has a mask", ErrTensor, d.Dtype(), shape)
	case !d.IsNativelyAccessible():
		return nil, fmt.Errorf("%w: %v%v: its memory is not the process's own", ErrTensor, d.Dtype(), shape)
	}
	n, err := shape.Elements()
	if err != nil {
		return nil, fmt.Errorf("%w: %v: %w", ErrTensor, d.Dtype(), err)
	}
	size := int(d.Dtype().Size())
	data, err := rowMajor(d, shape, n, size)
	if err != nil {
		return nil, err
	}
	switch {
	case d.Dtype() == tensor.Float64:
		t := graph.NewTensor(graph.Float32, shape...)
		to := graph.View[float32](t.Data)
		for i, v := range graph.View[float64](data) {
			to[i] = float32(v)
		}
		return t, nil
	case size != dtype.Bytes(1): // int of 32 bits
		t := graph.NewTensor(dtype, shape...)
		for i, v := range graph.View[int32](data) {
			t.SetInt(i, int64(v))
		}
		return t, nil
	}
	return &graph.Tensor{DType: dtype, Shape: shape, Data: data}, nil
}

// rowMajor returns the n elements of d, of size bytes each, in row-major order: its own memory, or a copy of it.
func rowMajor(d *tensor.Dense, shape graph.Shape, n, size int) ([]byte, error) {
	strides := d.Strides()
	if len(shape) == 0 || n <= 1 {
		if len(d.Raw) < n*size {
			return nil, fmt.Errorf("%w: %v%v: it has %d bytes", ErrTensor, d.Dtype(), shape, len(d.Raw))
		}
		return d.Raw[:n*size], nil
	}
	if len(strides) != len(shape) {
		return nil, fmt.Errorf("%w: %v%v: strides %v", ErrTensor, d.Dtype(), shape, strides)
	}
	last, dense, contiguous := 0, 1, true
	for axis := len(shape) - 1; axis >= 0; axis-- {
		if strides[axis] < 0 {
			return nil, fmt.Errorf("%w: %v%v: strides %v", ErrTensor, d.Dtype(), shape, strides)
		}
		contiguous = contiguous && (shape[axis] == 1 || strides[axis] == dense)
		dense *= shape[axis]
		last += (shape[axis] - 1) * strides[axis]
	}
	if len(d.Raw) < (last+1)*size {
		return nil, fmt.Errorf("%w: %v%v: strides %v of %d bytes", ErrTensor, d.Dtype(), shape, strides, len(d.Raw))
	}
	if contiguous {
		return d.Raw[:n*size], nil
	}
	out := make([]byte, 0, n*size)
	index := make([]int, len(shape))
	for at := 0; len(out) < n*size; {
		out = append(out, d.Raw[at*size:(at+1)*size]...)
		for axis := len(shape) - 1; axis >= 0; axis-- {
			at += strides[axis]
			if index[axis]++; index[axis] < shape[axis] {
				break
			}
			at -= shape[axis] * strides[axis]
			index[axis] = 0
		}
	}
	return out, nil
}

// Dense returns a tensor of Gorgonia with the elements of t, whose memory it shares where that is aligned for them. Types that
// Gorgonia lacks, such as half precision and 4-bit integers, give an error that wraps ErrTensor, and so do shapes without elements.
func Dense(t *graph.Tensor) (*tensor.Dense, error) {
	if t == nil {
		return nil, fmt.Errorf("%w: nil", ErrTensor)
	}
	if err := t.Check(); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrTensor, err)
	}
	if t.Len() == 0 {
		return nil, fmt.Errorf("%w: %v%v: no elements", ErrTensor, t.DType, t.Shape)
	}
	data := t.Data
	if size := t.DType.Bits() / 8; size > 1 && !graph.Aligned(data, size) {
		data = append(make([]byte, 0, len(data)), data...)
	}
	backing := backingOf(t.DType, data)
	if backing == nil {
		return nil, fmt.Errorf("%w: %v%v: no such type of elements", ErrTensor, t.DType, t.Shape)
	}
	return tensor.New(tensor.WithShape(t.Shape...), tensor.WithBacking(backing)), nil
}

// backingOf returns data as a slice of its type, nil for types that Gorgonia lacks.
func backingOf(d graph.DType, data []byte) any {
	switch d {
	case graph.Float32:
		return graph.View[float32](data)
	case graph.Float64:
		return graph.View[float64](data)
	case graph.Int8:
		return graph.View[int8](data)
	case graph.Uint8:
		return graph.View[uint8](data)
	case graph.Int16:
		return graph.View[int16](data)
	case graph.Uint16:
		return graph.View[uint16](data)
	case graph.Int32:
		return graph.View[int32](data)
	case graph.Uint32:
		return graph.View[uint32](data)
	case graph.Int64:
		return graph.View[int64](data)
	case graph.Uint64:
		return graph.View[uint64](data)
	case graph.Bool:
		out := make([]bool, len(data))
		for i, b := range data {
			out[i] = b != 0
		}
		return out
	}
	return nil
}
