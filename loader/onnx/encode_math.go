package onnx

import (
	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/ops"
)

// writeArithmetic writes Add, Sub, Mul and Div; com.microsoft has QLinearAdd and QLinearMul.
func writeArithmetic(e *encoder, n *graph.Node) error {
	clamp := attrsOf[ops.Arithmetic](n).Clamp
	if e.qop && (n.Op == "Add" || n.Op == "Mul") && e.quantizedNode(n) && idle(clamp, n.Outputs[0]) {
		return e.writeQLinear(n, microsoft, "QLinear"+n.Op)
	}
	return narrowSince14(e, n)
}

// writeMod writes Mod.
func writeMod(e *encoder, n *graph.Node) error {
	return e.writeReal(n, nil, attribute{"fmod", number(attrsOf[ops.Mod](n).Truncate)})
}

// writeSigmoid writes Sigmoid; com.microsoft has QLinearSigmoid.
func writeSigmoid(e *encoder, n *graph.Node) error {
	if e.qop && e.quantizedNode(n) {
		return e.writeQLinear(n, microsoft, "QLinearSigmoid")
	}
	return e.writeReal(n, nil)
}

// writeRelu6 writes Relu6, which ONNX has as a Clip.
func writeRelu6(e *encoder, n *graph.Node) error {
	x, err := e.real(n.Inputs[0])
	if err != nil {
		return err
	}
	name := n.Outputs[0].Name
	lo, hi := e.constant(name+"_min", graph.Float32s([]float32{0})), e.constant(name+"_max", graph.Float32s([]float32{6}))
	return e.writeAs(n, "Clip", []string{x, lo, hi}, nil)
}

// writeHardSigmoid writes HardSigmoid.
func writeHardSigmoid(e *encoder, n *graph.Node) error {
	a := attrsOf[ops.HardSigmoid](n)
	return e.writeReal(n, nil, attribute{"alpha", a.Alpha}, attribute{"beta", a.Beta})
}

// writeSwish writes Swish, before operator set 24 as x * sigmoid(alpha*x).
func writeSwish(e *encoder, n *graph.Node) error {
	a := attrsOf[ops.Swish](n)
	if e.opset >= 24 {
		return e.writeReal(n, nil, attribute{"alpha", a.Alpha})
	}
	x, err := e.real(n.Inputs[0])
	if err != nil {
		return err
	}
	name, scaled := n.Outputs[0].Name, x
	if a.Alpha != 1 {
		alpha := e.constant(name+"_alpha", graph.Float32s([]float32{a.Alpha}))
		scaled = e.step("Mul", name+"_scaled", []string{x, alpha})
	}
	gate := e.step("Sigmoid", name+"_gate", []string{scaled})
	return e.writeAs(n, "Mul", []string{x, gate}, nil)
}

// writeGelu writes Gelu, which exists since operator set 20.
func writeGelu(e *encoder, n *graph.Node) error {
	e.need(20)
	kind := "none"
	if attrsOf[ops.Gelu](n).Tanh {
		kind = "tanh"
	}
	return e.writeReal(n, nil, attribute{"approximate", kind})
}

// writeElu writes Elu.
func writeElu(e *encoder, n *graph.Node) error {
	return e.writeReal(n, nil, attribute{"alpha", attrsOf[ops.Elu](n).Alpha})
}

// writeCelu writes Celu.
func writeCelu(e *encoder, n *graph.Node) error {
	return e.writeReal(n, nil, attribute{"alpha", attrsOf[ops.Celu](n).Alpha})
}

// writeSelu writes Selu.
func writeSelu(e *encoder, n *graph.Node) error {
	a := attrsOf[ops.Selu](n)
	return e.writeReal(n, nil, attribute{"alpha", a.Alpha}, attribute{"gamma", a.Gamma})
}

// writeLeakyRelu writes LeakyRelu; com.microsoft has QLinearLeakyRelu.
func writeLeakyRelu(e *encoder, n *graph.Node) error {
	alpha := attribute{"alpha", attrsOf[ops.LeakyRelu](n).Alpha}
	if e.qop && e.quantizedNode(n) {
		return e.writeQLinear(n, microsoft, "QLinearLeakyRelu", alpha)
	}
	return e.writeReal(n, nil, alpha)
}

// writeThresholdedRelu writes ThresholdedRelu.
func writeThresholdedRelu(e *encoder, n *graph.Node) error {
	return e.writeReal(n, nil, attribute{"alpha", attrsOf[ops.ThresholdedRelu](n).Alpha})
}

