package qat

import (
	"fmt"
	"hash"
	"hash/fnv"

	"github.com/chewxy/hm"
	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// operator is what the operators of this package have in common: some tensors of one type in, one tensor out that takes the shape of
// one of them, and no memory shared between the two. Its fields are those that Gorgonia tells operators apart by.
type operator struct {
	name string
	dims []int // of the inputs
	like int   // the input whose shape the output has
	of   tensor.Dtype
}

// newOperator returns the common part of an operator on the given nodes, whose output has the shape of node like.
func newOperator(name string, like int, inputs ...*G.Node) (operator, error) {
	o := operator{name: name, like: like, of: inputs[0].Dtype()}
	if o.of != tensor.Float32 && o.of != tensor.Float64 {
		return o, fmt.Errorf("%s: %w: numbers of type %v, want float32 or float64", name, ErrShape, o.of)
	}
	for i, n := range inputs {
		if n.Dtype() != o.of || n.Dims() == 0 {
			return o, fmt.Errorf("%s: input %d, %q: %w: %v of %v, want a tensor of %v", name, i, n.Name(), ErrShape, n.Shape(), n.Dtype(), o.of)
		}
		o.dims = append(o.dims, n.Dims())
	}
	return o, nil
}

// Arity returns the number of inputs.
func (o operator) Arity() int { return len(o.dims) }

// Type returns the types of inputs and output.
func (o operator) Type() hm.Type {
	var types []hm.Type
	for _, d := range append(o.dims[:len(o.dims):len(o.dims)], o.dims[o.like]) {
		types = append(types, G.TensorType{Dims: d, Of: o.of})
	}
	return hm.NewFnType(types...)
}

// InferShape returns the shape of the output.
func (o operator) InferShape(inputs ...G.DimSizer) (tensor.Shape, error) {
	if len(inputs) != len(o.dims) {
		return nil, fmt.Errorf("%s: %w: %d inputs, want %d", o.name, ErrShape, len(inputs), len(o.dims))
	}
	s, ok := inputs[o.like].(tensor.Shape)
	if !ok {
		return nil, fmt.Errorf("%s: %w: input %d has no shape yet", o.name, ErrShape, o.like)
	}
	return s.Clone(), nil
}

// ReturnsPtr, CallsExtern and OverwritesInput say that the output is memory of its own.
func (o operator) ReturnsPtr() bool     { return false }
func (o operator) CallsExtern() bool    { return false }
func (o operator) OverwritesInput() int { return -1 }

// WriteHash writes what tells the operator from others.
func (o operator) WriteHash(h hash.Hash) { fmt.Fprint(h, o.String()) }

// Hashcode returns the hash.
func (o operator) Hashcode() uint32 { return hashed(o) }

// String returns the name and what it works on.
func (o operator) String() string { return fmt.Sprintf("%s{%v %v}", o.name, o.of, o.dims) }

// hashed returns the hash of what o writes.
func hashed(o interface{ WriteHash(hash.Hash) }) uint32 {
	h := fnv.New32a()
	o.WriteHash(h)
	return h.Sum32()
}

// number is the types that the operators compute in.
type number interface{ float32 | float64 }

// check reports inputs of a run that are not what the graph was built for.
func (o operator) check(inputs []G.Value) error {
	if len(inputs) != len(o.dims) {
		return fmt.Errorf("%s: %w: %d inputs, want %d", o.name, ErrShape, len(inputs), len(o.dims))
	}
	for i, v := range inputs {
		if _, ok := v.(*tensor.Dense); !ok || v.Dtype() != o.of {
			return fmt.Errorf("%s: input %d: %w: %T of %v, want a dense tensor of %v", o.name, i, ErrShape, v, v.Dtype(), o.of)
		}
	}
	return nil
}

// numbers returns the numbers of a dense tensor in row-major order: its memory where that has this order, otherwise a copy.
func numbers[T number](v G.Value) []T {
	d := v.(*tensor.Dense)
	var data []T
	switch all := d.Data().(type) {
	case []T:
		data = all
	case T:
		data = []T{all}
	default:
		panic(fmt.Sprintf("bug: %v holds %v", d.Shape(), d.Dtype()))
	}
	if !d.IsMaterializable() && !d.DataOrder().IsColMajor() {
		return data
	}
	out := data[:0:0]
	var gather func(at, axis int)
	gather = func(at, axis int) {
		if axis == d.Dims() {
			out = append(out, data[at])
			return
		}
		for i := range d.Shape()[axis] {
			gather(at+i*d.Strides()[axis], axis+1)
		}
	}
	gather(0, 0)
	return out
}

// fresh returns a new tensor with the shape of v, and its numbers.
func fresh[T number](v G.Value) (*tensor.Dense, []T) {
	data := make([]T, v.Shape().TotalSize())
	return tensor.New(tensor.WithShape(v.Shape().Clone()...), tensor.WithBacking(data)), data
}
