package gorgonia

import (
	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/octet-ml/octet/graph"
)

// dtypes are the element types that both libraries have. Floats of both sizes are computed as float32.
var dtypes = map[tensor.Dtype]graph.DType{
	tensor.Float32: graph.Float32, tensor.Float64: graph.Float32,
	tensor.Int8: graph.Int8, tensor.Uint8: graph.Uint8,
	tensor.Int16: graph.Int16, tensor.Uint16: graph.Uint16,
	tensor.Int32: graph.Int32, tensor.Uint32: graph.Uint32,
	tensor.Int64: graph.Int64, tensor.Uint64: graph.Uint64, tensor.Int: graph.Int64,
	tensor.Bool: graph.Bool,
}

// dtypeOf returns the type of the elements of a node's result.
func dtypeOf(n *gorgonia.Node) (graph.DType, error) {
	t := n.Type()
	if of, ok := t.(gorgonia.TensorType); ok {
		t = of.Of
	}
	if d, ok := t.(tensor.Dtype); ok && dtypes[d].Valid() {
		return dtypes[d], nil
	}
	return graph.Invalid, unsupportedf("elements of type %v", t)
}

// shapeOf returns a copy of the shape of a node's result; that of a scalar has no axes.
func shapeOf(n *gorgonia.Node) graph.Shape {
	if s := n.Shape(); s != nil {
		return graph.Shape(s)
	}
	return graph.Shape{}
}

// constantOf returns a copy of a value that is bound to a node.
func constantOf(v gorgonia.Value) (*graph.Tensor, error) {
	switch v := v.(type) {
	case *tensor.Dense:
		t, err := Tensor(v)
		if err != nil {
			return nil, err
		}
		return t.Clone(), nil
	case gorgonia.Scalar:
		t, err := Tensor(tensor.New(tensor.FromScalar(v.Data())))
		if err != nil {
			return nil, err
		}
		t.Shape = graph.Shape{}
		return t.Clone(), nil
	}
	return nil, unsupportedf("value of type %T", v)
}
