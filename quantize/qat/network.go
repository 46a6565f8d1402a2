package qat

import (
	"fmt"
	"slices"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/quantize"
)

// inputBits is the width of a network's input: pixels have 8 bits anyway.
const inputBits = 8

// Config says how a Network computes. The zero value makes 8-bit weights, a step for each output channel, and 8-bit activations.
type Config struct {
	// Weights is the scheme of all layers that Layers does not name; quantize.Float makes a network of real numbers.
	Weights quantize.Scheme
	// Layers has the schemes of single layers, by name; none is quantize.Float.
	Layers map[string]quantize.Scheme
	// PerTensor says that weights have one step for the tensor.
	PerTensor bool
	// Activations is the number of bits of activations, 2 to 8, 0 meaning 8. The input always has 8.
	Activations int
	// Train says that BatchNormalization uses the statistics of the batch and updates the running ones. Without it, those are folded
	// into the weights: for evaluation, and for the end of training.
	Train bool
}

// Network builds a Gorgonia graph layer by layer and remembers what is needed to write it as an integer model. A method that cannot do
// what it is asked keeps the first error for Err and returns nil, which other methods pass on, so that a network reads as one. It is not
// safe for concurrent use.
type Network struct {
	graph  *G.ExprGraph
	params *Params
	config Config
	err    error

	nodes  map[string]*G.Node // of parameters, by name
	learn  G.Nodes
	steps  G.Nodes
	record record
}

// Tensor is an activation: a Gorgonia node and what the integer model makes of it.
type Tensor struct {
	Node  *G.Node // [batch ...], as real numbers; in a quantized network on the grid of the quantization
	value *graph.Value
	quant *activation // nil for real numbers
	step  *G.Node     // of the quantization
}

// New returns an empty network that builds in g over parameters p.
func New(g *G.ExprGraph, p *Params, c Config) *Network {
	n := &Network{graph: g, params: p, config: c, nodes: make(map[string]*G.Node), record: newRecord()}
	if n.config.Activations == 0 {
		n.config.Activations = 8
	}
	switch {
	case c.Weights > quantize.Float:
		n.fail("network", fmt.Errorf("%w: weights by %v", ErrOption, c.Weights))
	case n.config.Activations < 2 || n.config.Activations > 8:
		n.fail("network", fmt.Errorf("%w: activations of %d bits, want 2 to 8", ErrOption, c.Activations))
	}
	for name, s := range c.Layers {
		if s >= quantize.Float || c.Weights == quantize.Float {
			n.fail(name, fmt.Errorf("%w: weights by %v in a network by %v: integer and real layers do not mix", ErrOption, s, c.Weights))
		}
	}
	return n
}

// Err returns the first error of the methods.
func (n *Network) Err() error { return n.err }

// Parameters returns the nodes of weights, biases and factors of BatchNormalization, to be given to a solver.
func (n *Network) Parameters() G.Nodes { return slices.Clone(n.learn) }

// Steps returns the nodes of the learned steps. Their gradients are scaled for a solver that moves a parameter in proportion to its
// gradient (SGD, momentum) at the rate of the weights; one that normalizes gradients, as Adam does, moves small steps too far.
func (n *Network) Steps() G.Nodes { return slices.Clone(n.steps) }

// float reports whether the network computes with real numbers.
func (n *Network) float() bool { return n.config.Weights == quantize.Float }

// fail keeps the first error and says where it happened.
func (n *Network) fail(where string, err error) *Tensor {
	if n.err == nil && err != nil {
		n.err = fmt.Errorf("%s: %w", where, err)
	}
	return nil
}

// failed reports whether there is nothing to go on with.
func (n *Network) failed(inputs ...*Tensor) bool {
	if n.err == nil && slices.Contains(inputs, nil) {
		n.err = fmt.Errorf("%w: an input is nil", ErrShape)
	}
	return n.err != nil
}

// vector returns the node of a parameter or a step over its memory, the same node each time.
func (n *Network) vector(name string, data []float32) *G.Node { return n.node(name, data, len(data)) }

func (n *Network) node(name string, data []float32, shape ...int) *G.Node {
	if v := n.nodes[name]; v != nil {
		return v
	}
	t := tensor.New(tensor.WithShape(shape...), tensor.WithBacking(data))
	v := G.NewTensor(n.graph, tensor.Float32, len(shape), G.WithShape(shape...), G.WithName(name), G.WithValue(t))
	n.nodes[name] = v
	return v
}

// Input takes x, [batch ...] of float32, as the network's input.
func (n *Network) Input(x *G.Node) *Tensor {
	name := x.Name()
	switch {
	case n.err != nil:
		return nil
	case x.Dtype() != tensor.Float32 || x.Dims() < 2:
		return n.fail(name, fmt.Errorf("%w: %v of %v, want a batch of float32", ErrShape, x.Shape(), x.Dtype()))
	}
	s := graph.Shape{graph.Batch}
	s = append(s, x.Shape()[1:]...)
	t := &Tensor{Node: x, value: n.record.graph.AddInput(name, graph.Float32, s)}
	if n.float() {
		return t
	}
	a, err := n.params.activation(name, inputBits)
	if err != nil {
		return n.fail(name, err)
	}
	return n.quantized(t, name, a, true)
}

// quantized returns t, whose value the record has as it is before the clamp, on the grid of a.
func (n *Network) quantized(t *Tensor, name string, a *activation, fixed bool) *Tensor {
	step := n.vector(name+".step", a.step)
	if !fixed {
		n.steps = append(n.steps, step)
	}
	y, err := FakeQuantize(t.Node, step, Rounding{Levels: a.levels(), Axis: perTensor, Fixed: fixed, Activation: true})
	if err != nil {
		return n.fail(name, err)
	}
	v, err := n.record.clamped(t.value, a)
	if err != nil {
		return n.fail(name, err)
	}
	return &Tensor{Node: y, value: v, quant: a, step: step}
}

// activate ends what makes an activation of its own: rectification where asked for and, in a quantized network, quantization. The
// levels of what is never negative begin with 0, so that quantization rectifies.
func (n *Network) activate(t *Tensor, name string, relu bool) *Tensor {
	if n.float() {
		if !relu {
			return t
		}
		y, err := G.Rectify(t.Node)
		if err != nil {
			return n.fail(name, err)
		}
		v, err := n.record.add("Relu", name+"_relu", nil, t.value)
		if err != nil {
			return n.fail(name, err)
		}
		return &Tensor{Node: y, value: v}
	}
	a, err := n.params.activation(name, n.config.Activations)
	if err != nil {
		return n.fail(name, err)
	}
	if relu && a.zero != 0 {
		return n.fail(name, fmt.Errorf("%w: the range of a rectified activation goes below 0", ErrOption))
	}
	return n.quantized(t, name, a, false)
}

// Output makes t an output of the network.
func (n *Network) Output(t *Tensor) {
	if !n.failed(t) {
		n.record.graph.Outputs = append(n.record.graph.Outputs, t.value)
	}
}
