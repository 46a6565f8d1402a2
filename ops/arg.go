package ops

import (
	"slices"

	"github.com/octet-ml/octet/graph"
)

var argRows = []Operator{{
	Name: "ArgMax", Attrs: func() any { return &Arg{KeepDims: true} },
	In: Arity{1, 1}, Out: Arity{1, 1},
	Infer: inferArg, Reference: binder(bindArg).reference, Lower: binder(bindArg).lower, Permute: permuteArg,
}, {
	Name: "ArgMin", Attrs: func() any { return &Arg{KeepDims: true} },
	In: Arity{1, 1}, Out: Arity{1, 1},
	Infer: inferArg, Reference: binder(bindArg).reference, Lower: binder(bindArg).lower, Permute: permuteArg,
}, {
	Name: "TopK", Attrs: func() any { return &TopK{Axis: -1, Largest: true, Sorted: true} },
	In: Arity{2, 2}, Out: Arity{1, 2},
	Infer: inferTopK, Reference: topK.reference, Lower: topK.lower, Permute: permuteTopK, Data: firstInput,
}}

// argAxis returns which axes of the data are reduced: one.
func argAxis(n *graph.Node) ([]bool, error) {
	s := n.Inputs[0].Shape
	axis, err := axisOf(s, attrs[Arg](n).Axis)
	if err != nil {
		return nil, err
	}
	if s[axis] == 0 {
		return nil, shapeErrorf("axis %d of %v has no elements", axis, s)
	}
	reduced := make([]bool, len(s))
	reduced[axis] = true
	return reduced, nil
}

func inferArg(n *graph.Node) error {
	x := n.Inputs[0]
	reduced, err := argAxis(n)
	if err != nil {
		return err
	}
	s, err := reducedShape(x.Shape, reduced, attrs[Arg](n).KeepDims)
	if err != nil {
		return err
	}
	if err := comparable(x); err != nil {
		return err
	}
	setOutput(n, 0, graph.Int64, s, nil)
	if d := n.Outputs[0].DType; d != graph.Int64 && d != graph.Int32 {
		return typeErrorf("output: want i64 or i32, got %v", d)
	}
	return nil
}

// comparable returns an error unless elements of x are ordered as the numbers they mean.
func comparable(x *graph.Value) error {
	if x.DType == graph.Bool || x.DType.Bits() < 8 {
		return typeErrorf("data of type %v", x.DType)
	}
	if x.Quant != nil && !x.Quant.IsPerTensor() {
		return unsupportedf("comparison of data quantized per channel")
	}
	return nil
}

// compareElements returns the function that compares two elements of t; a NaN is less than any number.
func compareElements(t *graph.Tensor) func(i, j int) int {
	switch {
	case t.DType.IsFloat():
		return func(i, j int) int { return compareFloats(t.Float(i), t.Float(j)) }
	case t.DType == graph.Uint64:
		v := graph.View[uint64](t.Data)
		return func(i, j int) int { return compareOrdered(v[i], v[j]) }
	}
	return func(i, j int) int { return compareOrdered(t.Int(i), t.Int(j)) }
}

func compareOrdered[T int64 | uint64](a, b T) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}

func compareFloats(a, b float64) int {
	switch {
	case a < b || a != a && b == b:
		return -1
	case a > b || a == a && b != b:
		return 1
	}
	return 0
}

func bindArg(n *graph.Node, in, out []*graph.Tensor) (FuncStep, error) {
	reduced, err := argAxis(n)
	if err != nil {
		return FuncStep{}, err
	}
	r := newReduction(in[0].Shape, reduced)
	compare, y := compareElements(in[0]), out[0]
	sign := 1
	if n.Op == "ArgMin" {
		sign = -1
	}
	better := 1 // how much better an element has to be than the best before it
	if attrs[Arg](n).SelectLast {
		better = 0
	}
	return r.each(func(to, base int) {
		best := 0
		for i := 1; i < r.count; i++ {
			if sign*compare(r.at(base, i), r.at(base, best)) >= better {
				best = i
			}
		}
		y.SetInt(to, int64(best))
	}), nil
}

func permuteArg(n *graph.Node, perm []int) bool {
	a := *attrs[Arg](n)
	axis, err := n.Inputs[0].Shape.Axis(a.Axis)
	if err != nil || !a.KeepDims || !permutePlain(n, perm) {
		return false
	}
	a.Axis = slices.Index(perm, axis)
	n.Attrs = &a
	return true
}

func inferTopK(n *graph.Node) error {
	x := n.Inputs[0]
	axis, err := axisOf(x.Shape, attrs[TopK](n).Axis)
	if err != nil {
		return err
	}
	k, err := constant(n, 1, "k")
	if err != nil {
		return err
	}
	if x.Shape[axis] < 0 {
		return unsupportedf("top elements of the unbound batch axis of %v", x.Shape)
	}
	if len(k) != 1 || k[0] < 0 || k[0] > int64(x.Shape[axis]) {
		return shapeErrorf("k is %v: want one number of 0 to %d", k, x.Shape[axis])
	}
	if err := comparable(x); err != nil {
		return err
	}
	s := x.Shape.Clone()
	s[axis] = int(k[0])
	if err := setExactly(n, 1, graph.Int64, s); err != nil {
		return err
	}
	return setMoved(n, 0, x, s, x.Quant)
}

var topK = viaFloatUnlessEqual(bindTopK, dataFirst)

// bindTopK sorts the indices along the axis, equal elements in their order; Sorted is always heeded. Tiles do not share
// the index lists, of which each row has its own.
func bindTopK(n *graph.Node, in, out []*graph.Tensor) (FuncStep, error) {
	a := attrs[TopK](n)
	x, y, indices := in[0], out[0], input(out, 1)
	axis, err := axisOf(x.Shape, a.Axis)
	if err != nil {
		return FuncStep{}, err
	}
	reduced := make([]bool, len(x.Shape))
	reduced[axis] = true
	r := newReduction(x.Shape, reduced)
	k, inner := n.Outputs[0].Shape[axis], volume(x.Shape[axis+1:])
	compare := compareElements(x)
	lists := make([]int, r.total*r.count)
	size := x.DType.Bits() / 8
	return r.each(func(row, base int) {
		list := lists[row*r.count : (row+1)*r.count]
		for i := range list {
			list[i] = i
		}
		slices.SortStableFunc(list, func(i, j int) int {
			c := compare(r.at(base, i), r.at(base, j))
			if a.Largest {
				return -c
			}
			return c
		})
		to := row/inner*inner*k + row%inner
		for i, from := range list[:k] {
			at := r.at(base, from)
			copy(y.Data[(to+i*inner)*size:(to+i*inner+1)*size], x.Data[at*size:])
			if indices != nil {
				indices.SetInt(to+i*inner, int64(from))
			}
		}
	}), nil
}

func permuteTopK(n *graph.Node, perm []int) bool {
	a := *attrs[TopK](n)
	axis, err := n.Inputs[0].Shape.Axis(a.Axis)
	if err != nil || !permutePlain(n, perm) {
		return false
	}
	a.Axis = slices.Index(perm, axis)
	n.Attrs = &a
	return true
}
