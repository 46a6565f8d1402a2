package onnx

import (
	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/ops"
)

// window is the sliding window of a node: its attributes brought to two spatial axes.
type window struct {
	ops.Window
	kernel [2]int // 0 where the file does not state it
	flat   bool   // the node has one spatial axis, which becomes the width of a picture of height 1
}

// maxExtent bounds kernels, strides, dilations and pads, so that no size computed from them overflows.
const maxExtent = 1 << 24

// window reads auto_pad, dilations, kernel_shape, pads and strides (Conv, AveragePool, MaxPool). Where no attribute tells
// the number of spatial axes, the rank of one of the values does, less its two other axes.
func (c *call) window(values ...*graph.Value) (window, error) {
	kernel, strides := c.intsAttr("kernel_shape"), c.intsAttr("strides")
	dilations, pads := c.intsAttr("dilations"), c.intsAttr("pads")
	axes := -1
	for _, n := range []int{len(kernel), len(strides), len(dilations), len(pads) / 2} {
		if n > 0 && axes < 0 {
			axes = n
		}
	}
	for _, v := range values {
		if rank := c.info(v).rank; axes < 0 && rank > 2 {
			axes = rank - 2
		}
	}
	if axes < 0 {
		axes = 2
	}
	if axes > 2 {
		return window{}, unsupportedf("%d spatial axes: want 1 or 2", axes)
	}
	w := window{flat: axes == 1}
	w.Strides, w.Dilations = [2]int{1, 1}, [2]int{1, 1}
	lists := []struct {
		name      string
		from      []int
		to        []int
		low, each int
	}{
		{"kernel_shape", kernel, w.kernel[:], 1, 1}, {"strides", strides, w.Strides[:], 1, 1},
		{"dilations", dilations, w.Dilations[:], 1, 1}, {"pads", pads, w.Pads[:], 0, 2},
	}
	for _, l := range lists {
		if err := spread(l.name, l.from, l.to, axes*l.each, l.low, w.flat); err != nil {
			return window{}, err
		}
	}
	modes := map[string]ops.AutoPad{"NOTSET": ops.Explicit, "SAME_UPPER": ops.SameUpper, "SAME_LOWER": ops.SameLower, "VALID": ops.Valid}
	w.AutoPad = modes[c.choiceAttr("auto_pad", "NOTSET", "SAME_UPPER", "SAME_LOWER", "VALID")]
	if w.AutoPad != ops.Explicit {
		w.Pads = [4]int{}
	}
	if w.flat && w.kernel[1] > 0 {
		w.kernel[0] = 1
	}
	return w, nil
}

// spread copies a list of n numbers, each at least low, to the two or four of a picture; those of one axis are the width's.
func spread(name string, from, to []int, n, low int, flat bool) error {
	if from == nil {
		return nil
	}
	if len(from) != n {
		return formatErrorf("attribute %q has %d elements: want %d", name, len(from), n)
	}
	for i, v := range from {
		if v < low || v > maxExtent {
			return formatErrorf("attribute %q: element %d is %d", name, i, v)
		}
		if flat {
			i = 2*i + 1
		}
		to[i] = v
	}
	return nil
}

// lift returns x, which has one spatial axis, as a picture of height 1.
func (c *call) lift(x *graph.Value) *graph.Value {
	i := c.info(x)
	if x.Const != nil && len(x.Shape) == 3 && (i.quant == nil || i.quant.Block == 0 && (i.quant.IsPerTensor() || i.quant.Axis < 2)) {
		s := x.Const.Shape
		t := &graph.Tensor{DType: x.DType, Shape: graph.Shape{s[0], s[1], 1, s[2]}, Data: x.Const.Data}
		v := c.constant(c.temp("_2d"), t)
		v.Quant = x.Quant
		c.info(v).quant = x.Quant
		return v
	}
	y := c.step("Unsqueeze", nil, c.like(x, 4), "_2d", x, c.ints("_height", 2))
	if i.quant != nil {
		c.declare(y, i.dtype, i.quant)
	}
	return y
}

// lower adds the Squeeze that takes a picture of height 1 back to one spatial axis.
func (c *call) lower(y *graph.Value, out string) *graph.Value {
	n := c.add("Squeeze", nil, c.like(y, 3), []*graph.Value{y, c.ints("_height", 2)}, out)
	if i := c.info(y); i.quant != nil {
		c.declare(n.Outputs[0], i.dtype, i.quant)
	}
	return n.Outputs[0]
}
