package gorgonia

import (
	"cmp"
	"slices"

	"gorgonia.org/gorgonia"

	"github.com/octet-ml/octet/ops"
)

// patterns recognize what Gorgonia, or its user, writes as several nodes that end with a binary operator. They say false, with nothing
// added, where the node is something else.
var patterns = []func(*Builder) (value, bool){rectify, leakyRectify, meanOf, softmaxOf}

// pairOf returns the operands of n where it is the given binary operator and no input.
func (c *converter) pairOf(sign string, n *gorgonia.Node) (x, y *gorgonia.Node, ok bool) {
	if got, _ := binaryOf(n); got != sign || slices.Contains(c.inputs, n) {
		return nil, nil, false
	}
	list := c.family.operands(n)
	if len(list) != 2 {
		return nil, nil, false
	}
	return list[0], list[1], true
}

// masked returns x where n is x ⊙ (x sign 0), in any order of the factors.
func (c *converter) masked(n *gorgonia.Node, signs ...string) *gorgonia.Node {
	f, g, ok := c.pairOf("⊙", n)
	if !ok {
		return nil
	}
	for _, p := range [][2]*gorgonia.Node{{f, g}, {g, f}} {
		for _, sign := range signs {
			if x, zero, ok := c.pairOf(sign, p[1]); ok && x == p[0] && c.isNumber(zero, 0) {
				return x
			}
		}
	}
	return nil
}

// rectify recognizes Rectify: x ⊙ (x >= 0).
func rectify(b *Builder) (value, bool) {
	n := b.masked(b.node, ">=", ">")
	if n == nil {
		return value{}, false
	}
	x := b.value(n)
	return value{b.Add("Relu", nil, x.v), x.shape}, true
}

// leakyRectify recognizes LeakyRelu: x ⊙ (x >= 0) + x ⊙ (x < 0) ⊙ alpha.
func leakyRectify(b *Builder) (value, bool) {
	above, below, ok := b.pairOf("+", b.node)
	if !ok {
		return value{}, false
	}
	n := b.masked(above, ">=", ">")
	scaled, alpha, ok := b.pairOf("⊙", below)
	if n == nil || !ok || b.masked(scaled, "<", "<=") != n {
		return value{}, false
	}
	slope, ok := b.number(alpha)
	if !ok {
		return value{}, false
	}
	x := b.value(n)
	return value{b.Add("LeakyRelu", &ops.LeakyRelu{Alpha: float32(slope)}, x.v), x.shape}, true
}

// meanOf recognizes Mean: the sum along axes divided by the product of the sizes along these axes.
func meanOf(b *Builder) (value, bool) {
	total, count, ok := b.pairOf("÷", b.node)
	if !ok {
		return value{}, false
	}
	summed := b.made("sumOp", total)
	if len(summed) != 1 {
		return value{}, false
	}
	along, err := b.along(total)
	n, known := b.count(count)
	if err != nil || !known {
		return value{}, false
	}
	size := 1
	for _, a := range along {
		size *= summed[0].Shape()[a]
	}
	if size != n {
		return value{}, false
	}
	r := &Builder{converter: b.converter, node: total, operands: summed, name: b.name}
	x, err := r.reduce("ReduceMean")
	b.err = cmp.Or(b.err, r.err, err)
	return x, true
}

// count returns the product of sizes that n is, if it is one and does not depend on the number of images.
func (c *converter) count(n *gorgonia.Node) (int, bool) {
	if c.made("sizeOp", n) != nil {
		d, err := c.sizeOf(n)
		return d, err == nil && d > 0
	}
	x, y, ok := c.pairOf("⊙", n)
	if !ok {
		return 0, false
	}
	i, ok1 := c.count(x)
	j, ok2 := c.count(y)
	return i * j, ok1 && ok2
}

// softmaxOf recognizes a softmax that is written out, with or without the greatest element taken off before the exponential:
//
//	e ÷ repeat(sum(e)), e = exp(x) or exp(x - repeat(max(x)))
func softmaxOf(b *Builder) (value, bool) {
	e, divisor, ok := b.pairOf("÷", b.node)
	if !ok || unaryOf(e) != "exp" || slices.Contains(b.inputs, e) {
		return value{}, false
	}
	axis, ok := b.repeated("sumOp", divisor, e)
	if !ok {
		return value{}, false
	}
	n := b.family.operands(e)[0]
	if x, greatest, ok := b.pairOf("-", n); ok {
		if a, ok := b.repeated("maxOp", greatest, x); ok && a == axis {
			n = x
		}
	}
	x := b.value(n)
	if separate(x.shape, axis) != nil {
		return value{}, false
	}
	return same(b.Add("Softmax", &ops.Softmax{Axis: axis}, b.whole(x))), true
}

// repeated returns the axis along which n repeats a reduction of x along it.
func (c *converter) repeated(reduction string, n, x *gorgonia.Node) (int, bool) {
	list := c.made("repeatOp", n)
	if len(list) != 2 {
		return 0, false
	}
	p := parametersOf(n.Op())
	axis := p.int("along")
	column := list[0]
	if inner := c.made("reshapeOp", column); len(inner) == 1 {
		column = inner[0]
	}
	from := c.made(reduction, column)
	along, err := c.along(column)
	if len(from) != 1 || from[0] != x || cmp.Or(p.err, err) != nil || !slices.Equal(along, []int{axis}) || wellReduced(x.Shape(), along) != nil {
		return 0, false
	}
	want := x.Shape()
	want[axis] = 1
	return axis, want.Eq(list[0].Shape()) && x.Shape().Eq(n.Shape())
}
