package tflite

import (
	"math"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/ops"
)

// clamps are the fused activations, by ActivationFunctionType, that only cut.
var clamps = map[byte]ops.Clamp{
	activationNone:      {},
	activationRelu:      {On: true, Lo: 0, Hi: float32(math.Inf(1))},
	activationReluN1To1: {On: true, Lo: -1, Hi: 1},
	activationRelu6:     {On: true, Lo: 0, Hi: 6},
}

// fused reads the fused activation in field id of the options. It returns the clamp for the operator's attributes and the
// value that the operator is to produce: output 0, or one before it where a node for the activation follows.
func (c *call) fused(id int) (ops.Clamp, *graph.Value, error) {
	kind := c.opt.byte(id)
	if clamp, ok := clamps[kind]; ok {
		return clamp, c.out[0], nil
	}
	if kind == activationTanh && c.out[0].Quant == nil {
		y := c.like(c.out[0], "_linear")
		c.then("Tanh", nil, []*graph.Value{y}, c.out[0])
		return ops.Clamp{}, y, nil
	}
	return ops.Clamp{}, nil, unsupportedf("fused activation number %d", kind)
}

// fusedAfter is fused for operators whose attributes have no clamp: it becomes a node as well.
func (c *call) fusedAfter(id int) (*graph.Value, error) {
	clamp, y, err := c.fused(id)
	if err != nil || !clamp.On {
		return y, err
	}
	x := c.like(y, "_linear")
	c.tail = append([]func(){func() { c.cut(x, clamp, y) }}, c.tail...)
	return x, nil
}

// cut appends the node that clamps x to y.
func (c *call) cut(x *graph.Value, clamp ops.Clamp, y *graph.Value) {
	lo, hi := clamp.Bounds()
	if lo == 0 && math.IsInf(float64(hi), 1) {
		c.emit("Relu", nil, []*graph.Value{x}, y)
		return
	}
	d := graph.Float32
	if x.DType.IsFloat() {
		d = x.DType
	}
	c.emit("Clip", nil, []*graph.Value{x, c.scalar("_min", d, float64(lo)), c.scalar("_max", d, float64(hi))}, y)
}

// clip converts operators that are a clamp.
func clip(lo, hi float32) func(*call) error {
	return func(c *call) error {
		c.cut(c.in[0], ops.Clamp{On: true, Lo: lo, Hi: hi}, c.out[0])
		return nil
	}
}
