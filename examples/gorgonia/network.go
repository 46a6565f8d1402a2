package main

import (
	"fmt"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/octet-ml/octet/quantize/qat"
)

// lenet appends the classifier to a network: x is image [batch 1 28 28], the result logits [batch 10].
func lenet(n *qat.Network, x *G.Node) *qat.Tensor {
	t := n.Conv(n.Input(x), "conv1", qat.Conv{Out: 8, Kernel: 5, Relu: true})
	t = n.MaxPool(t, "pool1", 2, 2)
	t = n.Conv(t, "conv2", qat.Conv{Out: 16, Kernel: 5, Relu: true})
	t = n.MaxPool(t, "pool2", 2, 2)
	return n.Dense(n.Flatten(t, "flatten"), "dense", qat.Dense{Out: classes, Real: true})
}

// network is the Gorgonia graph of the classifier for a fixed batch.
type network struct {
	*qat.Network
	batch  int
	graph  *G.ExprGraph
	image  *G.Node // [batch 1 28 28]
	logits *G.Node // [batch 10]
}

// newNetwork builds the classifier over p. Networks over the same parameters see each other's training steps.
func newNetwork(p *qat.Params, c qat.Config, batch int) (*network, error) {
	n := &network{batch: batch, graph: G.NewGraph()}
	n.Network = qat.New(n.graph, p, c)
	n.image = G.NewTensor(n.graph, tensor.Float32, 4, G.WithShape(batch, 1, side, side), G.WithName("image"))
	out := lenet(n.Network, n.image)
	n.Output(out)
	if err := n.Err(); err != nil {
		return nil, fmt.Errorf("network: %w", err)
	}
	n.logits = out.Node
	return n, nil
}

// set makes pixels, batch images, the network's input.
func (n *network) set(images []float32) error {
	return G.Let(n.image, tensor.New(tensor.WithShape(n.batch, 1, side, side), tensor.WithBacking(images)))
}
