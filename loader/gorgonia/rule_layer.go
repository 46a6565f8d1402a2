package gorgonia

import (
	"cmp"
	"slices"

	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/ops"
)

// convolution is what Conv2d makes: the windows of x as rows, times the filters as rows, as planes again.
//
//	im2col(x) [n h w ic*kh*kw] -> Reshape [n*h*w ic*kh*kw] x Reshape(filter)ᵀ [oc ic*kh*kw] -> Reshape [n h w oc] -> Transpose [n oc h w]
type convolution struct {
	x, filter *gorgonia.Node
	window    ops.Window
	kernel    [2]int
	err       error
}

// convolution returns what the node is the last one of, nil where it is another Transpose.
func (b *Builder) convolution(pattern []int) *convolution {
	if !slices.Equal(pattern, []int{0, 3, 1, 2}) {
		return nil
	}
	image := b.made("reshapeOp", b.operands[0])
	if len(image) != 1 || len(b.operands[0].Shape()) != 4 {
		return nil
	}
	factors := b.made("linAlgBinOp", image[0])
	if len(factors) != 2 || image[0].Op().String() != "A × Bᵀ" {
		return nil
	}
	rows := b.made("reshapeOp", factors[0])
	if len(rows) != 1 {
		return nil
	}
	source := b.made("im2colOp", rows[0])
	if len(source) != 1 {
		return nil
	}
	cells, columns := rows[0].Shape(), image[0].Shape()
	if !tensor.Shape([]int{cells[0], cells[1], cells[2], columns[1]}).Eq(b.operands[0].Shape()) || factors[0].Shape()[1] != cells[3] {
		return nil
	}
	p := parametersOf(rows[0].Op())
	c := &convolution{x: source[0], filter: factors[1], kernel: p.pair("h", "w")}
	pads := p.pair("padH", "padW")
	c.window = ops.Window{
		Strides: p.pair("strideH", "strideW"), Dilations: p.pair("dilationH", "dilationW"),
		Pads: [4]int{pads[0], pads[1], pads[0], pads[1]},
	}
	c.err = p.err
	if flat := b.made("reshapeOp", c.filter); len(flat) == 1 && len(flat[0].Shape()) == 4 {
		s := flat[0].Shape()
		if s[0] == c.filter.Shape()[0] && s[2] == c.kernel[0] && s[3] == c.kernel[1] {
			c.filter = flat[0]
		}
	}
	return c
}

// made returns the operands of n if its operator is of the given kind and it is no input; nil otherwise.
func (c *converter) made(k string, n *gorgonia.Node) gorgonia.Nodes {
	if kind(n.Op()) != k || slices.Contains(c.inputs, n) {
		return nil
	}
	return c.family.operands(n)
}

func (c *convolution) convert(b *Builder) (value, error) {
	if c.err != nil {
		return value{}, c.err
	}
	x, w := b.whole(b.value(c.x)), b.whole(b.value(c.filter))
	if to := (graph.Shape{w.Shape[0], c.x.Shape()[1], c.kernel[0], c.kernel[1]}); !w.Shape.Equal(to) {
		w = b.Add("Reshape", &ops.Reshape{To: to}, w)
	}
	return same(b.Add("Conv", &ops.Conv{Window: c.window, Group: 1}, x, w)), nil
}

// windows refuses an im2col that is not part of a convolution.
func windows(b *Builder) (value, error) {
	b.wholes()
	return value{}, unsupportedf("it is not part of a convolution as Conv2d makes it")
}

// product converts products of matrices and vectors.
func product(b *Builder) (value, error) {
	p := parametersOf(b.node.Op())
	transA, transB := p.bool("transA"), p.bool("transB")
	if p.err != nil {
		return value{}, p.err
	}
	x, w := b.whole(b.operand(0)), b.whole(b.operand(1))
	if b.batch > 0 {
		if err := summedApart(x.Shape, w.Shape, transA, transB); err != nil {
			return value{}, err
		}
	}
	switch {
	case len(x.Shape) == 2 && len(w.Shape) == 2:
		return same(b.Add("Gemm", &ops.Gemm{Alpha: 1, Beta: 1, TransA: transA, TransB: transB}, x, w)), nil
	case len(x.Shape) == 2 && len(w.Shape) == 1:
		return b.vectorProduct(x, w, transA)
	case len(x.Shape) > 2 && len(x.Shape) == len(w.Shape):
		return same(b.Add("MatMul", nil, b.matrices(x, transA), b.matrices(w, transB))), nil
	}
	return value{}, unsupportedf("product of %v and %v", x.Shape, w.Shape)
}

// summedApart returns an error, wrapping ErrBatch, where a product of x and w sums over images.
func summedApart(x, w graph.Shape, transA, transB bool) error {
	last, row := len(x)-1, max(len(w)-2, 0)
	if transA && len(x) > 1 {
		last--
	}
	if transB && len(w) > 1 {
		row++
	}
	if len(x) == 0 || len(w) == 0 {
		return nil
	}
	return cmp.Or(separate(x, last), separate(w, row))
}

// vectorProduct multiplies a matrix by a vector, both of which become matrices for that.
func (b *Builder) vectorProduct(x, v *graph.Value, trans bool) (value, error) {
	column := b.Add("Unsqueeze", nil, v, b.integers(1))
	y := b.Add("Gemm", &ops.Gemm{Alpha: 1, Beta: 1, TransA: trans}, x, column)
	return same(b.Add("Squeeze", nil, y, b.integers(1))), nil
}

// matrices returns x with its last two axes exchanged where trans is set.
func (b *Builder) matrices(x *graph.Value, trans bool) *graph.Value {
	if !trans {
		return x
	}
	perm := make([]int, len(x.Shape))
	for i := range perm {
		perm[i] = i
	}
	slices.Reverse(perm[len(perm)-2:])
	return b.Add("Transpose", &ops.Transpose{Perm: perm}, x)
}

// batchNorm converts BatchNorm in its inference form. Gorgonia multiplies by the scale and adds the bias in nodes of their own.
func batchNorm(b *Builder) (value, error) {
	op, ok := b.node.Op().(*gorgonia.BatchNormOp)
	if !ok {
		return value{}, unsupportedf("operator of type %T", b.node.Op())
	}
	p := parametersOf(op)
	epsilon := p.float("epsilon")
	if p.err != nil {
		return value{}, p.err
	}
	mean, variance := op.Stats()
	parameters := make([]*graph.Value, 4)
	for i, t := range []tensor.Tensor{mean, variance} {
		d, _ := t.(*tensor.Dense)
		k, err := constantOf(d)
		if err != nil {
			return value{}, unsupportedf("statistics: %w", err)
		}
		parameters[2+i] = b.Constant(k)
	}
	channels := parameters[2].Shape
	parameters[0], parameters[1] = b.filled(1, channels), b.filled(0, channels)
	in := append([]*graph.Value{b.whole(b.operand(0))}, parameters...)
	return same(b.Add("BatchNormalization", &ops.BatchNormalization{Epsilon: float32(epsilon)}, in...)), nil
}

// filled returns a constant of the given shape whose elements are all x.
func (b *Builder) filled(x float32, shape graph.Shape) *graph.Value {
	return b.Constant(graph.Float32s(slices.Repeat([]float32{x}, shape.Size()), shape...))
}
