package main

// property is one entry of the model's metadata.
type property struct{ key, value string }

// graphWriter collects the nodes and initializers of a GraphProto.
type graphWriter struct{ nodes, initializers []message }

// encodeONNX returns the network as an ONNX model, opset 13, in QDQ form: every activation passes a QuantizeLinear and a
// DequantizeLinear, every weight and bias a DequantizeLinear. Input image [N 1 28 28] float32 in 0..1, output
// probabilities [N 10].
func (q *quantNet) encodeONNX(properties []property) []byte {
	var w graphWriter
	x := w.qdq("image", q[0].in)
	x = w.conv(x, &q[0], "1")
	x = w.conv(x, &q[1], "2")
	x = w.node("Flatten", "flatten", []string{x}, integerAttr("axis", 1))
	x = w.qdq(x, q[2].in)
	weights, bias := w.weights(&q[2])
	x = w.node("Gemm", "dense", []string{x, weights, bias}, integerAttr("transB", 1))
	x = w.qdq(x, q[2].out)
	x = w.node("Softmax", "probabilities", []string{x}, integerAttr("axis", 1))

	var graph, opset, model message
	for _, n := range w.nodes {
		graph.bytes(1, n)
	}
	graph.text(2, "digits")
	for _, t := range w.initializers {
		graph.bytes(5, t)
	}
	graph.bytes(11, valueProto("image", 1, side, side))
	graph.bytes(12, valueProto(x, classes))
	opset.text(1, "")
	opset.integer(2, 13)
	model.integer(1, 7)
	model.text(2, "octet")
	model.bytes(7, graph)
	model.bytes(8, opset)
	for _, p := range properties {
		var entry message
		entry.text(1, p.key)
		entry.text(2, p.value)
		model.bytes(14, entry)
	}
	return model
}

// node appends a node and returns its output's name.
func (w *graphWriter) node(op, output string, inputs []string, attrs ...message) string {
	w.nodes = append(w.nodes, nodeProto(op, output, inputs, attrs...))
	return output
}

// constant appends an initializer and returns its name.
func (w *graphWriter) constant(name string, dtype int64, raw []byte, dims ...int) string {
	w.initializers = append(w.initializers, tensorProto(name, dtype, raw, dims...))
	return name
}

// qdq quantizes and dequantizes x and returns the dequantized value's name.
func (w *graphWriter) qdq(x string, a affine) string {
	scale := w.constant(x+"_scale", onnxFloat, rawFloats(a.scale))
	zero := w.constant(x+"_zero_point", onnxUint8, []byte{a.zeroPoint})
	y := w.node("QuantizeLinear", x+"_quantized", []string{x, scale, zero})
	return w.node("DequantizeLinear", x+"_dequantized", []string{y, scale, zero})
}

// weights appends the layer's dequantized weights and bias and returns their names.
func (w *graphWriter) weights(l *quantLayer) (weights, bias string) {
	oc := len(l.bias)
	biasScale := make([]float32, oc)
	for o := range biasScale {
		biasScale[o] = l.in.scale * l.scale[o]
	}
	perChannel := func(name string, dtype int64, raw []byte, scale []float32, dims ...int) string {
		q := w.constant(name+"_quantized", dtype, raw, dims...)
		s := w.constant(name+"_scale", onnxFloat, rawFloats(scale...), oc)
		z := w.constant(name+"_zero_point", dtype, make([]byte, oc*len(raw)/product(dims)), oc)
		return w.node("DequantizeLinear", name, []string{q, s, z}, integerAttr("axis", 0))
	}
	weights = perChannel(l.name+"_weights", onnxInt8, rawInt8s(l.weights), l.scale, l.shape...)
	bias = perChannel(l.name+"_bias", onnxInt32, rawInts(l.bias), biasScale, oc)
	return weights, bias
}

// conv appends the convolution l, its relu and its pool, named by number.
func (w *graphWriter) conv(x string, l *quantLayer, number string) string {
	weights, bias := w.weights(l)
	x = w.node("Conv", l.name, []string{x, weights, bias}, integersAttr("kernel_shape", kernel, kernel))
	x = w.node("Relu", "relu"+number, []string{x})
	x = w.qdq(x, l.out)
	x = w.node("MaxPool", "pool"+number, []string{x}, integersAttr("kernel_shape", 2, 2), integersAttr("strides", 2, 2))
	return w.qdq(x, l.out)
}

// product returns the number of elements of dims.
func product(dims []int) int {
	n := 1
	for _, d := range dims {
		n *= d
	}
	return n
}
