package qat

import (
	"fmt"
	"slices"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/ops"
	"github.com/octet-ml/octet/quantize"
)

// Conv describes a convolution.
type Conv struct {
	Out       int // output channels
	Kernel    int // height and width
	Stride    int // 0 means 1
	Pad       int // of zeros on each side
	BatchNorm bool
	Relu      bool
}

// Dense describes a dense layer.
type Dense struct {
	Out  int
	Relu bool
	// Real says that the sums stay real numbers, as those of the last layer do; no other layer may follow then.
	Real bool
}

// Conv appends a convolution with a bias to x, [batch ic h w], and returns [batch oc h' w'].
func (n *Network) Conv(x *Tensor, name string, c Conv) *Tensor {
	if n.failed(x) {
		return nil
	}
	s := x.Node.Shape()
	c.Stride = max(c.Stride, 1)
	if len(s) != 4 || c.Out < 1 || c.Kernel < 1 || c.Pad < 0 || min(s[2], s[3])+2*c.Pad < c.Kernel {
		return n.fail(name, fmt.Errorf("%w: convolution %+v of %v", ErrShape, c, s))
	}
	shape := weightShape{name: name, axis: 0, sizes: []int{c.Out, s[1], c.Kernel, c.Kernel}}
	l, err := n.params.layer(shape, c.BatchNorm)
	if err != nil {
		return n.fail(name, err)
	}
	build := func(w *G.Node) (*G.Node, error) {
		side := []int{c.Kernel, c.Kernel}
		return G.Conv2d(x.Node, w, side, []int{c.Pad, c.Pad}, []int{c.Stride, c.Stride}, []int{1, 1})
	}
	y, err := n.contract(x, l, shape, build)
	if err != nil {
		return n.fail(name, err)
	}
	attrs := &ops.Conv{Window: ops.Window{Strides: [2]int{c.Stride, c.Stride}, Pads: [4]int{c.Pad, c.Pad, c.Pad, c.Pad}}}
	v, err := n.record.add("Conv", name, attrs, x.value, n.weights(l, shape), n.biases(l, shape))
	if err != nil {
		return n.fail(name, err)
	}
	return n.activate(&Tensor{Node: y, value: v}, name, c.Relu)
}

// Dense appends a dense layer with a bias to x, [batch ic], and returns [batch oc].
func (n *Network) Dense(x *Tensor, name string, d Dense) *Tensor {
	if n.failed(x) {
		return nil
	}
	s := x.Node.Shape()
	if len(s) != 2 || d.Out < 1 {
		return n.fail(name, fmt.Errorf("%w: %d outputs of %v", ErrShape, d.Out, s))
	}
	shape := weightShape{name: name, axis: 1, sizes: []int{s[1], d.Out}}
	l, err := n.params.layer(shape, false)
	if err != nil {
		return n.fail(name, err)
	}
	y, err := n.contract(x, l, shape, func(w *G.Node) (*G.Node, error) { return G.Mul(x.Node, w) })
	if err != nil {
		return n.fail(name, err)
	}
	v, err := n.record.add("Gemm", name, &ops.Gemm{Alpha: 1, Beta: 1}, x.value, n.weights(l, shape), n.biases(l, shape))
	if err != nil {
		return n.fail(name, err)
	}
	if d.Real {
		if d.Relu {
			return n.fail(name, fmt.Errorf("%w: real sums are not rectified", ErrOption))
		}
		return &Tensor{Node: y, value: v}
	}
	return n.activate(&Tensor{Node: y, value: v}, name, d.Relu)
}

// weightShape is the shape of a layer's weights and the axis of the output channels in it.
type weightShape struct {
	name  string
	axis  int
	sizes []int
}

// rows returns weights of the shape as [oc depth].
func (s weightShape) rows(w []float32) []float32 {
	if s.axis == 0 {
		return w
	}
	ic, oc := s.sizes[0], s.sizes[1]
	t := make([]float32, len(w))
	for i := range ic {
		for c := range oc {
			t[c*ic+i] = w[i*oc+c]
		}
	}
	return t
}

