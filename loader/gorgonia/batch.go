package gorgonia

import "github.com/octet-ml/octet/graph"

// reshaped returns the shape to, in which one number holds the images of an expression graph built for the given batch, with the
// batch in that place: data of shape from, in row-major order, keep the images where they are. Where the images do not fall
// into one axis of the new shape, the error wraps ErrBatch.
//
// A dimension -m means m*N with the image as the outer index, so the elements of from are ordered by the indices before that axis,
// the image, and what comes after. The axis of to that follows as many indices and has as many elements after the image is the
// one.
func reshaped(from graph.Shape, to graph.Shape, batch int) (graph.Shape, error) {
	if from.Static() {
		return to, nil
	}
	outer, inner, found := 1, 1, false
	for _, d := range from {
		switch {
		case d >= 0 && !found:
			outer *= d
		case d >= 0:
			inner *= d
		case found:
			return nil, batchErrorf("the operand %v has two axes of images", from)
		default:
			inner, found = -d, true
		}
	}
	before := 1
	for i, d := range to {
		after := 1
		for _, e := range to[i+1:] {
			after *= e
		}
		if before == outer && d%batch == 0 && d/batch*after == inner {
			s := to.Clone()
			s[i] = -d / batch
			return s, nil
		}
		before *= d
	}
	return nil, batchErrorf("%v as %v mixes images", from, to)
}

// separate returns an error, wrapping ErrBatch, unless no axis of the list holds images.
func separate(s graph.Shape, axes ...int) error {
	for _, a := range axes {
		if s[a] < 0 {
			return batchErrorf("it works across the images, axis %d of %v", a, s)
		}
	}
	return nil
}

// squeezed returns x for use beside another operand: along axes where that has images, and x as many elements as there are, x gets
// size 1 if its elements are all the same. So become images what an expression graph repeats for each of them.
func (b *Builder) squeezed(x value, other graph.Shape) value {
	if len(x.shape) != len(other) {
		return x
	}
	for a, d := range other {
		if d >= 0 || x.shape[a] != -d*b.batch {
			continue
		}
		v := x.v
		if v.Shape[a] != 1 {
			if v = b.firstAlong(x.v, a); v == nil {
				continue
			}
		}
		shape := x.shape.Clone()
		shape[a] = d
		x = value{v, shape}
	}
	return x
}

// firstAlong returns a constant with the first elements of v along an axis, nil unless v is constant and the others repeat them.
func (b *Builder) firstAlong(v *graph.Value, axis int) *graph.Value {
	if v.Const == nil {
		return nil
	}
	outer, inner := 1, v.DType.Bits()/8
	for a, d := range v.Shape {
		switch {
		case a < axis:
			outer *= d
		case a > axis:
			inner *= d
		}
	}
	t := &graph.Tensor{DType: v.DType, Shape: v.Shape.Clone()}
	t.Shape[axis] = 1
	count := v.Shape[axis]
	for o := range outer {
		rows := v.Const.Data[o*count*inner : (o+1)*count*inner]
		for i := range count {
			if string(rows[i*inner:(i+1)*inner]) != string(rows[:inner]) {
				return nil
			}
		}
		t.Data = append(t.Data, rows[:inner]...)
	}
	return b.Constant(t)
}
