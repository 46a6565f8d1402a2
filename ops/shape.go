package ops

import (
	"github.com/octet-ml/octet/graph"
)

var shapeRows = []Operator{{
	Name: "Shape", Attrs: func() any { return new(Shape) },
	In: Arity{1, 1}, Out: Arity{1, 1},
	Infer: inferShape, Reference: referenceShape, Lower: lowerShape,
}, {
	Name: "Size",
	In:   Arity{1, 1}, Out: Arity{1, 1},
	Infer: inferSize, Reference: referenceSize, Lower: lowerShape,
}, {
	Name: "Reshape", Attrs: func() any { return new(Reshape) },
	In: Arity{1, 2}, Out: Arity{1, 1},
	Infer: inferReshape, Reference: copyBytes, Lower: lowerCopy, View: true, Data: firstInput,
}, {
	Name: "Flatten", Attrs: func() any { return &Flatten{Axis: 1} },
	In: Arity{1, 1}, Out: Arity{1, 1},
	Infer: inferFlatten, Reference: copyBytes, Lower: lowerCopy, View: true,
}, {
	Name: "Squeeze", Attrs: func() any { return new(Squeeze) },
	In: Arity{1, 2}, Out: Arity{1, 1},
	Infer: inferSqueeze, Reference: copyBytes, Lower: lowerCopy, View: true, Data: firstInput,
}, {
	Name: "Unsqueeze", Attrs: func() any { return new(Squeeze) },
	In: Arity{2, 2}, Out: Arity{1, 1},
	Infer: inferUnsqueeze, Reference: copyBytes, Lower: lowerCopy, View: true, Data: firstInput,
}, {
	Name: "Expand", Attrs: func() any { return new(Expand) },
	In: Arity{1, 2}, Out: Arity{1, 1},
	Infer: inferExpand, Reference: expand.reference, Lower: expand.lower, Data: firstInput,
}, {
	Name: "ConstantOfShape", Attrs: func() any { return new(ConstantOfShape) },
	In: Arity{0, 1}, Out: Arity{1, 1},
	Infer: inferConstantOfShape, Reference: binder(bindConstantOfShape).reference, Lower: binder(bindConstantOfShape).lower,
}}

// dimensions returns the dimensions that a Shape node gives.
func dimensions(n *graph.Node, s graph.Shape) graph.Shape {
	a := attrs[Shape](n)
	bound := func(b int) int {
		if b < 0 {
			b += len(s)
		}
		return min(max(b, 0), len(s))
	}
	from, to := bound(a.Start), len(s)
	if a.HasEnd {
		to = bound(a.End)
	}
	return s[from:max(from, to)]
}

func inferShape(n *graph.Node) error {
	return setExactly(n, 0, graph.Int64, graph.Shape{len(dimensions(n, n.Inputs[0].Shape))})
}

func referenceShape(n *graph.Node, in, out []*graph.Tensor) error {
	for i, d := range dimensions(n, in[0].Shape) {
		out[0].SetInt(i, int64(d))
	}
	return nil
}

func inferSize(n *graph.Node) error { return setExactly(n, 0, graph.Int64, nil) }

func referenceSize(_ *graph.Node, in, out []*graph.Tensor) error {
	out[0].SetInt(0, int64(in[0].Len()))
	return nil
}

// lowerShape writes what depends on shapes only, which are bound.
func lowerShape(_ *Target, n *graph.Node) (*Lowered, error) {
	x := &graph.Tensor{DType: n.Inputs[0].DType, Shape: n.Inputs[0].Shape}
	y := graph.NewTensor(graph.Int64, n.Outputs[0].Shape...)
	reference := referenceShape
	if n.Op == "Size" {
		reference = referenceSize
	}
	if err := reference(n, []*graph.Tensor{x}, []*graph.Tensor{y}); err != nil {
		return nil, err
	}
	return &Lowered{Kernel: plainKernel(n), Bind: func(b Buffers) (Step, error) {
		return whole(func() { copy(b.Out[0], y.Data) }), nil
	}}, nil
}

// viewQuant returns the quantization of x where its elements, in the same order, have shape s.
func viewQuant(x *graph.Value, s graph.Shape) (*graph.Quant, error) {
	q := x.Quant
	if q == nil || q.IsPerTensor() {
		return q, nil
	}
	before, err := x.Shape[:q.Axis].Elements()
	if err != nil {
		return nil, err
	}
	for axis, d := range s {
		if lead, err := s[:axis].Elements(); err == nil && lead == before && d == x.Shape[q.Axis] && q.Block == 0 {
			p := *q
			p.Axis = axis
			return &p, nil
		}
	}
	return nil, unsupportedf("%v of shape %v quantized per channel as %v", x.DType, x.Shape, s)
}

// inferView sets output 0 to the elements of input 0 in shape s.
func inferView(n *graph.Node, s graph.Shape) error {
	q, err := viewQuant(n.Inputs[0], s)
	if err != nil {
		return err
	}
	return setView(n, n.Inputs[0], s, q)
}

func inferFlatten(n *graph.Node) error {
	s := n.Inputs[0].Shape
	axis := attrs[Flatten](n).Axis
	if axis < 0 {
		axis += len(s)
	}
	if axis < 0 || axis > len(s) {
		return shapeErrorf("axis %d is outside rank %d", attrs[Flatten](n).Axis, len(s))
	}
	rows, err := s[:axis].Elements()
	if err != nil {
		return shapeErrorf("%w", err)
	}
	columns, err := s[axis:].Elements()
	if err != nil {
		return shapeErrorf("%w", err)
	}
	return inferView(n, graph.Shape{rows, columns})
}

func inferSqueeze(n *graph.Node) error {
	s := n.Inputs[0].Shape
	axes, err := constantAxes(n, 1, len(s))
	if err != nil {
		return err
	}
	gone := make([]bool, len(s))
	for _, a := range axes {
		if s[a] != 1 {
			return shapeErrorf("axis %d of %v has size %d: want 1", a, s, s[a])
		}
		gone[a] = true
	}
	out := graph.Shape{}
	for i, d := range s {
		if !gone[i] && !(n.Input(1) == nil && d == 1) {
			out = append(out, d)
		}
	}
	return inferView(n, out)
}

func inferUnsqueeze(n *graph.Node) error {
	s := n.Inputs[0].Shape
	rank := len(s)
	if v := n.Inputs[1]; v.Const != nil {
		rank += v.Const.Len()
	}
	axes, err := constantAxes(n, 1, rank)
	if err != nil {
		return err
	}
	out := make(graph.Shape, rank)
	for _, a := range axes {
		out[a] = 1
	}
	for i, next := 0, 0; i < rank; i++ {
		if out[i] == 0 && !isAxis(axes, i) {
			out[i] = s[next]
			next++
		}
	}
	return inferView(n, out)
}

func isAxis(axes []int, i int) bool {
	for _, a := range axes {
		if a == i {
			return true
		}
	}
	return false
}
