package gorgonia_test

import (
	"fmt"
	"testing"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/octet-ml/octet/loader/gorgonia"
)

// networks are architectures, built for a number of images.
var networks = []struct {
	name  string
	dtype tensor.Dtype
	build func(n *net, batch int) (in, out *G.Node)
}{
	{"lenet", tensor.Float32, leNet},
	{"lenet/float64", tensor.Float64, leNet},
	{"convnet", tensor.Float32, convNet},
	{"dense residual", tensor.Float32, denseResidual},
	{"vgg", tensor.Float32, vgg},
	{"resnet", tensor.Float32, resNet},
	{"batchnorm", tensor.Float32, normalized},
	{"global pool", tensor.Float32, allConvolution},
	{"yolo", tensor.Float32, yolo},
	{"mlp", tensor.Float32, perceptron},
}

// leNet is LeNet-5 with ReLU and maxima (LeCun and others, 1998).
func leNet(n *net, batch int) (in, out *G.Node) {
	in = n.input(batch, 1, 28, 28)
	x := maxPool(relu(n.bias(n.conv(in, 6, 5, 2, 1))), 2, 0, 2)
	x = n.flat(maxPool(relu(n.bias(n.conv(x, 16, 5, 0, 1))), 2, 0, 2))
	x = relu(n.bias(n.dense(x, 120)))
	x = relu(n.bias(n.dense(x, 84)))
	return in, n.bias(n.dense(x, 10))
}

// convNet has the layers of Gorgonia's example convnet, a classifier of MNIST digits without biases, with half as many channels.
func convNet(n *net, batch int) (in, out *G.Node) {
	in = n.input(batch, 1, 28, 28)
	x := in
	for _, c := range []int{16, 32, 64} {
		x = dropout(maxPool(relu(n.conv(x, c, 3, 1, 1)), 2, 0, 2), 0.2)
	}
	x = dropout(n.flat(x), 0.2)
	x = dropout(relu(n.dense(x, 100)), 0.55)
	return in, n.dense(x, 10)
}

// denseResidual has the layers of Gorgonia's example resnet, whose residuals come from matrices, with an eighth of the channels and a
// quarter of the pixels.
func denseResidual(n *net, batch int) (in, out *G.Node) {
	in = n.input(batch, 1, 14, 14)
	x := dropout(maxPool(relu(n.conv(in, 4, 3, 1, 1)), 2, 0, 2), 0.3)
	for _, c := range []int{8, 16} {
		y := n.conv(x, c, 3, 1, 1)
		r := n.flat(maxPool(relu(y), 2, 0, 2))
		r = G.Must(G.Reshape(n.dense(r, y.Shape().TotalSize()/batch), y.Shape()))
		x = dropout(G.Must(G.Add(y, r)), 0.3)
	}
	x = dropout(relu(n.dense(n.flat(x), 40)), 0.2)
	return in, n.dense(x, 10)
}

// vgg is a small VGG (Simonyan and Zisserman, 2014) for pictures as CIFAR-10 has them.
func vgg(n *net, batch int) (in, out *G.Node) {
	in = n.input(batch, 3, 32, 32)
	x := in
	for _, c := range []int{8, 16, 32} {
		x = relu(n.bias(n.conv(x, c, 3, 1, 1)))
		x = maxPool(relu(n.bias(n.conv(x, c, 3, 1, 1))), 2, 0, 2)
	}
	x = dropout(relu(n.bias(n.dense(n.flat(x), 64))), 0.5)
	return in, n.bias(n.dense(x, 10))
}

