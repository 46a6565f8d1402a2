package tflite

import (
	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/ops"
)

// quantize converts QUANTIZE: of floats, or from one quantization to another.
func quantize(c *call) error {
	x, y := c.in[0], c.out[0]
	if y.Quant == nil {
		return formatErrorf("the output of type %v has no quantization", y.DType)
	}
	switch {
	case x.DType.IsFloat():
		c.emit("Quantize", nil, []*graph.Value{x}, y)
	case x.Quant != nil:
		c.emit("Requantize", nil, []*graph.Value{x}, y)
	default:
		return formatErrorf("the input of type %v has no quantization", x.DType)
	}
	return nil
}

// dequantize converts DEQUANTIZE: of quantized integers, or of 16-bit floats.
func dequantize(c *call) error {
	x, y := c.in[0], c.out[0]
	switch {
	case !y.DType.IsFloat():
		return formatErrorf("output of type %v", y.DType)
	case x.DType.IsFloat():
		c.emit("Cast", &ops.Cast{To: y.DType}, []*graph.Value{x}, y)
	case x.Quant != nil:
		c.emit("Dequantize", nil, []*graph.Value{x}, y)
	default:
		return formatErrorf("the input of type %v has no quantization", x.DType)
	}
	return nil
}

// cast converts CAST, of the stored numbers.
func cast(c *call) error {
	c.emit("Cast", &ops.Cast{To: c.out[0].DType}, c.in, c.out[0])
	return nil
}
