package onnx

import (
	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/ops"
)

// writePicture writes a spatial operator whose only data is input 0, in NCHW.
func (e *encoder) writePicture(n *graph.Node, layout ops.Layout, attrs ...attribute) error {
	in, err := e.realInputs(&graph.Node{Inputs: n.Inputs[1:]})
	if err != nil {
		return err
	}
	x, err := e.picture(n.Inputs[0], layout)
	if err != nil {
		return err
	}
	return e.writeAs(n, n.Op, append([]string{x}, in...), []stage{e.channelsLast(layout)}, attrs...)
}

// writeBatchNormalization writes BatchNormalization.
func writeBatchNormalization(e *encoder, n *graph.Node) error {
	a := attrsOf[ops.BatchNormalization](n)
	return e.writePicture(n, a.Layout, attribute{"epsilon", a.Epsilon})
}

// writeLRN writes LRN.
func writeLRN(e *encoder, n *graph.Node) error {
	a := attrsOf[ops.LRN](n)
	return e.writePicture(n, a.Layout, attribute{"size", a.Size}, attribute{"alpha", a.Alpha}, attribute{"beta", a.Beta}, attribute{"bias", a.Bias})
}

// writeInstanceNormalization writes InstanceNormalization.
func writeInstanceNormalization(e *encoder, n *graph.Node) error {
	return e.writeReal(n, nil, attribute{"epsilon", attrsOf[ops.InstanceNormalization](n).Epsilon})
}

// writeGroupNormalization writes GroupNormalization, whose scale and bias are per channel since operator set 21.
func writeGroupNormalization(e *encoder, n *graph.Node) error {
	a := attrsOf[ops.GroupNormalization](n)
	e.need(21)
	return e.writeReal(n, nil, attribute{"epsilon", a.Epsilon}, attribute{"num_groups", a.Groups})
}

// writeLayerNormalization writes LayerNormalization, which exists since operator set 17.
func writeLayerNormalization(e *encoder, n *graph.Node) error {
	a := attrsOf[ops.LayerNormalization](n)
	e.need(17)
	return e.writeReal(n, nil, attribute{"axis", a.Axis}, attribute{"epsilon", a.Epsilon})
}
