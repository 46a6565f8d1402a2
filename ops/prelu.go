package ops

import (
	"github.com/octet-ml/octet/graph"
)

var preluRow = Operator{
	Name: "PRelu",
	In:   Arity{2, 2}, Out: Arity{1, 1},
	Infer: inferPRelu, Reference: viaFloat(bindPRelu).reference, Lower: lowerPRelu,
	InPlace: inPlaceFirst, Permute: permuteBroadcast, Data: broadcastData, Elementwise: true,
}

func inferPRelu(n *graph.Node) error {
	x := n.Inputs[0]
	s, err := broadcastAll(n.Inputs)
	if err != nil {
		return err
	}
	if !s.Equal(x.Shape) {
		return shapeErrorf("slope %v does not broadcast to the data %v", n.Inputs[1].Shape, x.Shape)
	}
	if !isReal(x) {
		if err := sameTypes(n.Inputs...); err != nil {
			return err
		}
		if !x.DType.IsInteger() || x.DType.Bits() < 32 {
			return typeErrorf("data of type %v", x.DType)
		}
		return setExactly(n, 0, x.DType, s)
	}
	if err := sameReals(n.Inputs); err != nil {
		return err
	}
	if err := setReal(n, 0, x, s); err != nil {
		return err
	}
	return sameFloats(n.Inputs[1], n.Outputs[0])
}

// bindPRelu computes x where it is at least 0, else slope*x.
func bindPRelu(_ *graph.Node, in, out []*graph.Tensor) (FuncStep, error) {
	switch in[0].DType {
	case graph.Float32:
		return mapPairs(in[0], in[1], out[0], prelu[float32]), nil
	case graph.Float64:
		return mapPairs(in[0], in[1], out[0], prelu[float64]), nil
	case graph.Int32:
		return mapPairs(in[0], in[1], out[0], prelu[int32]), nil
	case graph.Uint32:
		return mapPairs(in[0], in[1], out[0], prelu[uint32]), nil
	case graph.Int64:
		return mapPairs(in[0], in[1], out[0], prelu[int64]), nil
	case graph.Uint64:
		return mapPairs(in[0], in[1], out[0], prelu[uint64]), nil
	}
	return FuncStep{}, typeErrorf("data of type %v", in[0].DType)
}

func prelu[T number](x, slope T) T {
	if x < 0 {
		return slope * x
	}
	return x
}

// lowerPRelu uses a table for bytes with one constant slope.
func lowerPRelu(t *Target, n *graph.Node) (*Lowered, error) {
	slope := n.Inputs[1]
	if perTensorByte(n.Inputs[0]) && perTensorByte(n.Outputs[0]) && slope.Const != nil && slope.Const.Len() == 1 {
		return lowerTable(t, n)
	}
	return viaFloat(bindPRelu).lower(t, n)
}
