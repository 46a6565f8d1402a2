package main

import (
	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/loader/onnx"
	"github.com/octet-ml/octet/ops"
)

// encodeONNX returns the network as an ONNX model, opset 13, that carries the metadata.
func (q *quantNet) encodeONNX(metadata map[string]string) ([]byte, error) {
	return onnx.Encode(q.model(metadata), onnx.WriteOptions{})
}

// model returns the network as a graph in QDQ form: every activation passes a Quantize and a Dequantize, every weight and
// bias a Dequantize, and every other operator works on real numbers. Input image [N 1 28 28] float32 in 0..1, output
// probabilities [N 10].
func (q *quantNet) model(metadata map[string]string) *graph.Graph {
	b := builder{&graph.Graph{Name: "digits", Metadata: metadata}}
	x := b.AddInput("image", graph.Float32, graph.Shape{graph.Batch, 1, side, side})
	x = b.qdq(x, q[0].in)
	x = b.conv(x, &q[0], "1")
	x = b.conv(x, &q[1], "2")
	x = b.node("Flatten", "flatten", &ops.Flatten{Axis: 1}, x)
	x = b.qdq(x, q[2].in)
	weights, bias := b.parameters(&q[2])
	x = b.node("Gemm", "dense", &ops.Gemm{Alpha: 1, Beta: 1, TransB: true}, x, weights, bias)
	x = b.qdq(x, q[2].out)
	x = b.node("Softmax", "probabilities", &ops.Softmax{Axis: 1}, x)
	x.DType, x.Shape = graph.Float32, graph.Shape{graph.Batch, classes}
	b.Outputs = []*graph.Value{x}
	return b.Graph
}

// builder appends to a graph.
type builder struct{ *graph.Graph }

// node appends a node and returns its one output, which has its name.
func (b builder) node(op, name string, attrs any, inputs ...*graph.Value) *graph.Value {
	return b.Add(op, name, attrs, inputs, name).Outputs[0]
}

// qdq quantizes and dequantizes x and returns the dequantized value.
func (b builder) qdq(x *graph.Value, a affine) *graph.Value {
	y := b.node("Quantize", x.Name+"_quantized", nil, x)
	y.DType, y.Quant = graph.Uint8, graph.PerTensor(a.scale, int32(a.zeroPoint))
	return b.node("Dequantize", x.Name+"_dequantized", nil, y)
}

// parameters returns the layer's dequantized weights and bias.
func (b builder) parameters(l *quantLayer) (weights, bias *graph.Value) {
	integers := graph.NewTensor(graph.Int8, l.shape...)
	for i, w := range l.weights {
		integers.SetInt(i, int64(w))
	}
	biasScale := make([]float32, len(l.bias))
	for o := range biasScale {
		biasScale[o] = l.in.scale * l.scale[o]
	}
	weights = b.dequantized(l.name+"_weights", integers, l.scale)
	bias = b.dequantized(l.name+"_bias", graph.Int32s(l.bias, len(l.bias)), biasScale)
	return weights, bias
}

// dequantized returns integers, with one scale per output channel and zero point 0, as real numbers.
func (b builder) dequantized(name string, integers *graph.Tensor, scale []float32) *graph.Value {
	c := graph.NewConst(name+"_quantized", integers)
	c.Quant = &graph.Quant{Scale: scale, Axis: 0}
	return b.node("Dequantize", name, nil, c)
}

// conv appends the convolution l, its relu and its pool, named by number.
func (b builder) conv(x *graph.Value, l *quantLayer, number string) *graph.Value {
	weights, bias := b.parameters(l)
	x = b.node("Conv", l.name, &ops.Conv{}, x, weights, bias)
	x = b.node("Relu", "relu"+number, nil, x)
	x = b.qdq(x, l.out)
	half := &ops.Pool{Window: ops.Window{Strides: [2]int{2, 2}}, Kernel: [2]int{2, 2}}
	x = b.node("MaxPool", "pool"+number, half, x)
	return b.qdq(x, l.out)
}
