package onnx

import (
	"slices"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/ops"
)

// writers returns one row for each operator of package ops: the function that writes a node of it. It is no variable, so
// that a program that only reads models links no encoder.
func writers() map[string]func(e *encoder, n *graph.Node) error {
	return map[string]func(e *encoder, n *graph.Node) error{
		"Conv": writeConv, "Dense": writeDense, "Gemm": writeGemm, "MatMul": writeMatMul,
		"MaxPool": writePool, "AveragePool": writePool, "GlobalAveragePool": writeGlobalPool, "GlobalMaxPool": writeGlobalPool,
		"BatchNormalization": writeBatchNormalization, "LRN": writeLRN, "InstanceNormalization": writeInstanceNormalization,
		"GroupNormalization": writeGroupNormalization, "LayerNormalization": writeLayerNormalization,

		"Add": writeArithmetic, "Sub": writeArithmetic, "Mul": writeArithmetic, "Div": writeArithmetic, "Mod": writeMod,
		"Max": writeReal, "Min": writeReal, "Sum": writeReal, "Mean": writeReal, "Pow": writeReal, "PRelu": writeReal,
		"Equal": writeReal, "Greater": writeReal, "GreaterOrEqual": writeReal, "Less": writeReal, "LessOrEqual": writeReal,
		"And": writeReal, "Or": writeReal, "Xor": writeReal, "Not": writeReal, "Where": writeWhere,

		"Relu": narrowSince14, "Sigmoid": writeSigmoid, "Tanh": writeReal, "HardSwish": since(14, writeReal), "Mish": since(18, writeReal),
		"Softplus": writeReal, "Softsign": writeReal, "Abs": writeReal, "Neg": writeReal, "Exp": writeReal, "Log": writeReal,
		"Sqrt": writeReal, "Reciprocal": writeReal, "Erf": writeReal, "Sin": writeReal, "Cos": writeReal, "Ceil": writeReal,
		"Floor": writeReal, "Round": writeReal, "Sign": writeReal, "Relu6": writeRelu6,
		"HardSigmoid": writeHardSigmoid, "Swish": writeSwish, "Gelu": writeGelu, "Elu": writeElu, "Celu": writeCelu, "Selu": writeSelu,
		"LeakyRelu": writeLeakyRelu, "ThresholdedRelu": writeThresholdedRelu, "Clip": writeReal,
		"Softmax": writeSoftmax, "LogSoftmax": writeSoftmax,

		"ReduceMean": writeReduce, "ReduceSum": writeReduce, "ReduceMax": writeReduce, "ReduceMin": writeReduce,
		"ReduceProd": writeReduce, "ReduceSumSquare": writeReduce, "ReduceL1": writeReduce, "ReduceL2": writeReduce,
		"ArgMax": writeArg, "ArgMin": writeArg, "TopK": writeTopK, "Cast": writeCast,

		"Identity": writeMoved, "Flatten": writeFlatten, "Transpose": writeTranspose, "Tile": writeMoved, "Gather": writeGather,
		"Squeeze": writeSqueeze, "Unsqueeze": writeSqueeze, "Reshape": writeReshape, "Expand": writeExpand, "Slice": writeMoved,
		"Concat": writeConcat, "Split": writeSplit, "Pad": writePad, "DepthToSpace": writeDepthToSpace, "SpaceToDepth": writeDepthToSpace,
		"Shape": writeShape, "Size": writeShape, "ConstantOfShape": writeConstantOfShape, "Resize": writeResize,

		"Quantize": writeQuantize, "Dequantize": writeDequantize, "Requantize": writeRequantize, "Reinterpret": writeReinterpret,
		"QuantizeLinear": writeQuantizeLinear, "DequantizeLinear": writeQuantizeLinear, "DynamicQuantizeLinear": writePlain,
		"DynamicQuantize": writeHybrid, "ScaleAccumulators": writeHybrid,
	}
}

// writeHybrid refuses the operators that TensorFlow Lite's hybrid layers are made of: ONNX quantizes whole tensors at run
// time, not each image, and rounds half to even.
func writeHybrid(*encoder, *graph.Node) error {
	return unsupportedf("data that are quantized image by image at run time have no ONNX form")
}

