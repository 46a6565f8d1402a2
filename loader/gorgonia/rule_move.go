package gorgonia

import (
	"cmp"

	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/ops"
)

// identity converts operators that do nothing in inference: Dropout and the identity.
func identity(b *Builder) (value, error) { return b.operand(0), nil }

// reshape converts Reshape. The images may move to another axis with others behind it, as when a batch of windows becomes rows.
func reshape(b *Builder) (value, error) {
	x := b.whole(b.operand(0))
	to, err := reshaped(x.Shape, shapeOf(b.node), b.batch)
	switch {
	case err != nil:
		return value{}, err
	case x.Shape.Equal(to):
		return same(x), nil
	case x.Const != nil:
		return same(b.Constant(&graph.Tensor{DType: x.DType, Shape: to, Data: x.Const.Data})), nil
	}
	return same(b.Add("Reshape", &ops.Reshape{To: to}, x)), nil
}

// transpose converts Transpose, and the nodes that Conv2d makes, which end with one.
func transpose(b *Builder) (value, error) {
	p := parametersOf(b.node.Op())
	pattern := p.ints("pattern")
	if p.err != nil {
		return value{}, p.err
	}
	if c := b.convolution(pattern); c != nil {
		return c.convert(b)
	}
	return same(b.Add("Transpose", &ops.Transpose{Perm: pattern}, b.whole(b.operand(0)))), nil
}

// concat converts Concat.
func concat(b *Builder) (value, error) {
	p := parametersOf(b.node.Op())
	axis, err := b.axis(p.int("axis"))
	if p.err != nil || err != nil {
		return value{}, cmp.Or(p.err, err)
	}
	in := b.wholes()
	for _, v := range in {
		if err := separate(v.Shape, axis); err != nil {
			return value{}, err
		}
	}
	return same(b.Add("Concat", &ops.Concat{Axis: axis}, in...)), nil
}

// slice converts Slice along one axis, which is dropped where one index is left of it.
func slice(b *Builder) (value, error) {
	p := parametersOf(b.node.Op())
	axis, err := b.axis(p.int("along"))
	if p.err != nil || err != nil {
		return value{}, cmp.Or(p.err, err)
	}
	s, ok := b.node.Op().(interface{ IsSlice() tensor.Slice })
	if !ok {
		return value{}, unsupportedf("its bounds cannot be read")
	}
	x := b.whole(b.operand(0))
	cut := s.IsSlice()
	if cut == nil || cut.End() <= cut.Start() { // all of the axis, as Gorgonia has it
		return same(x), nil
	}
	if err := separate(x.Shape, axis); err != nil {
		return value{}, err
	}
	start, end, step := cut.Start(), cut.End(), max(cut.Step(), 1)
	if end-start == 1 {
		step = 1
	}
	if start < 0 || end > x.Shape[axis] || (end-start)%step != 0 {
		return value{}, unsupportedf("slice %d:%d:%d of axis %d of %v", start, end, step, axis, x.Shape)
	}
	y := b.Add("Slice", nil, x, b.integers(start), b.integers(end), b.integers(axis), b.integers(step))
	if len(b.node.Shape()) == len(x.Shape)-1 {
		y = b.Add("Squeeze", nil, y, b.integers(axis))
	}
	return same(y), nil
}

// repeat converts a repetition along an axis of size 1, as many times as another node has elements along it: what Broadcast makes. It is
// left to the reader of the value.
func repeat(b *Builder) (value, error) {
	p := parametersOf(b.node.Op())
	axis := p.int("along")
	if p.err != nil {
		return value{}, p.err
	}
	x := b.operand(0)
	if len(x.shape) == 0 {
		x = same(b.Add("Reshape", &ops.Reshape{To: graph.Shape{1}}, x.v))
	}
	times, err := b.times()
	if err != nil {
		return value{}, err
	}
	switch {
	case axis < 0 || axis >= len(x.shape):
		return value{}, unsupportedf("axis %d of %v", axis, x.shape)
	case times == 1:
		return x, nil
	case x.shape[axis] != 1:
		return value{}, unsupportedf("repetition of %d elements along axis %d", x.shape[axis], axis)
	}
	shape := x.shape.Clone()
	shape[axis] = times
	return value{x.v, shape}, nil
}

// times returns how often a repeatOp repeats: the size along an axis of what its second operand names.
func (b *Builder) times() (int, error) {
	count := b.operands[1]
	if kind(count.Op()) != "sizeOp" {
		return 0, unsupportedf("a number of repetitions that is computed")
	}
	return b.sizeOf(count)
}

// sizeOf returns the size that a sizeOp tells: -m for m times the number of images.
func (c *converter) sizeOf(n *gorgonia.Node) (int, error) {
	p := parametersOf(n.Op())
	axis := p.int("axis")
	if p.err != nil {
		return 0, p.err
	}
	operands := c.family.operands(n)
	if len(operands) != 1 {
		return 0, unsupportedf("%d operands", len(operands))
	}
	x := c.value(operands[0])
	if len(x.shape) == 0 && axis == 0 {
		return 1, nil
	}
	if axis < 0 || axis >= len(x.shape) {
		return 0, unsupportedf("axis %d of %v", axis, x.shape)
	}
	return x.shape[axis], nil
}

// size converts SizeOf.
func size(b *Builder) (value, error) {
	d, err := b.sizeOf(b.node)
	switch {
	case err != nil:
		return value{}, err
	case d < 0:
		return value{}, batchErrorf("it is the number of images")
	}
	return same(b.scalar(float64(d))), nil
}

// upsample converts Upsample2D, which repeats each pixel.
func upsample(b *Builder) (value, error) {
	p := parametersOf(b.node.Op())
	scale := float32(p.int("stride") + 1)
	if p.err != nil {
		return value{}, p.err
	}
	a := &ops.Resize{Mode: "nearest", Coordinates: "asymmetric", Nearest: "floor", Policy: "stretch"}
	scales := b.Constant(graph.Float32s([]float32{1, 1, scale, scale}, 4))
	return same(b.Add("Resize", a, b.whole(b.operand(0)), nil, scales)), nil
}