// spread returns v, a number for each output channel, along every axis of the weights but theirs, multiplied with w.
func (s weightShape) spread(w, v *G.Node) (*G.Node, error) {
	shape, axes := make(tensor.Shape, len(s.sizes)), []byte(nil)
	for i := range shape {
		shape[i] = 1
		if i != s.axis {
			axes = append(axes, byte(i))
		}
	}
	shape[s.axis] = s.sizes[s.axis]
	v, err := G.Reshape(v, shape)
	if err != nil {
		return nil, err
	}
	return G.BroadcastHadamardProd(w, v, nil, axes)
}

// contract returns what build makes of x with the layer's weights, on their grid where the network is quantized, plus the bias.
func (n *Network) contract(x *Tensor, l *layer, s weightShape, build func(w *G.Node) (*G.Node, error)) (*G.Node, error) {
	if !n.float() && x.quant == nil {
		return nil, fmt.Errorf("%w: the input is not quantized: it is a layer's real sums", ErrOption)
	}
	w, bias := n.node(s.name+".weights", l.weights, s.sizes...), n.vector(s.name+".bias", l.bias)
	n.learn = append(n.learn, w, bias)
	var gains *G.Node
	var err error
	if l.norm != nil {
		if gains, err = n.gains(l.norm, s.name); err != nil {
			return nil, err
		}
	}
	batch := l.norm != nil && n.config.Train
	if l.norm != nil && !(batch && n.float()) {
		if w, err = s.spread(w, gains); err != nil {
			return nil, fmt.Errorf("folding: %w", err)
		}
		if !batch {
			if bias, err = n.foldedBias(l.norm, s.name, bias, gains); err != nil {
				return nil, fmt.Errorf("folding: %w", err)
			}
		}
	}
	if !n.float() {
		step, err := n.weightStep(l, s)
		if err != nil {
			return nil, err
		}
		axis := s.axis
		if n.config.PerTensor {
			axis = perTensor
		}
		if w, err = FakeQuantize(w, step, Rounding{Levels: l.grid.Levels, Axis: axis}); err != nil {
			return nil, err
		}
		if !batch {
			if bias, err = newRoundBias(bias, x.step, step); err != nil {
				return nil, err
			}
		}
	}
	y, err := build(w)
	if err != nil {
		return nil, err
	}
	if batch {
		if y, err = n.normalize(y, l.norm, s.name, gains); err != nil {
			return nil, fmt.Errorf("batch normalization: %w", err)
		}
	}
	return alongChannels(G.BroadcastAdd, y, bias)
}

// alongChannels applies a broadcasting operator to y, [batch c ...], and a number for each channel.
func alongChannels(op func(a, b *G.Node, left, right []byte) (*G.Node, error), y, v *G.Node) (*G.Node, error) {
	shape, axes := tensor.Shape{1, v.Shape()[0]}, []byte{0}
	for i := 2; i < y.Dims(); i++ {
		shape, axes = append(shape, 1), append(axes, byte(i))
	}
	v, err := G.Reshape(v, shape)
	if err != nil {
		return nil, err
	}
	return op(y, v, nil, axes)
}

// weightStep returns the node of a layer's weight steps, which start by the least squared error.
func (n *Network) weightStep(l *layer, s weightShape) (*G.Node, error) {
	scheme, ok := n.config.Layers[s.name]
	if !ok {
		scheme = n.config.Weights
	}
	oc, steps := len(l.bias), len(l.bias)
	if n.config.PerTensor {
		steps = 1
	}
	if l.grid.Levels == nil || l.grid.Scheme != scheme || len(l.step) != steps {
		l.grid = quantize.FitGrid(scheme, s.rows(l.folded(s)), oc, n.config.PerTensor)
		l.step = slices.Clone(l.grid.Scale[:steps])
	}
	step := n.vector(s.name+".weights.step", l.step)
	n.steps = append(n.steps, step)
	return step, nil
}

// weights returns the layer's weights for the record.
func (n *Network) weights(l *layer, s weightShape) *graph.Value {
	n.record.layers[s.name] = l
	return n.record.constant(s.name+"_weights", func() []float32 { return l.folded(s) }, s.sizes...)
}

// biases returns the layer's bias for the record.
func (n *Network) biases(l *layer, s weightShape) *graph.Value {
	return n.record.constant(s.name+"_bias", l.foldedBias, len(l.bias))
}
