package ops

import (
	"slices"

	"github.com/octet-ml/octet/graph"
)

var gatherRows = []Operator{{
	Name: "Gather", Attrs: func() any { return new(Gather) },
	In: Arity{2, 2}, Out: Arity{1, 1},
	Infer: inferGather, Reference: gather.reference, Lower: gather.lower, Data: firstInput,
}}

func inferGather(n *graph.Node) error {
	x, indices := n.Inputs[0], n.Inputs[1]
	axis, err := axisOf(x.Shape, attrs[Gather](n).Axis)
	if err != nil {
		return err
	}
	if indices.DType != graph.Int64 && indices.DType != graph.Int32 {
		return typeErrorf("indices: want i32 or i64, got %v", indices.DType)
	}
	d := x.Shape[axis]
	if d < 0 {
		return unsupportedf("choice from the unbound batch axis of %v", x.Shape)
	}
	if t := indices.Const; t != nil {
		for i := range t.Len() {
			if k := t.Int(i); k < int64(-d) || k >= int64(d) {
				return shapeErrorf("index %d is outside axis %d of %v", k, axis, x.Shape)
			}
		}
	}
	if count, err := indices.Shape.Elements(); d == 0 && (err != nil || count != 0) {
		return shapeErrorf("choice from the empty axis %d of %v", axis, x.Shape)
	}
	q := x.Quant
	if q != nil && !q.IsPerTensor() {
		if q.Axis == axis || q.Block > 0 {
			return unsupportedf("choice along a quantized axis")
		}
		if q.Axis > axis {
			p := *q
			p.Axis += len(indices.Shape) - 1
			q = &p
		}
	}
	return setMoved(n, 0, x, slices.Concat(x.Shape[:axis], indices.Shape, x.Shape[axis+1:]), q)
}

var gather = viaFloatUnlessEqual(viaBytes(bindGather), dataFirst)

// bindGather copies the elements at each index. Computed indices outside the axis take its first or last element.
func bindGather(n *graph.Node, in, out []*graph.Tensor) (FuncStep, error) {
	x, indices, y := in[0], in[1], out[0]
	axis, err := axisOf(x.Shape, attrs[Gather](n).Axis)
	if err != nil {
		return FuncStep{}, err
	}
	d, count := x.Shape[axis], indices.Len()
	unit := volume(x.Shape[axis+1:]) * x.DType.Bits() / 8
	return spread(volume(x.Shape[:axis])*count, unit, func(from, to int) {
		for u := from; u < to; u++ {
			k := indices.Int(u % count)
			if k < 0 {
				k += int64(d)
			}
			k = min(max(k, 0), int64(d-1))
			copy(y.Data[u*unit:(u+1)*unit], x.Data[(u/count*d+int(k))*unit:])
		}
	}), nil
}
