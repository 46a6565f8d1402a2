package ops

import (
	"math"

	"github.com/octet-ml/octet/graph"
)

// shapeInput returns input i as a list of dimensions.
func shapeInput(n *graph.Node, i int) ([]int, error) {
	list, err := constant(n, i, "shape")
	if err != nil {
		return nil, err
	}
	dims := make([]int, len(list))
	for k, d := range list {
		if d < -1 || d > math.MaxInt32 {
			return nil, shapeErrorf("dimension %d is %d", k, d)
		}
		dims[k] = int(d)
	}
	return dims, nil
}

func inferReshape(n *graph.Node) error {
	a, x := attrs[Reshape](n), n.Inputs[0]
	total, err := x.Shape.Elements()
	if err != nil {
		return shapeErrorf("%w", err)
	}
	if a.To != nil {
		s, err := fitBatch(a.To, total)
		if err != nil {
			return shapeErrorf("data %v: %w", x.Shape, err)
		}
		return inferView(n, s)
	}
	if n.Input(1) == nil {
		return shapeErrorf("no shape given")
	}
	dims, err := shapeInput(n, 1)
	if err != nil {
		return err
	}
	s := make(graph.Shape, len(dims))
	free := -1 // the axis that takes what is left
	for i, d := range dims {
		switch {
		case d == 0 && !a.AllowZero:
			if i >= len(x.Shape) {
				return shapeErrorf("shape %v copies axis %d of %v", dims, i, x.Shape)
			}
			d = x.Shape[i]
		case d == -1:
			if free >= 0 {
				return shapeErrorf("shape %v leaves two axes open", dims)
			}
			free, d = i, 1
		}
		s[i] = d
	}
	if free >= 0 {
		if s[free], err = quotient(total, s); err != nil {
			return shapeErrorf("data %v as %v: %w", x.Shape, dims, err)
		}
	}
	if known := n.Outputs[0].Shape; isForOneSample(s, known, total) {
		return inferView(n, known)
	}
	if s, err = fitBatch(s, total); err != nil {
		return shapeErrorf("data %v: %w", x.Shape, err)
	}
	return inferView(n, s)
}

// isForOneSample reports whether known, the shape of an output that has been inferred and bound to a batch, is what s, the
// shape for one sample, became.
func isForOneSample(s, known graph.Shape, total int) bool {
	if len(s) == 0 || len(known) != len(s) || s[0] != 1 || !s.Static() || !known.Static() || !known[1:].Equal(s[1:]) {
		return false
	}
	n, err := known.Elements()
	return err == nil && n == total
}

// quotient returns the dimension that makes s have total elements: either may be a multiple of the batch.
func quotient(total int, s graph.Shape) (int, error) {
	rest, err := s.Elements()
	if err != nil {
		return 0, err
	}
	switch {
	case rest == 0:
		return 0, shapeErrorf("nothing is left over where an axis is 0")
	case rest < 0 && total > 0, total%rest != 0:
		return 0, shapeErrorf("%v elements do not divide into %v", graph.Shape{total}, s)
	case total < 0 && rest < 0:
		return total / rest, nil
	}
	return total / rest, nil
}

// fitBatch returns s such that it has total elements, which are a multiple of the batch where negative. Where only one of
// them depends on the batch, a bound total gives the batch of s, and a shape for one sample, with a leading 1, gets the
// batch of the total there.
func fitBatch(s graph.Shape, total int) (graph.Shape, error) {
	have, err := s.Elements()
	if err != nil {
		return nil, err
	}
	switch {
	case have == total:
		return s, nil
	case have < 0 && total > 0 && total%-have == 0:
		return s.Bind(total / -have), nil
	case have == -total && total < 0 && len(s) > 0 && s[0] == 1:
		s = s.Clone()
		s[0] = graph.Batch
		return s, nil
	}
	return nil, shapeErrorf("shape %v has %v elements: want %v", s, graph.Shape{have}, graph.Shape{total})
}

// targetShape returns the shape that an Expand or ConstantOfShape node asks for: to, whose batch is bound as that of the
// output is already, or else constant input i.
func targetShape(n *graph.Node, to graph.Shape, i int) (graph.Shape, error) {
	if to == nil {
		if n.Input(i) == nil {
			return nil, shapeErrorf("no shape given")
		}
		dims, err := shapeInput(n, i)
		if err != nil {
			return nil, err
		}
		for _, d := range dims {
			if d < 0 {
				return nil, shapeErrorf("shape %v", dims)
			}
		}
		return dims, nil
	}
	known := n.Outputs[0].Shape
	if to.Static() || len(known) != len(to) || !known.Static() {
		return to, nil
	}
	for k, d := range to {
		if d < 0 {
			if s := to.Bind(known[k] / -d); s.Equal(known) {
				return s, nil
			}
		}
	}
	return to, nil
}

func inferExpand(n *graph.Node) error {
	x := n.Inputs[0]
	to, err := targetShape(n, attrs[Expand](n).To, 1)
	if err != nil {
		return err
	}
	s, err := graph.BroadcastShapes(x.Shape, to)
	if err != nil {
		return shapeErrorf("%w", err)
	}
	q := x.Quant
	if q != nil && !q.IsPerTensor() {
		if q.Block > 0 || s[q.Axis+len(s)-len(x.Shape)] != x.Shape[q.Axis] {
			return unsupportedf("repetition along a quantized axis")
		}
		p := *q
		p.Axis += len(s) - len(x.Shape)
		q = &p
	}
	return setMoved(n, 0, x, s, q)
}

var expand = viaFloatUnlessEqual(viaBytes(bindExpand), dataFirst)

func bindExpand(_ *graph.Node, in, out []*graph.Tensor) (FuncStep, error) {
	x, y := in[0], out[0]
	strides := make([]int, len(y.Shape))
	dense := rowMajor(x.Shape)
	for i, d := range x.Shape {
		if d != 1 {
			strides[len(y.Shape)-len(x.Shape)+i] = dense[i]
		}
	}
	return moveStep(y.DType, block{dims: y.Shape, src: x.Data, from: strides, dst: y.Data, to: rowMajor(y.Shape)}), nil
}

func inferConstantOfShape(n *graph.Node) error {
	a := attrs[ConstantOfShape](n)
	s, err := targetShape(n, a.To, 0)
	if err != nil {
		return err
	}
	if a.Value == nil {
		return setExactly(n, 0, graph.Float32, s)
	}
	if err := a.Value.Check(); err != nil {
		return shapeErrorf("value: %w", err)
	}
	if a.Value.Len() != 1 {
		return shapeErrorf("value: want one element, got %v", a.Value.Shape)
	}
	return setExactly(n, 0, a.Value.DType, s)
}

func bindConstantOfShape(n *graph.Node, _, out []*graph.Tensor) (FuncStep, error) {
	y := out[0].Data
	value := attrs[ConstantOfShape](n).Value
	unit := []byte{0}
	if value != nil {
		unit = append([]byte(nil), value.Data...)
		if value.DType.Bits() < 8 {
			unit[0] |= unit[0] << 4
		}
	}
	return spread(len(y)/len(unit), len(unit), func(from, to int) {
		fill(y[from*len(unit):to*len(unit)], unit)
	}), nil
}

// fill repeats unit over dst, whose length is a multiple of its length.
func fill(dst, unit []byte) {
	for n := copy(dst, unit); n < len(dst); n *= 2 {
		copy(dst[n:], dst[:n])
	}
}
