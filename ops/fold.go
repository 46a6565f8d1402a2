package ops

import (
	"github.com/octet-ml/octet/graph"
)

// bindFold is Max, Min, Sum or Mean of any number of broadcast operands of one type; Mean divides the sum by their number,
// integers cut toward zero.
func bindFold(n *graph.Node, in, out []*graph.Tensor) (FuncStep, error) {
	switch in[0].DType {
	case graph.Float32:
		return fold[float32](n, in, out[0]), nil
	case graph.Float64:
		return fold[float64](n, in, out[0]), nil
	case graph.Int8:
		return fold[int8](n, in, out[0]), nil
	case graph.Int16:
		return fold[int16](n, in, out[0]), nil
	case graph.Int32:
		return fold[int32](n, in, out[0]), nil
	case graph.Int64:
		return fold[int64](n, in, out[0]), nil
	case graph.Uint8:
		return fold[uint8](n, in, out[0]), nil
	case graph.Uint16:
		return fold[uint16](n, in, out[0]), nil
	case graph.Uint32:
		return fold[uint32](n, in, out[0]), nil
	case graph.Uint64:
		return fold[uint64](n, in, out[0]), nil
	}
	return FuncStep{}, typeErrorf("data of type %v", in[0].DType)
}

func fold[T number](n *graph.Node, in []*graph.Tensor, y *graph.Tensor) FuncStep {
	op := *n
	if n.Op == "Sum" || n.Op == "Mean" {
		op.Op = "Add"
	}
	f := operation[T](&op)
	shapes := make([]graph.Shape, len(in))
	data := make([][]T, len(in))
	for k, t := range in {
		shapes[k], data[k] = t.Shape, graph.View[T](t.Data)
	}
	g := newGrid(y.Shape, shapes...)
	dst := graph.View[T](y.Data)
	divisor := divisorOf[T](n, len(in))
	return g.each(8*len(in), func(row, lo, hi int) {
		acc := dst[row*g.length+lo : row*g.length+hi]
		for k, src := range data {
			at, step := g.offset(k, row)+lo*g.step(k), g.step(k)
			for i := range acc {
				if v := src[at+i*step]; k == 0 {
					acc[i] = v
				} else {
					acc[i] = f(acc[i], v)
				}
			}
		}
		if divisor != nil {
			for i, v := range acc {
				acc[i] = divisor(v)
			}
		}
	})
}

// divisorOf returns the last step of Mean, the division by the number of operands; nil for other operators.
func divisorOf[T number](n *graph.Node, count int) func(T) T {
	if n.Op != "Mean" {
		return nil
	}
	return func(v T) T { return T(float64(v) / float64(count)) }
}
