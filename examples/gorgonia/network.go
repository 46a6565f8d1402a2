package main

import (
	"fmt"
	"math"
	"math/rand/v2"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

const (
	kernel = 5  // height and width of both convolutions
	oc1    = 8  // output channels of the first convolution
	oc2    = 16 // output channels of the second convolution
	side1  = side - kernel + 1
	pool1  = side1 / 2
	side2  = pool1 - kernel + 1
	pool2  = side2 / 2
	hidden = oc2 * pool2 * pool2 // inputs of the dense layer
)

// layer holds one layer's parameters in float32.
type layer struct {
	name    string
	shape   []int     // [oc ic kh kw] of a convolution, [ic oc] of the dense layer
	weights []float32 // in that shape
	bias    []float32 // [oc]
}

// layers is the network's parameters: first convolution, second convolution, dense layer.
type layers [3]layer

// newLayers returns parameters drawn as He and others (2015) advise: Gaussian weights with variance 2 / inputs, no bias.
func newLayers(rng *rand.Rand) *layers {
	make1 := func(name string, inputs, oc int, shape ...int) layer {
		l := layer{name: name, shape: shape, weights: make([]float32, inputs*oc), bias: make([]float32, oc)}
		deviation := math.Sqrt(2 / float64(inputs))
		for i := range l.weights {
			l.weights[i] = float32(rng.NormFloat64() * deviation)
		}
		return l
	}
	return &layers{
		make1("conv1", kernel*kernel, oc1, oc1, 1, kernel, kernel),
		make1("conv2", oc1*kernel*kernel, oc2, oc2, oc1, kernel, kernel),
		make1("dense", hidden, classes, hidden, classes),
	}
}

// network is the Gorgonia graph of the classifier for a fixed batch. Its parameters are the memory of the layers it
// was built from, so that a training step is seen by every network over the same layers.
type network struct {
	batch  int
	graph  *G.ExprGraph
	image  *G.Node // [batch 1 28 28]
	params G.Nodes
	logits *G.Node // [batch 10]

	relu1, relu2, output G.Value // values of the last run
}

// newNetwork builds the graph of l for a batch.
func newNetwork(l *layers, batch int) (*network, error) {
	n := &network{batch: batch, graph: G.NewGraph()}
	n.image = G.NewTensor(n.graph, tensor.Float32, 4, G.WithShape(batch, 1, side, side), G.WithName("image"))
	x, err := n.convolve(n.image, &l[0], &n.relu1)
	if err != nil {
		return nil, err
	}
	if x, err = n.convolve(x, &l[1], &n.relu2); err != nil {
		return nil, err
	}
	if x, err = G.Reshape(x, tensor.Shape{batch, hidden}); err != nil {
		return nil, fmt.Errorf("flatten: %w", err)
	}
	w, b := n.parameters(&l[2], 1, classes)
	if x, err = G.Mul(x, w); err != nil {
		return nil, fmt.Errorf("dense: %w", err)
	}
	if n.logits, err = G.BroadcastAdd(x, b, nil, []byte{0}); err != nil {
		return nil, fmt.Errorf("dense: bias: %w", err)
	}
	G.Read(n.logits, &n.output)
	return n, nil
}

// convolve appends convolution, bias, relu and a 2x2 maximum; the relu's value is readable through value after a run.
func (n *network) convolve(x *G.Node, l *layer, value *G.Value) (*G.Node, error) {
	w, b := n.parameters(l, 1, len(l.bias), 1, 1)
	x, err := G.Conv2d(x, w, tensor.Shape{kernel, kernel}, []int{0, 0}, []int{1, 1}, []int{1, 1})
	if err != nil {
		return nil, fmt.Errorf("%s: %w", l.name, err)
	}
	if x, err = G.BroadcastAdd(x, b, nil, []byte{0, 2, 3}); err != nil {
		return nil, fmt.Errorf("%s: bias: %w", l.name, err)
	}
	if x, err = G.Rectify(x); err != nil {
		return nil, fmt.Errorf("%s: relu: %w", l.name, err)
	}
	G.Read(x, value)
	if x, err = G.MaxPool2D(x, tensor.Shape{2, 2}, []int{0, 0}, []int{2, 2}); err != nil {
		return nil, fmt.Errorf("%s: pool: %w", l.name, err)
	}
	return x, nil
}

// parameters adds the layer's weights and its bias, shaped to be broadcast, to the graph.
func (n *network) parameters(l *layer, biasShape ...int) (weights, bias *G.Node) {
	node := func(name string, data []float32, shape []int) *G.Node {
		value := tensor.New(tensor.WithShape(shape...), tensor.WithBacking(data))
		return G.NewTensor(n.graph, tensor.Float32, len(shape), G.WithShape(shape...), G.WithName(name), G.WithValue(value))
	}
	weights = node(l.name+".weights", l.weights, l.shape)
	bias = node(l.name+".bias", l.bias, biasShape)
	n.params = append(n.params, weights, bias)
	return weights, bias
}
