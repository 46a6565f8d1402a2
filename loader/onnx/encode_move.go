package onnx

import (
	"math"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/ops"
)

// writeFlatten writes Flatten.
func writeFlatten(e *encoder, n *graph.Node) error {
	return e.writeMoved(n, 1, attribute{"axis", attrsOf[ops.Flatten](n).Axis})
}

// writeTranspose writes Transpose.
func writeTranspose(e *encoder, n *graph.Node) error {
	if perm := attrsOf[ops.Transpose](n).Perm; perm != nil {
		return e.writeMoved(n, 1, attribute{"perm", perm})
	}
	return e.writeMoved(n, 1)
}

// writeGather writes Gather.
func writeGather(e *encoder, n *graph.Node) error {
	return e.writeMoved(n, 1, attribute{"axis", attrsOf[ops.Gather](n).Axis})
}

// writeSqueeze writes Squeeze and Unsqueeze, whose axes are an attribute before operator set 13.
func writeSqueeze(e *encoder, n *graph.Node) error {
	axes := n.Input(1)
	if e.opset >= 13 || axes == nil || axes.Const == nil {
		if axes != nil {
			e.need(13)
		}
		return e.writeMoved(n, 1)
	}
	v, err := constInts(axes)
	if err != nil {
		return err
	}
	m := *n
	m.Inputs = n.Inputs[:1]
	return e.writeMoved(&m, 1, attribute{"axes", v})
}

// writeReshape writes Reshape; a batch dimension of a fixed shape becomes -1.
func writeReshape(e *encoder, n *graph.Node) error {
	a, m := attrsOf[ops.Reshape](n), *n
	if a.To != nil {
		shape, err := dimensions(n.Outputs[0].Name, a.To)
		if err != nil {
			return err
		}
		m.Inputs = []*graph.Value{n.Inputs[0], graph.NewConst(e.fresh(n.Outputs[0].Name+"_shape"), shape)}
	}
	if a.AllowZero || a.To != nil && !positive(a.To) {
		e.need(14)
		return e.writeMoved(&m, 1, attribute{"allowzero", 1})
	}
	return e.writeMoved(&m, 1)
}

// positive reports whether no dimension is 0.
func positive(s graph.Shape) bool {
	for _, d := range s {
		if d == 0 {
			return false
		}
	}
	return true
}

// dimensions returns a shape as an int64 tensor with -1 for the batch.
func dimensions(name string, s graph.Shape) (*graph.Tensor, error) {
	out := make([]int64, len(s))
	batches := 0
	for i, d := range s {
		out[i] = int64(max(d, -1))
		if d < 0 {
			batches++
		}
	}
	if batches > 1 || batches == 1 && !positive(s) {
		return nil, unsupportedf("%q: shape %v", name, s)
	}
	return graph.Int64s(out, len(out)), nil
}

// writeExpand writes Expand; a fixed shape must not depend on the batch.
func writeExpand(e *encoder, n *graph.Node) error {
	m, err := e.fixed(n, attrsOf[ops.Expand](n).To, 1)
	if err != nil {
		return err
	}
	return e.writeMoved(m, 1)
}

// fixed returns the node with shape to, unless that is nil, as its input i.
func (e *encoder) fixed(n *graph.Node, to graph.Shape, i int) (*graph.Node, error) {
	if to == nil {
		return n, nil
	}
	if !to.Static() {
		return nil, unsupportedf("shape %v, which depends on the batch", to)
	}
	shape, err := dimensions(n.Outputs[0].Name, to)
	m := *n
	if err == nil {
		m.Inputs = append(n.Inputs[:i:i], graph.NewConst(e.fresh(n.Outputs[0].Name+"_shape"), shape))
	}
	return &m, err
}

// writeConstantOfShape writes ConstantOfShape, whose value ONNX wants as a vector of one element.
func writeConstantOfShape(e *encoder, n *graph.Node) error {
	a := attrsOf[ops.ConstantOfShape](n)
	m, err := e.fixed(n, a.To, 0)
	if err != nil {
		return err
	}
	var attrs []attribute
	if a.Value != nil {
		value := &graph.Tensor{DType: a.Value.DType, Shape: graph.Shape{1}, Data: a.Value.Data}
		attrs = append(attrs, attribute{"value", value})
	}
	e.emit("ConstantOfShape", n.Name, e.refs(m.Inputs), outputs(n), attrs...)
	return nil
}

// writeShape writes Shape and Size, which do not look at the elements.
func writeShape(e *encoder, n *graph.Node) error {
	a := attrsOf[ops.Shape](n)
	var attrs []attribute
	if a.Start != 0 || a.HasEnd {
		e.need(15)
		attrs = append(attrs, attribute{"start", a.Start})
	}
	if a.HasEnd {
		attrs = append(attrs, attribute{"end", a.End})
	}
	e.emit(n.Op, n.Name, e.refs(n.Inputs), outputs(n), attrs...)
	return nil
}