// since writes an operator that exists from an operator set on.
func since(opset int, write func(e *encoder, n *graph.Node) error) func(e *encoder, n *graph.Node) error {
	return func(e *encoder, n *graph.Node) error {
		e.need(opset)
		return write(e, n)
	}
}

// narrowSince14 writes Relu and arithmetic, which take integers narrower than 32 bits since operator set 14.
func narrowSince14(e *encoder, n *graph.Node) error {
	if d := typeOf(n.Inputs[0]); n.Inputs[0].Quant == nil && d.IsInteger() && d.Bits() < 32 {
		e.need(14)
	}
	return e.writeReal(n, []stage{e.clamp(attrsOf[ops.Arithmetic](n).Clamp)})
}

// attrsOf returns a node's attribute struct, or one with zero values where it has none.
func attrsOf[T any](n *graph.Node) *T {
	if a, ok := n.Attrs.(*T); ok && a != nil {
		return a
	}
	return new(T)
}

// number is how ONNX writes booleans.
func number(b bool) int {
	if b {
		return 1
	}
	return 0
}

// realInputs returns the inputs of a node as real numbers.
func (e *encoder) realInputs(n *graph.Node) ([]string, error) {
	in := make([]string, len(n.Inputs))
	for i, v := range n.Inputs {
		var err error
		if in[i], err = e.real(v); err != nil {
			return nil, err
		}
	}
	return in, nil
}

// writeReal writes an operator on real numbers: quantized inputs are dequantized, a quantized output is quantized.
func writeReal(e *encoder, n *graph.Node) error { return e.writeReal(n, nil) }

// writeReal writes the operator of the node on its inputs as real numbers, its output 0 by way of the stages.
func (e *encoder) writeReal(n *graph.Node, stages []stage, attrs ...attribute) error {
	in, err := e.realInputs(n)
	if err != nil {
		return err
	}
	if y := n.Outputs[0]; y != nil && y.DType == graph.Invalid && n.Inputs[0] != nil && n.Inputs[0].Quant != nil {
		return unsupportedf("quantized input and an output of unknown type")
	}
	return e.writeAs(n, n.Op, in, stages, attrs...)
}

// writeAs writes op with the given inputs, the node's name and its outputs, the first by way of the stages.
func (e *encoder) writeAs(n *graph.Node, op string, in []string, stages []stage, attrs ...attribute) error {
	k := e.result(n, stages...)
	out := outputs(n)
	out[0] = k.name
	e.emit(op, n.Name, in, out, attrs...)
	return k.finish()
}

// writePlain writes an operator on the numbers as they are stored.
func writePlain(e *encoder, n *graph.Node) error {
	e.emit(n.Op, n.Name, e.refs(n.Inputs), outputs(n))
	return nil
}

// moves reports whether a node keeps the integers of its quantized data, its inputs up to data, so that it can be written as
// it is.
func moves(n *graph.Node, data int) bool {
	q := n.Inputs[0].Quant
	for _, v := range n.Inputs[:data] {
		if !q.Equal(v.Quant) {
			return false
		}
	}
	for _, v := range n.Outputs {
		if v != nil && v.DType != graph.Invalid && v.Quant != nil && q != nil && !q.Equal(v.Quant) {
			return false
		}
	}
	return q == nil || q.Table == nil && q.IsPerTensor()
}

// writeMoved writes an operator that moves the elements of input 0.
func writeMoved(e *encoder, n *graph.Node) error { return e.writeMoved(n, 1) }

// writeMoved writes an operator that moves elements of its first data inputs: on integers where their quantization stays,
// else on real numbers.
func (e *encoder) writeMoved(n *graph.Node, data int, attrs ...attribute) error {
	if !moves(n, data) {
		return e.writeReal(n, nil, attrs...)
	}
	e.emit(n.Op, n.Name, e.refs(n.Inputs), outputs(n), attrs...)
	return nil
}

// writeQuantize writes QuantizeLinear with constant parameters.
func writeQuantize(e *encoder, n *graph.Node) error {
	return e.quantize(n.Outputs[0], e.ref(n.Inputs[0]), n.Name, n.Outputs[0].Name)
}

