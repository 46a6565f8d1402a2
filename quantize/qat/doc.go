// Package qat trains networks in Gorgonia that know of their quantization, and writes them as integer models.
//
// FakeQuantize is an operator for any Gorgonia graph: it rounds to the levels of package quantize (8 and 4 bits, uniform, codebook,
// logarithmic; for a tensor or for each channel) and lets gradients through, also to its step, which is learned. Network is a layer
// builder that places it: between the layers of a normal network on weights, biases and activations, with BatchNormalization folded
// into weights before these are rounded. A network over the same parameters is one of real numbers, of fake quantization, or, by Graph,
// of integers:
//
//	lenet := func(n *qat.Network, x *gorgonia.Node) *qat.Tensor {
//		t := n.Conv(n.Input(x), "conv", qat.Conv{Out: 8, Kernel: 5, Relu: true})
//		t = n.MaxPool(t, "pool", 2, 2)
//		return n.Dense(n.Flatten(t, "flat"), "dense", qat.Dense{Out: 10, Real: true})
//	}
//
// One trains it with Config{Weights: quantize.Float}, gives its Graph to quantize.Observe and the result to Params.Calibrate, builds it
// again with Config{Weights: quantize.Int4, Activations: 4}, trains on with the gradients of Parameters and Steps, and takes the integer
// model from Graph. The examples of this package and examples/gorgonia do that.
//
// It is not a trainer: loss, solver and data are Gorgonia's and the user's. Invariants:
//   - what the forward pass computes is what the integer model computes: weights, biases and activations lie on the same grids, so that
//     the outputs differ by at most one step, where a float32 sum falls on the other side of a tie than the exact one;
//   - networks over one Params share its memory;
//   - a step below LeastStep counts as LeastStep.
package qat
