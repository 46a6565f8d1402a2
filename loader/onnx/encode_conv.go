package onnx

import (
	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/ops"
)

// windowAttrs writes the attributes of a sliding window.
func windowAttrs(w ops.Window, kernel []int) []attribute {
	pair := func(v [2]int) []int { return []int{max(v[0], 1), max(v[1], 1)} }
	out := []attribute{{"strides", pair(w.Strides)}}
	if kernel != nil {
		out = append(out, attribute{"kernel_shape", kernel})
	}
	if d := pair(w.Dilations); d[0] != 1 || d[1] != 1 {
		out = append(out, attribute{"dilations", d})
	}
	switch w.AutoPad {
	case ops.Explicit:
		out = append(out, attribute{"pads", w.Pads[:]})
	case ops.SameUpper:
		out = append(out, attribute{"auto_pad", "SAME_UPPER"})
	case ops.SameLower:
		out = append(out, attribute{"auto_pad", "SAME_LOWER"})
	case ops.Valid:
		out = append(out, attribute{"auto_pad", "VALID"})
	}
	return out
}

// convAttrs writes the attributes of a Conv node with weights OIHW (NCHW) or OHWI (NHWC).
func convAttrs(n *graph.Node) []attribute {
	a := attrsOf[ops.Conv](n)
	var kernel []int
	if s := n.Inputs[1].Shape; len(s) == 4 && a.Layout == ops.NCHW {
		kernel = s[2:4]
	} else if len(s) == 4 {
		kernel = s[1:3]
	}
	if !positive(kernel) {
		kernel = nil
	}
	return append(windowAttrs(a.Window, kernel), attribute{"group", max(a.Group, 1)})
}

// writeConv writes Conv: of int32 accumulators as ConvInteger, of quantized values as QLinearConv where that is wanted and
// possible, else as the float operator.
func writeConv(e *encoder, n *graph.Node) error {
	a, y := attrsOf[ops.Conv](n), n.Outputs[0]
	if y.DType == graph.Int32 && y.Quant == nil {
		return e.writeConvInteger(n)
	}
	if n.Input(4) != nil {
		return unsupportedf("a zero point at run time with an output that is not int32")
	}
	if e.qop && quantizedProduct(n) && a.Layout == ops.NCHW && idle(a.Clamp, y) && n.Input(3) == nil && a.Function == nil {
		return e.writeQLinear(n, "", "QLinearConv", convAttrs(n)...)
	}
	x, err := e.picture(n.Inputs[0], a.Layout)
	if err != nil {
		return err
	}
	w, err := e.real(n.Inputs[1])
	if a.Layout == ops.NHWC {
		w, err = e.transposed(n.Inputs[1], []int{0, 3, 1, 2})
	}
	if err != nil {
		return err
	}
	bias, err := e.bias(n, 0)
	if err != nil {
		return err
	}
	stages, err := e.residual(n, a.Sum, a.Layout)
	if err != nil {
		return err
	}
	stages = append(stages, e.clamp(a.Clamp))
	if n.Input(3) == nil { // a residual is already in the node's own layout
		stages = append(stages, e.channelsLast(a.Layout))
	}
	stages = append(stages, e.function(n.Outputs[0], a.Function))
	return e.writeAs(n, "Conv", []string{x, w, bias}, stages, convAttrs(n)...)
}

// quantizedProduct reports whether a node multiplies quantized data by quantized weights to a result quantized per tensor.
func quantizedProduct(n *graph.Node) bool {
	x, w, y := n.Inputs[0], n.Inputs[1], n.Outputs[0]
	byte8 := func(v *graph.Value) bool { return v.DType == graph.Int8 || v.DType == graph.Uint8 }
	return x.Quant != nil && w.Quant != nil && y.Quant != nil && x.Quant.IsPerTensor() && y.Quant.IsPerTensor() &&
		byte8(x) && byte8(w) && byte8(y) && w.Quant.Table == nil && w.Quant.Block == 0
}