// writeConcat writes Concat; com.microsoft has QLinearConcat.
func writeConcat(e *encoder, n *graph.Node) error {
	axis := attribute{"axis", attrsOf[ops.Concat](n).Axis}
	quantized := e.qop
	for _, v := range n.Inputs {
		quantized = quantized && e.quantizedNode(&graph.Node{Inputs: []*graph.Value{v}, Outputs: n.Outputs})
	}
	if !quantized {
		return e.writeMoved(n, len(n.Inputs), axis)
	}
	in, err := e.triple(n.Outputs[0], true)
	if err != nil {
		return err
	}
	for _, v := range n.Inputs {
		t, err := e.triple(v, false)
		if err != nil {
			return err
		}
		in = append(in, t...)
	}
	e.emitIn(microsoft, "QLinearConcat", n.Name, in, outputs(n), axis)
	return nil
}

// writeSplit writes Split, whose sizes are an attribute before operator set 13. Without sizes operator set 18 wants the
// number of outputs.
func writeSplit(e *encoder, n *graph.Node) error {
	attrs := []attribute{{"axis", attrsOf[ops.Split](n).Axis}}
	sizes := n.Input(1)
	m := *n
	switch {
	case sizes != nil && e.opset < 13 && sizes.Const != nil:
		v, err := constInts(sizes)
		if err != nil {
			return err
		}
		attrs, m.Inputs = append(attrs, attribute{"split", v}), n.Inputs[:1]
	case sizes != nil:
		e.need(13)
	default: // operator set 13 wants parts of equal size
		e.need(18)
		attrs = append(attrs, attribute{"num_outputs", len(n.Outputs)})
	}
	if !moves(n, 1) {
		return unsupportedf("parts with quantizations of their own")
	}
	return e.writeMoved(&m, 1, attrs...)
}

// writePad writes Pad. ONNX pads stored integers with 0 where no value is given, so that a quantized one is padded as real
// numbers.
func writePad(e *encoder, n *graph.Node) error {
	a := attrsOf[ops.Pad](n)
	names := map[ops.PadMode]string{ops.PadConstant: "constant", ops.PadReflect: "reflect", ops.PadEdge: "edge", ops.PadWrap: "wrap"}
	if a.Mode == ops.PadWrap {
		e.need(19)
	}
	if n.Input(3) != nil {
		e.need(18)
	}
	if v := n.Input(2); v != nil && v.Quant == nil && n.Inputs[0].Quant != nil && v.DType.IsInteger() {
		same := *v
		same.Name, same.Quant = e.fresh(v.Name+"_real"), n.Inputs[0].Quant
		m := *n
		m.Inputs = append([]*graph.Value{}, n.Inputs...)
		e.names[&same] = e.ref(v)
		m.Inputs[2] = &same
		n = &m
	}
	return e.writeReal(n, nil, attribute{"mode", names[a.Mode]})
}

// writeDepthToSpace writes DepthToSpace and SpaceToDepth.
func writeDepthToSpace(e *encoder, n *graph.Node) error {
	a := attrsOf[ops.DepthToSpace](n)
	attrs := []attribute{{"blocksize", a.Block}}
	if a.CRD {
		attrs = append(attrs, attribute{"mode", "CRD"})
	}
	if a.Layout == ops.NHWC {
		return e.writePicture(n, a.Layout, attrs...)
	}
	return e.writeMoved(n, 1, attrs...)
}

// writeResize writes Resize with the attributes that its mode reads.
func writeResize(e *encoder, n *graph.Node) error {
	a := attrsOf[ops.Resize](n)
	attrs := []attribute{{"mode", a.Mode}, {"coordinate_transformation_mode", a.Coordinates}}
	if a.Coordinates == "half_pixel_symmetric" {
		e.need(19)
	}
	if a.Nearest != "" {
		attrs = append(attrs, attribute{"nearest_mode", a.Nearest})
	}
	if a.CubicA != 0 {
		attrs = append(attrs, attribute{"cubic_coeff_a", a.CubicA})
	}
	if a.ExcludeOutside {
		attrs = append(attrs, attribute{"exclude_outside", 1})
	}
	if a.Extrapolation != 0 || math.Signbit(float64(a.Extrapolation)) {
		attrs = append(attrs, attribute{"extrapolation_value", a.Extrapolation})
	}
	if a.Antialias {
		e.need(18)
		attrs = append(attrs, attribute{"antialias", 1})
	}
	if a.Axes != nil {
		e.need(18)
		attrs = append(attrs, attribute{"axes", a.Axes})
	}
	if a.Policy != "" && a.Policy != "stretch" {
		e.need(18)
		attrs = append(attrs, attribute{"keep_aspect_ratio_policy", a.Policy})
	}
	if a.Mode == "nearest" {
		return e.writeMoved(n, 1, attrs...)
	}
	return e.writeReal(n, nil, attrs...)
}