// writeSoftmax writes Softmax and LogSoftmax. The form that normalises several axes together is that of operator set 12;
// later it is written between Flatten and Reshape. A factor on the input is a Mul.
func writeSoftmax(e *encoder, n *graph.Node) error {
	a := attrsOf[ops.Softmax](n)
	axis := attribute{"axis", a.Axis}
	if e.qop && n.Op == "Softmax" && (a.Beta == 0 || a.Beta == 1) && e.quantizedNode(n) {
		opset := 13
		if a.Flatten {
			opset = 12
		}
		return e.writeQLinear(n, microsoft, "QLinearSoftmax", axis, attribute{"opset", opset})
	}
	x, err := e.real(n.Inputs[0])
	if err != nil {
		return err
	}
	name := n.Outputs[0].Name
	if a.Beta != 0 && a.Beta != 1 {
		x = e.step("Mul", name+"_scaled", []string{x, e.constant(name+"_beta", graph.Float32s([]float32{a.Beta}))})
	}
	switch {
	case a.Flatten && e.opset >= 13:
		shape := e.step("Shape", name+"_shape", []string{x})
		rows := e.step("Flatten", name+"_rows", []string{x}, axis)
		back := func(in, out string) error {
			e.emit("Reshape", out, []string{in, shape}, []string{out})
			return nil
		}
		return e.writeAs(n, n.Op, []string{rows}, []stage{back}, attribute{"axis", 1})
	case !a.Flatten:
		e.need(13)
	}
	return e.writeAs(n, n.Op, []string{x}, nil, axis)
}

// writeWhere writes Where; com.microsoft has QLinearWhere.
func writeWhere(e *encoder, n *graph.Node) error {
	values := &graph.Node{Inputs: n.Inputs[1:], Outputs: n.Outputs}
	if e.qop && e.quantizedNode(values) {
		in := []string{e.ref(n.Inputs[0])}
		for i, v := range []*graph.Value{n.Inputs[1], n.Inputs[2], n.Outputs[0]} {
			t, err := e.triple(v, i == 2)
			if err != nil {
				return err
			}
			in = append(in, t...)
		}
		e.emitIn(microsoft, "QLinearWhere", n.Name, in, outputs(n))
		return nil
	}
	return e.writeReal(n, nil)
}

// writeReduce writes the Reduce operators, whose axes are an attribute before operator set 18, of ReduceSum before 13.
// com.microsoft's QLinearReduceMean is not written: ONNX Runtime declares it and has no implementation of it on the CPU.
func writeReduce(e *encoder, n *graph.Node) error {
	a, axes := attrsOf[ops.Reduce](n), n.Input(1)
	since := 18
	if n.Op == "ReduceSum" {
		since = 13
	}
	x, err := e.real(n.Inputs[0])
	if err != nil {
		return err
	}
	if typeOf(n.Inputs[0]) == graph.Bool {
		e.need(20)
	}
	attrs := []attribute{{"keepdims", number(a.KeepDims)}}
	if a.NoopIfEmptyAxes {
		e.need(since)
		attrs = append(attrs, attribute{"noop_with_empty_axes", 1})
	}
	in := []string{x}
	switch {
	case axes == nil:
	case e.opset >= since || axes.Const == nil || axes.Const.Len() == 0:
		e.need(since)
		in = append(in, e.ref(axes))
	default:
		v, err := constInts(axes)
		if err != nil {
			return err
		}
		attrs = append(attrs, attribute{"axes", v})
	}
	return e.writeAs(n, n.Op, in, nil, attrs...)
}

// constInts returns the elements of a constant.
func constInts(v *graph.Value) ([]int, error) {
	if v.Const == nil {
		return nil, unsupportedf("%q is not constant", v.Name)
	}
	ints, err := v.Const.Ints()
	out := make([]int, len(ints))
	for i, x := range ints {
		out[i] = int(x)
	}
	return out, err
}

// writeArg writes ArgMax and ArgMin, with a Cast where the output is not int64.
func writeArg(e *encoder, n *graph.Node) error {
	a := attrsOf[ops.Arg](n)
	x, err := e.real(n.Inputs[0])
	if err != nil {
		return err
	}
	attrs := []attribute{{"axis", a.Axis}, {"keepdims", number(a.KeepDims)}}
	if a.SelectLast {
		attrs = append(attrs, attribute{"select_last_index", 1})
	}
	if d := n.Outputs[0].DType; d == graph.Invalid || d == graph.Int64 {
		return e.writeAs(n, n.Op, []string{x}, nil, attrs...)
	}
	to := int(dataTypeOf[n.Outputs[0].DType])
	narrow := func(in, out string) error {
		e.emit("Cast", out, []string{in}, []string{out}, attribute{"to", to})
		return nil
	}
	return e.writeAs(n, n.Op, []string{x}, []stage{narrow}, attrs...)
}

// writeTopK writes TopK.
func writeTopK(e *encoder, n *graph.Node) error {
	a := attrsOf[ops.TopK](n)
	return e.writeReal(n, nil, attribute{"axis", a.Axis}, attribute{"largest", number(a.Largest)}, attribute{"sorted", number(a.Sorted)})
}