// bias returns input 2 of a product as real numbers: int32 at the scale of data times weights, whose output channels are axis
// channel, unless it has its own quantization.
func (e *encoder) bias(n *graph.Node, channel int) (string, error) {
	b, x, w := n.Input(2), n.Inputs[0].Quant, n.Inputs[1].Quant
	if b == nil || b.Quant != nil || b.DType != graph.Int32 {
		return e.real(b)
	}
	if x == nil || w == nil || !x.IsPerTensor() || w.Block > 0 || !w.IsPerTensor() && w.Axis != channel {
		return "", unsupportedf("bias %q: int32 beside data or weights without one scale per channel", b.Name)
	}
	q := &graph.Quant{Scale: make([]float32, len(w.Scale)), Axis: max(len(b.Shape)-1, 0)}
	for i, s := range w.Scale {
		q.Scale[i] = x.Scale[0] * s
	}
	name := e.fresh(b.Name + "_dequantized")
	return name, e.dequantize(b, q, name, name)
}

// residual returns the stages that round a product to its own quantization, where it has one, and add input 3; none where
// there is no residual. Both are in the node's layout.
func (e *encoder) residual(n *graph.Node, sum *ops.SumQuant, layout ops.Layout) ([]stage, error) {
	r, y := n.Input(3), n.Outputs[0]
	if r == nil {
		return nil, nil
	}
	other, err := e.real(r)
	if err != nil {
		return nil, err
	}
	stages := []stage{e.channelsLast(layout)}
	if sum != nil && y.Quant != nil {
		part := &graph.Value{Name: y.Name + "_part", DType: y.DType, Quant: graph.PerTensor(sum.Scale, sum.Zero)}
		stages = append(stages, e.clamp(sum.Clamp), func(in, out string) error {
			if _, err := e.round(part, in); err != nil {
				return err
			}
			return e.dequantize(part, part.Quant, out, out)
		})
	}
	return append(stages, func(in, out string) error {
		e.emit("Add", out, []string{in, other}, []string{out})
		return nil
	}), nil
}

// round writes the integers of v, which is no value of the graph, that real numbers become, and returns their name.
func (e *encoder) round(v *graph.Value, in string) (string, error) {
	ints := e.fresh(v.Name)
	e.names[v] = ints
	return ints, e.quantize(v, in, ints, ints)
}

// function is the stage that rounds a result to the argument of a function of bytes and looks it up in the table of the
// function, whose bytes are those of y; nil where there is no function.
func (e *encoder) function(y *graph.Value, f *ops.ByteFunction) stage {
	if f == nil {
		return nil
	}
	return func(in, out string) error {
		argument := &graph.Value{Name: y.Name + "_argument", DType: graph.Uint8, Quant: graph.PerTensor(f.Scale, f.Zero)}
		ints, err := e.round(argument, in)
		if err != nil {
			return err
		}
		index := e.step("Cast", y.Name+"_index", []string{ints}, attribute{"to", int(dataTypeOf[graph.Int32])})
		table := e.constant(y.Name+"_table", f.Table)
		result := &graph.Value{Name: y.Name + "_looked_up", DType: y.DType, Quant: y.Quant}
		e.names[result] = e.step("Gather", result.Name, []string{table, index}, attribute{"axis", 0})
		return e.dequantize(result, y.Quant, out, out)
	}
}

// zeroPoint returns the name of the zero point of integer operand v: a run-time one, or that of its Quant, "" for 0.
func (e *encoder) zeroPoint(v, zero *graph.Value) string {
	if zero != nil {
		return e.ref(zero)
	}
	if v.Quant == nil {
		return ""
	}
	for i := range v.Quant.Scale {
		if v.Quant.ZeroAt(i) != 0 {
			s := graph.Shape{len(v.Quant.Scale)}
			if v.Quant.IsPerTensor() {
				s = nil
			}
			return e.zeros(v.Name, v.DType, v.Quant, s)
		}
	}
	return ""
}

