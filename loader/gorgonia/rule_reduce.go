package gorgonia

import (
	"slices"

	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/octet-ml/octet/ops"
)

// along returns the axes that a reduction takes away, sorted.
func (c *converter) along(n *gorgonia.Node) ([]int, error) {
	operands := c.family.operands(n)
	if len(operands) != 1 {
		return nil, unsupportedf("%d operands", len(operands))
	}
	p := parametersOf(n.Op())
	axes := slices.Compact(slices.Sorted(slices.Values(p.ints("along"))))
	rank := len(operands[0].Shape())
	if p.err != nil {
		return nil, p.err
	}
	if len(axes) == 0 || axes[0] < 0 || axes[len(axes)-1] >= rank {
		return nil, unsupportedf("axes %v of %d", axes, rank)
	}
	return axes, nil
}

// sum converts Sum.
func sum(b *Builder) (value, error) { return b.reduce("ReduceSum") }

// reduceMax converts Max.
func reduceMax(b *Builder) (value, error) { return b.reduce("ReduceMax") }

// reduce adds a reduction of the node's operand along its axes. The mean of planes is a pool, which works on integers too.
func (b *Builder) reduce(op string) (value, error) {
	axes, err := b.along(b.node)
	if err != nil {
		return value{}, err
	}
	x := b.whole(b.operand(0))
	if err := wellReduced(b.operands[0].Shape(), axes); err != nil {
		return value{}, err
	}
	if err := separate(x.Shape, axes...); err != nil {
		return value{}, err
	}
	if op == "ReduceMean" && len(x.Shape) == 4 && slices.Equal(axes, []int{2, 3}) {
		y := b.Add("GlobalAveragePool", &ops.GlobalPool{}, x)
		return same(b.Add("Reshape", &ops.Reshape{To: x.Shape[:2].Clone()}, y)), nil
	}
	return same(b.Add(op, &ops.Reduce{}, x, b.integers(axes...))), nil
}

// wellReduced returns an error unless Gorgonia's tensors of v0.9.24 compute a reduction along the axes, one after the other. Along one
// that is neither the first nor the last, with more than one index between it and the first, reduceDefault of the tensors'
// package steps over the wrong elements unless the axis has size 2. Networks are trained with what it computes, which has no name.
func wellReduced(shape tensor.Shape, axes []int) error {
	left := slices.Clone(shape)
	for i, a := range axes {
		a -= i
		if a > 0 && a < len(left)-1 && left[a] != 2 && left[1:a].TotalSize() > 1 && len(axes) < len(shape) {
			return unsupportedf("gorgonia.org/tensor reduces the wrong elements along axis %d of %v (reshape the axes behind the first to one, or take GlobalAveragePool2D)", a, left)
		}
		left = slices.Delete(left, a, a+1)
	}
	return nil
}

// softmax converts SoftMax and LogSoftMax. Without an axis it is the last one, but the first one of a column.
func softmax(b *Builder) (value, error) {
	p := parametersOf(b.node.Op())
	axis, log := p.int("axis"), p.bool("isLog")
	if p.err != nil {
		return value{}, p.err
	}
	shape := b.node.Shape()
	switch {
	case axis != -1:
	case shape.IsColVec() || shape.IsVector() && !shape.IsRowVec():
		axis = 0
	default:
		axis = len(shape) - 1
	}
	if _, err := b.axis(axis); err != nil {
		return value{}, err
	}
	x := b.whole(b.operand(0))
	if err := separate(x.Shape, axis); err != nil {
		return value{}, err
	}
	op := "Softmax"
	if log {
		op = "LogSoftmax"
	}
	return same(b.Add(op, &ops.Softmax{Axis: axis}, x)), nil
}
