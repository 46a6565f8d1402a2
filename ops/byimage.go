package ops

import "github.com/octet-ml/octet/graph"

// ByImage reports whether a node, whose batch is unbound, may be computed image by image: its inputs, but for constants, and its
// outputs have the batch as their first axis and nowhere else, in whole bytes, and what stands at an index of that axis in an
// output depends on nothing but what stands there in the inputs.
func ByImage(n *graph.Node) bool {
	op, err := Lookup(n.Op)
	if err != nil {
		return false
	}
	for _, v := range n.Inputs {
		if v != nil && v.Const == nil && !batched(v) {
			return false
		}
	}
	for _, v := range n.Outputs {
		if v != nil && !batched(v) {
			return false
		}
	}
	switch {
	case len(n.Outputs) == 0 || n.Outputs[0] == nil || n.Input(0) == nil || n.Inputs[0].Const != nil:
		return false
	case op.ByImage != nil:
		return op.ByImage(n)
	case op.Elementwise:
		return broadcastsToImages(n)
	}
	return op.View
}

// batched reports whether the first axis of v is the batch, no other axis depends on it, and an image of v is whole bytes.
func batched(v *graph.Value) bool {
	s := v.Shape
	return len(s) > 0 && s[0] == graph.Batch && s[1:].Static() && v.DType.Bits() >= 8 && (v.Quant == nil || v.Quant.IsPerTensor() || v.Quant.Axis != 0)
}

// broadcastsToImages reports whether the inputs of an elementwise node reach every image of its output alike, constants, or in its
// place, the others.
func broadcastsToImages(n *graph.Node) bool {
	rank := len(n.Outputs[0].Shape)
	for _, v := range n.Inputs {
		switch {
		case v == nil:
		case v.Const == nil && len(v.Shape) != rank, v.Const != nil && len(v.Shape) == rank && v.Shape[0] != 1:
			return false
		}
	}
	return true
}

// always is ByImage of operators that never look from one image at another.
func always(*graph.Node) bool { return true }

// constantWeights is ByImage of convolutions and dense layers.
func constantWeights(n *graph.Node) bool {
	bias := n.Input(2)
	return n.Inputs[1].Const != nil && (bias == nil || bias.Const != nil)
}

func transposesImages(n *graph.Node) bool {
	perm, err := permutation(n, len(n.Inputs[0].Shape))
	return err == nil && perm[0] == 0
}

func concatenatesImages(n *graph.Node) bool {
	axis, err := axisOf(n.Inputs[0].Shape, attrs[Concat](n).Axis)
	return err == nil && axis != 0
}