// typeOf returns the type of v where it is declared or a consequence of the node that makes it, else Invalid.
func typeOf(v *graph.Value) graph.DType {
	for v != nil && v.DType == graph.Invalid && v.Producer != nil {
		switch p := v.Producer; p.Op {
		case "Cast":
			return attrsOf[ops.Cast](p).To
		case "Add", "Sub", "Mul", "Identity", "Reshape", "Squeeze", "Transpose", "Unsqueeze":
			v = p.Inputs[0]
		default:
			return graph.Invalid
		}
	}
	if v == nil {
		return graph.Invalid
	}
	return v.DType
}

// writeConvInteger writes ConvInteger and, for a bias, an Add.
func (e *encoder) writeConvInteger(n *graph.Node) error {
	a, x, w := attrsOf[ops.Conv](n), n.Inputs[0], n.Inputs[1]
	for _, v := range []*graph.Value{x, w} {
		if d := typeOf(v); d.Valid() && d != graph.Int8 && d != graph.Uint8 {
			return unsupportedf("ConvInteger of %v", d)
		}
	}
	if a.Layout != ops.NCHW || a.Clamp.On || n.Input(3) != nil || w.Quant != nil && w.Quant.Table != nil {
		return unsupportedf("int32 accumulators with channels last, a clamp, a residual or a codebook")
	}
	in := []string{e.ref(x), e.ref(w), e.zeroPoint(x, n.Input(4)), e.zeroPoint(w, nil)}
	var stages []stage
	if b := n.Input(2); b != nil {
		shape := e.constant(b.Name+"_shape", graph.Int64s([]int64{1, -1, 1, 1}, 4))
		column := e.step("Reshape", b.Name+"_column", []string{e.ref(b), shape})
		stages = append(stages, func(in, out string) error {
			e.emit("Add", out, []string{in, column}, []string{out})
			return nil
		})
	}
	return e.writeAs(n, "ConvInteger", in, stages, convAttrs(n)...)
}

// writePool writes MaxPool and AveragePool.
func writePool(e *encoder, n *graph.Node) error {
	a := attrsOf[ops.Pool](n)
	attrs := windowAttrs(a.Window, a.Kernel[:])
	if a.Ceil {
		attrs = append(attrs, attribute{"ceil_mode", 1})
	}
	if a.CountIncludePad {
		attrs = append(attrs, attribute{"count_include_pad", 1})
	}
	if a.ColumnMajor {
		attrs = append(attrs, attribute{"storage_order", 1})
	}
	if n.Op == "AveragePool" && (a.Dilations[0] > 1 || a.Dilations[1] > 1) {
		e.need(19)
	}
	plain := a.Layout == ops.NCHW && !a.Clamp.On
	if n.Op == "MaxPool" && plain {
		return e.writeMoved(n, 1, attrs...)
	}
	if len(n.Outputs) > 1 && n.Outputs[1] != nil {
		return unsupportedf("indices of a pool with channels last or a clamp")
	}
	if e.qop && plain && e.quantizedNode(n) {
		return e.writeQLinear(n, microsoft, "QLinearAveragePool", attrs...)
	}
	x, err := e.picture(n.Inputs[0], a.Layout)
	if err != nil {
		return err
	}
	return e.writeAs(n, n.Op, []string{x}, []stage{e.clamp(a.Clamp), e.channelsLast(a.Layout)}, attrs...)
}

// writeGlobalPool writes GlobalAveragePool and GlobalMaxPool.
func writeGlobalPool(e *encoder, n *graph.Node) error {
	a := attrsOf[ops.GlobalPool](n)
	if e.qop && n.Op == "GlobalAveragePool" && e.quantizedNode(n) {
		return e.writeQLinear(n, microsoft, "QLinearGlobalAveragePool", attribute{"channels_last", number(a.Layout == ops.NHWC)})
	}
	x, err := e.picture(n.Inputs[0], a.Layout)
	if err != nil {
		return err
	}
	return e.writeAs(n, n.Op, []string{x}, []stage{e.channelsLast(a.Layout)})
}
