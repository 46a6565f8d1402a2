package tflite

import (
	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/ops"
)

// TensorFlow Lite computes convolutions and dense layers with float data and quantized weights ("hybrid") on integers: each
// image or row of the data is quantized by itself at run time, and the int32 sums are scaled.

// hybrid describes how the data of such a layer are quantized.
type hybrid struct {
	axes      int // of the data that number the images or rows
	symmetric bool
}

// isHybrid reports whether the layer with weights w is computed so: the data are float32, and the weights are constant
// integers of at most 8 bits about 0, with one scale or one for each output channel.
func (c *call) isHybrid(w *graph.Value) bool {
	if c.in[0].DType != graph.Float32 || w.Const == nil || w.Quant == nil || w.DType != graph.Int8 && w.DType != graph.Int4 {
		return false
	}
	for i := range w.Quant.Scale {
		if w.Quant.ZeroAt(i) != 0 {
			return false
		}
	}
	b := c.real(c.input(2))
	return w.Quant.Block == 0 && (w.Quant.IsPerTensor() || w.Quant.Axis == 0) && (b == nil || b.Const != nil)
}

// hybridLayer adds the nodes of a hybrid layer: op with the given attributes on data x, and weights w, made into y. Sums have
// output channels last.
func (c *call) hybridLayer(op string, attrs any, x, w *graph.Value, h hybrid, clamp ops.Clamp, y *graph.Value) {
	data, scale := c.temp("_data", graph.Uint8, nil), c.temp("_scale", graph.Float32, nil)
	zero := c.made("_zero", &graph.Tensor{DType: graph.Uint8, Shape: graph.Shape{1}, Data: []byte{128}})
	outputs := []*graph.Value{data, scale}
	if !h.symmetric {
		zero = c.temp("_zero", graph.Uint8, nil)
		outputs = append(outputs, zero)
	}
	c.emit("DynamicQuantize", &ops.DynamicQuantize{Axes: h.axes, Symmetric: h.symmetric}, []*graph.Value{x}, outputs...)
	sums := c.temp("_sums", graph.Int32, nil)
	c.emit(op, attrs, []*graph.Value{data, w, nil, nil, zero}, sums)
	scales := c.made("_weights_scale", graph.Float32s(w.Quant.Scale, len(w.Quant.Scale)))
	c.emit("ScaleAccumulators", &ops.ScaleAccumulators{Clamp: clamp}, []*graph.Value{sums, scale, scales, c.real(c.input(2))}, y)
}
