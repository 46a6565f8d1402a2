package bench

// operation is what a layer does.
type operation string

// The operations of layers; the words are the first part of a layer's name.
const (
	opInput       operation = "input"
	opConv        operation = "conv"
	opDense       operation = "dense"
	opAdd         operation = "add"
	opGate        operation = "gate" // product with a factor for each channel, between 0 and 1
	opConcat      operation = "concat"
	opMaxPool     operation = "maxpool"
	opAverage     operation = "average" // over all pixels
	opFlatten     operation = "flatten"
	opHardSwish   operation = "hardswish"
	opHardSigmoid operation = "hardsigmoid"
)

// activation is what follows a convolution, a dense layer or a sum.
type activation uint8

const (
	linear activation = iota
	relu
	relu6
)

// layer is one layer of an architecture with the shape of its output, without the batch.
type layer struct {
	op      operation
	number  int // counts the layers of the operation, from 1
	in      []*layer
	c, h, w int
	window  window
	groups  int
	act     activation
}

// window is the kernel of a convolution or a pool: a square.
type window struct {
	kernel, stride int
	pads           [4]int // top, left, bottom, right
	ceil           bool   // the output size is rounded up
}

// output returns the output size for an input size; begin and end are the pads of the axis.
func (w window) output(in, begin, end int) int {
	span := in + begin + end - w.kernel
	if w.ceil {
		span += w.stride - 1
	}
	return span/w.stride + 1
}

// net is the list of an architecture's layers, in order; the methods append layers and return them.
type net struct {
	layers []*layer
	counts map[operation]int
}

// same returns the padding that keeps the size of the input at stride 1: kernel/2 on every side.
func same(kernel int) [4]int { return sides(kernel / 2) }

func sides(n int) [4]int { return [4]int{n, n, n, n} }

// sameUpper returns TensorFlow's SAME padding, for an input of even size: what stride 2 leaves over goes to the end.
func sameUpper(kernel, stride int) [4]int {
	total := kernel - stride
	return [4]int{total / 2, total / 2, total - total/2, total - total/2}
}

func (n *net) add(l *layer) *layer {
	if n.counts == nil {
		n.counts = make(map[operation]int)
	}
	n.counts[l.op]++
	l.number = n.counts[l.op]
	n.layers = append(n.layers, l)
	return l
}

// like appends a layer whose output has the shape of its first input.
func (n *net) like(op operation, in ...*layer) *layer {
	x := in[0]
	return n.add(&layer{op: op, in: in, c: x.c, h: x.h, w: x.w})
}

func (n *net) input(size int) *layer { return n.add(&layer{op: opInput, c: 3, h: size, w: size}) }

// convolution appends a convolution with bias to c channels.
func (n *net) convolution(x *layer, c int, w window, groups int, act activation) *layer {
	return n.add(&layer{
		op: opConv, in: []*layer{x}, window: w, groups: groups, act: act,
		c: c, h: w.output(x.h, w.pads[0], w.pads[2]), w: w.output(x.w, w.pads[1], w.pads[3]),
	})
}

// conv appends a k x k convolution with padding k/2.
func (n *net) conv(x *layer, c, k, stride int, act activation) *layer {
	return n.convolution(x, c, window{kernel: k, stride: stride, pads: same(k)}, 1, act)
}

// depthwise appends a k x k depthwise convolution with the given padding.
func (n *net) depthwise(x *layer, k, stride int, pads [4]int, act activation) *layer {
	return n.convolution(x, x.c, window{kernel: k, stride: stride, pads: pads}, x.c, act)
}

func (n *net) dense(x *layer, c int, act activation) *layer {
	return n.add(&layer{op: opDense, in: []*layer{x}, c: c, h: 1, w: 1, groups: 1, act: act, window: window{kernel: 1, stride: 1}})
}

func (n *net) sum(a, b *layer, act activation) *layer {
	l := n.like(opAdd, a, b)
	l.act = act
	return l
}

func (n *net) concat(a, b *layer) *layer {
	l := n.like(opConcat, a, b)
	l.c += b.c
	return l
}

func (n *net) maxPool(x *layer, w window) *layer {
	l := n.like(opMaxPool, x)
	l.window, l.h, l.w = w, w.output(x.h, w.pads[0], w.pads[2]), w.output(x.w, w.pads[1], w.pads[3])
	return l
}

func (n *net) average(x *layer) *layer {
	l := n.like(opAverage, x)
	l.h, l.w = 1, 1
	return l
}

func (n *net) flatten(x *layer) *layer {
	return n.add(&layer{op: opFlatten, in: []*layer{x}, c: x.c * x.h * x.w, h: 1, w: 1})
}

// weighted reports whether the layer has weights.
func (l *layer) weighted() bool { return l.op == opConv || l.op == opDense }

// fan returns the number of inputs of one output: weights of one output channel.
func (l *layer) fan() int { return l.in[0].c / l.groups * l.window.kernel * l.window.kernel }

// coverage returns the share of a filter's taps that lie inside the picture, on average over the output.
func (l *layer) coverage() float64 {
	if l.op != opConv {
		return 1
	}
	x, w := l.in[0], l.window
	return w.inside(x.h, l.h, w.pads[0]) * w.inside(x.w, l.w, w.pads[1])
}

// inside returns the share of taps inside along an axis of size in, padded by begin, with out outputs.
func (w window) inside(in, out, begin int) float64 {
	taps := 0
	for o := range out {
		first := o*w.stride - begin
		taps += min(first+w.kernel, in) - max(first, 0)
	}
	return float64(taps) / float64(out*w.kernel)
}

// macs returns the multiplications for one picture.
func (l *layer) macs() int64 {
	if !l.weighted() {
		return 0
	}
	return int64(l.h*l.w*l.c) * int64(l.fan())
}
