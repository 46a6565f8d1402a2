package qat

import (
	"fmt"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/octet-ml/octet/ops"
)

// MaxPool appends the maximum over windows of size x size, stride pixels apart, to x, [batch c h w].
func (n *Network) MaxPool(x *Tensor, name string, size, stride int) *Tensor {
	if n.failed(x) {
		return nil
	}
	if s := x.Node.Shape(); len(s) != 4 || size < 1 || stride < 1 || min(s[2], s[3]) < size {
		return n.fail(name, fmt.Errorf("%w: windows of %d every %d of %v", ErrShape, size, stride, s))
	}
	y, err := G.MaxPool2D(x.Node, tensor.Shape{size, size}, []int{0, 0}, []int{stride, stride})
	if err != nil {
		return n.fail(name, err)
	}
	attrs := &ops.Pool{Window: ops.Window{Strides: [2]int{stride, stride}}, Kernel: [2]int{size, size}}
	v, err := n.record.add("MaxPool", name, attrs, x.value)
	if err != nil {
		return n.fail(name, err)
	}
	return &Tensor{Node: y, value: v, quant: x.quant, step: x.step}
}

// GlobalAverage appends the mean over the pixels of x, [batch c h w], and returns [batch c].
func (n *Network) GlobalAverage(x *Tensor, name string) *Tensor {
	if n.failed(x) {
		return nil
	}
	s := x.Node.Shape()
	if len(s) != 4 {
		return n.fail(name, fmt.Errorf("%w: mean over the pixels of %v", ErrShape, s))
	}
	y, err := G.Reshape(x.Node, tensor.Shape{s[0], s[1], s[2] * s[3]})
	if err != nil {
		return n.fail(name, err)
	}
	if y, err = G.Mean(y, 2); err != nil {
		return n.fail(name, err)
	}
	v, err := n.record.add("GlobalAveragePool", name, &ops.GlobalPool{}, x.value)
	if err != nil {
		return n.fail(name, err)
	}
	t := n.activate(&Tensor{Node: y, value: v}, name, false)
	if t == nil {
		return nil
	}
	if t.value, err = n.record.add("Flatten", name+"_flat", &ops.Flatten{Axis: 1}, t.value); err != nil {
		return n.fail(name, err)
	}
	return t
}

// Flatten makes x, [batch c h w], [batch c*h*w].
func (n *Network) Flatten(x *Tensor, name string) *Tensor {
	if n.failed(x) {
		return nil
	}
	s := x.Node.Shape()
	y, err := G.Reshape(x.Node, tensor.Shape{s[0], s.TotalSize() / s[0]})
	if err != nil {
		return n.fail(name, err)
	}
	v, err := n.record.add("Flatten", name, &ops.Flatten{Axis: 1}, x.value)
	if err != nil {
		return n.fail(name, err)
	}
	return &Tensor{Node: y, value: v, quant: x.quant, step: x.step}
}

// Add appends the sum of a and b, of one shape, rectified where asked for.
func (n *Network) Add(a, b *Tensor, name string, relu bool) *Tensor {
	if n.failed(a, b) {
		return nil
	}
	if !a.Node.Shape().Eq(b.Node.Shape()) {
		return n.fail(name, fmt.Errorf("%w: sum of %v and %v", ErrShape, a.Node.Shape(), b.Node.Shape()))
	}
	if !n.float() && (a.quant == nil || b.quant == nil) {
		return n.fail(name, fmt.Errorf("%w: an input is not quantized: it is a layer's real sums", ErrOption))
	}
	y, err := G.Add(a.Node, b.Node)
	if err != nil {
		return n.fail(name, err)
	}
	v, err := n.record.add("Add", name, &ops.Arithmetic{}, a.value, b.value)
	if err != nil {
		return n.fail(name, err)
	}
	return n.activate(&Tensor{Node: y, value: v}, name, relu)
}