// resNet is a small residual network (He and others, 2015) with BatchNorm and projections, for pictures as CIFAR-10 has them. Its
// pool is a mean of planes.
func resNet(n *net, batch int) (in, out *G.Node) {
	in = n.input(batch, 3, 32, 32)
	x := relu(n.batchNorm(n.conv(in, 8, 3, 1, 1)))
	for i, c := range []int{8, 16, 32} {
		stride := min(i+1, 2)
		y := relu(n.batchNorm(n.conv(x, c, 3, 1, stride)))
		y = n.batchNorm(n.conv(y, c, 3, 1, 1))
		if stride > 1 {
			x = n.batchNorm(n.conv(x, c, 1, 0, stride))
		}
		x = relu(G.Must(G.Add(y, x)))
	}
	s := x.Shape()
	planes := G.Must(G.Reshape(x, tensor.Shape{batch, s[1], s[2] * s[3]}))
	return in, n.bias(n.dense(G.Must(G.Mean(planes, 2)), 10))
}

// normalized has a BatchNorm before its first layer and after a dense one, where no layer can take it up.
func normalized(n *net, batch int) (in, out *G.Node) {
	in = n.input(batch, 3, 12, 12)
	x := n.batchNorm(in)
	x = G.Must(G.Tanh(n.batchNorm(n.conv(x, 8, 3, 0, 2))))
	return in, G.Must(G.Sigmoid(n.bias(n.dense(n.flat(x), 6))))
}

// allConvolution has no dense layer (Springenberg and others, 2014): its classes are planes, whose means are the logits.
func allConvolution(n *net, batch int) (in, out *G.Node) {
	in = n.input(batch, 3, 16, 16)
	x := relu(n.bias(n.conv(in, 12, 3, 1, 1)))
	x = relu(n.bias(n.conv(x, 12, 3, 1, 2)))
	x = n.bias(n.conv(x, 10, 1, 0, 1))
	return in, n.flat(G.Must(G.GlobalAveragePool2D(x)))
}

// yolo has the kinds of layers of Gorgonia's example tiny-yolo-v3: LeakyRelu, pools, a route around an Upsample2D.
func yolo(n *net, batch int) (in, out *G.Node) {
	in = n.input(batch, 3, 16, 16)
	block := func(x *G.Node, oc, k int) *G.Node {
		return G.Must(G.LeakyRelu(n.batchNorm(n.conv(x, oc, k, k/2, 1)), 0.1))
	}
	route := block(maxPool(block(in, 8, 3), 2, 0, 2), 16, 3)
	x := block(block(maxPool(route, 2, 0, 2), 16, 3), 8, 1)
	x = G.Must(G.Concat(1, G.Must(G.Upsample2D(x, 2)), route))
	return in, n.bias(n.conv(block(x, 16, 3), 18, 1, 0, 1))
}

// perceptron has the layers of Gorgonia's example of issue 286: matrices only.
func perceptron(n *net, batch int) (in, out *G.Node) {
	in = n.input(batch, 784)
	return in, n.dense(relu(n.dense(in, 60)), 10)
}

// A program of a network computes what Gorgonia does, also for other numbers of images than the expression graph is built for.
func TestNetworksAgreeWithGorgonia(t *testing.T) {
	for _, c := range networks {
		build := func(batch int) (*net, *G.Node, G.Nodes) {
			n := newNet(7)
			n.dtype = c.dtype
			in, out := c.build(n, batch)
			outs := G.Nodes{out}
			if out.Dims() == 2 {
				outs = append(outs, G.Must(G.SoftMax(out)))
			}
			return n, in, outs
		}
		for _, built := range []int{1, 4} {
			n, in, outs := build(built)
			g, err := gorgonia.FromExprGraph(n.ExprGraph, G.Nodes{in}, outs, gorgonia.DynamicBatch())
			if err != nil {
				t.Fatal(err)
			}
			p := compile(t, g, 8)
			for _, batch := range []int{1, 4, 8} {
				t.Run(fmt.Sprintf("%s/%d/%d", c.name, built, batch), func(t *testing.T) {
					n, in, outs := build(batch)
					x := n.picture(in, batch)
					want := forward(t, in, outs, x)
					got, err := gorgonia.Run(p, x)
					if err != nil {
						t.Fatal(err)
					}
					for i := range outs {
						compare(t, floats(t, got[i]), want[i])
					}
				})
			}
		}
	}
}