// writeDequantize writes DequantizeLinear, whose output has the type of its scale: another float type is cast to.
func writeDequantize(e *encoder, n *graph.Node) error {
	x, y := n.Inputs[0], n.Outputs[0]
	if x.Quant == nil {
		return unsupportedf("input %q has no quantization", x.Name)
	}
	if y.DType == graph.Invalid || y.DType == graph.Float32 {
		return e.dequantize(x, x.Quant, n.Name, y.Name)
	}
	name := e.fresh(y.Name + "_f32")
	if err := e.dequantize(x, x.Quant, n.Name, name); err != nil {
		return err
	}
	e.emit("Cast", y.Name, []string{name}, []string{y.Name}, attribute{"to", int(dataTypeOf[y.DType])})
	return nil
}

// writeRequantize writes DequantizeLinear and QuantizeLinear.
func writeRequantize(e *encoder, n *graph.Node) error {
	x, err := e.real(n.Inputs[0])
	if err != nil {
		return err
	}
	return e.quantize(n.Outputs[0], x, n.Name, n.Outputs[0].Name)
}

// writeReinterpret gives the output the input's name: in ONNX the consumers say what integers mean.
func writeReinterpret(e *encoder, n *graph.Node) error {
	x, y := n.Inputs[0], n.Outputs[0]
	if x.DType.Valid() && y.DType != x.DType {
		return unsupportedf("bits of %v as %v", x.DType, y.DType)
	}
	e.names[y] = e.ref(x)
	return nil
}

// writeQuantizeLinear writes QuantizeLinear and DequantizeLinear with run-time parameters.
func writeQuantizeLinear(e *encoder, n *graph.Node) error {
	a := attrsOf[ops.QuantizeLinear](n)
	var attrs []attribute
	if e.opset >= 13 || a.Axis != 1 {
		e.need(13)
		attrs = append(attrs, attribute{"axis", a.Axis})
	}
	if a.Block > 0 {
		e.need(21)
		attrs = append(attrs, attribute{"block_size", a.Block})
	}
	if z := n.Input(2); n.Op == "QuantizeLinear" && a.To != graph.Invalid && (z == nil && a.To != graph.Uint8) {
		e.need(21)
		attrs = append(attrs, attribute{"output_dtype", int(dataTypeOf[a.To])})
	}
	d := a.To
	if n.Op == "DequantizeLinear" {
		d = typeOf(n.Inputs[0])
	}
	switch d {
	case graph.Int4, graph.Uint4, graph.Int16, graph.Uint16:
		e.need(21)
	}
	if s := n.Inputs[1]; s.DType == graph.Float16 || s.DType == graph.BFloat16 {
		e.need(19)
	}
	e.emit(n.Op, n.Name, e.refs(n.Inputs), outputs(n), attrs...)
	return nil
}

// writeCast writes Cast, which converts the numbers as they are stored.
func writeCast(e *encoder, n *graph.Node) error {
	to := attrsOf[ops.Cast](n).To
	if to == graph.Int4 || to == graph.Uint4 {
		e.need(21)
	}
	if to == graph.BFloat16 {
		e.need(13)
	}
	if dataTypeOf[to] == 0 {
		return unsupportedf("cast to %v", to)
	}
	e.emit("Cast", n.Name, e.refs(n.Inputs), outputs(n), attribute{"to", int(dataTypeOf[to])})
	return nil
}

// flattensSoftmax reports whether a node is the Softmax of operator sets before 13.
func flattensSoftmax(n *graph.Node) bool {
	return (n.Op == "Softmax" || n.Op == "LogSoftmax") && attrsOf[ops.Softmax](n).Flatten
}

// transposed returns a copy of constant v with its axes permuted, or the Transpose of another value, as real numbers.
func (e *encoder) transposed(v *graph.Value, perm []int) (string, error) {
	if slices.IsSorted(perm) {
		return e.real(v)
	}
	if v.Const == nil || v.Quant != nil && ops.PermuteQuant(v.Quant, perm) == nil {
		name, err := e.real(v)
		return e.step("Transpose", v.Name+"_transposed", []string{name}, attribute{"perm", perm}), err
	}
	return e.real(e.permuted(v, perm))
}

// permuted returns constant v with its axes permuted.
func (e *encoder) permuted(v *graph.Value, perm []int) *graph.Value {
	p := graph.NewConst(e.fresh(v.Name+"_transposed"), ops.PermuteTensor(v.Const, perm))
	p.Quant = ops.PermuteQuant(v.Quant, perm)
	return p
}
