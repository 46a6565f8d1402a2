package tflite

import (
	"math"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/ops"
)

// step is one node of several that move elements of one tensor.
type step struct {
	op    string
	attrs any
	in    []*graph.Value // inputs after the first
}

// move appends the steps from x to y, none being a copy. TensorFlow Lite copies the stored numbers, whatever quantization the
// file states for y; where it states another one than for x, a Reinterpret node says so.
func (c *call) move(x, y *graph.Value, steps ...step) {
	if len(steps) == 0 {
		steps = []step{{op: "Identity"}}
	}
	last := y
	differs := x.Quant != nil && y.Quant != nil && x.DType == y.DType && x.Quant.IsPerTensor() && !x.Quant.Equal(y.Quant)
	if differs {
		last = c.like(x, "_moved")
	}
	for i, s := range steps {
		out := last
		if i < len(steps)-1 {
			out = c.temp("_moved", graph.Invalid, nil)
			if x.Quant == nil || x.Quant.IsPerTensor() {
				out.DType, out.Quant = x.DType, x.Quant
			}
		}
		c.emit(s.op, s.attrs, append([]*graph.Value{x}, s.in...), out)
		x = out
	}
	if differs {
		c.emit("Reinterpret", nil, []*graph.Value{last}, y)
	}
}

// reshape converts RESHAPE: the shape is input 1 or, without one, an option; -1 stands for what is left.
func reshape(c *call) error {
	var shape *graph.Value
	if c.input(1) != nil {
		var err error
		if shape, err = c.indices(1, "_shape"); err != nil {
			return err
		}
	} else {
		if !c.opt.has(0) {
			return formatErrorf("no shape")
		}
		shape = c.ints("_shape", widen(c.opt.ints(0))...)
	}
	c.move(c.in[0], c.out[0], step{"Reshape", &ops.Reshape{AllowZero: true}, []*graph.Value{shape}})
	return nil
}

func widen(v []int) []int64 {
	out := make([]int64, len(v))
	for i, x := range v {
		out[i] = int64(x)
	}
	return out
}

// squeeze converts SQUEEZE; without axes in the options all of size 1 go.
func squeeze(c *call) error {
	s := step{op: "Squeeze"}
	if axes := c.opt.ints(0); len(axes) > 0 {
		s.in = []*graph.Value{c.ints("_axes", widen(axes)...)}
	}
	c.move(c.in[0], c.out[0], s)
	return nil
}

// expandDims converts EXPAND_DIMS: inputs X, axis.
func expandDims(c *call) error {
	axes, err := c.axes(1)
	if err != nil {
		return err
	}
	c.move(c.in[0], c.out[0], step{"Unsqueeze", nil, []*graph.Value{axes}})
	return nil
}

// shape converts SHAPE.
func shape(c *call) error {
	y := c.out[0]
	if y.DType != graph.Int64 {
		y = c.temp("_long", graph.Int64, nil)
		c.then("Cast", &ops.Cast{To: c.out[0].DType}, []*graph.Value{y}, c.out[0])
	}
	c.emit("Shape", &ops.Shape{}, []*graph.Value{c.in[0]}, y)
	return nil
}

// transpose converts TRANSPOSE: inputs X, permutation.
func transpose(c *call) error {
	list, err := c.constInts(1)
	if err != nil {
		return err
	}
	perm := make([]int, len(list))
	seen := make([]bool, len(list))
	for i, p := range list {
		if p < 0 || p >= int64(len(list)) || seen[p] {
			return formatErrorf("permutation %v", list)
		}
		seen[p] = true
		perm[i] = int(p)
	}
	c.move(c.in[0], c.out[0], step{"Transpose", &ops.Transpose{Perm: perm}, nil})
	return nil
}

// gather converts GATHER: inputs X, indices.
func gather(c *call) error {
	if n := c.opt.int(1, 0); n != 0 {
		return unsupportedf("batch_dims %d", n)
	}
	c.move(c.in[0], c.out[0], step{"Gather", &ops.Gather{Axis: c.opt.int(0, 0)}, []*graph.Value{c.in[1]}})
	return nil
}

// concatenation converts CONCATENATION; inputs of another quantization than the output's are requantized.
func concatenation(c *call) error {
	y, err := c.fusedAfter(1)
	if err != nil {
		return err
	}
	c.emit("Concat", &ops.Concat{Axis: c.opt.int(0, 0)}, c.in, y)
	return nil
}

// pack converts PACK: the inputs become the slices of a new axis.
func pack(c *call) error {
	axis := c.opt.int(1, 0)
	axes := c.ints("_axes", int64(axis))
	parts := make([]*graph.Value, len(c.in))
	for i, x := range c.in {
		if x == nil {
			return formatErrorf("input %d is absent", i)
		}
		parts[i] = c.like(x, "_part")
		c.emit("Unsqueeze", nil, []*graph.Value{x, axes}, parts[i])
	}
	c.emit("Concat", &ops.Concat{Axis: axis}, parts, c.out[0])
	return nil
}

// unpack converts UNPACK: the slices of an axis become the outputs.
func unpack(c *call) error {
	axis := c.opt.int(1, 0)
	parts := make([]*graph.Value, len(c.out))
	for i := range parts {
		parts[i] = c.like(c.in[0], "_part")
	}
	c.emit("Split", &ops.Split{Axis: axis}, []*graph.Value{c.in[0]}, parts...)
	axes := c.ints("_axes", int64(axis))
	for i, y := range c.out {
		c.move(parts[i], y, step{"Squeeze", nil, []*graph.Value{axes}})
	}
	return nil
}

// split converts SPLIT: inputs axis, X; as many equal parts as there are outputs.
func split(c *call) error {
	axis, err := c.constInt(0)
	if err != nil {
		return err
	}
	c.emit("Split", &ops.Split{Axis: axis}, []*graph.Value{c.in[1]}, c.out...)
	return nil
}

// splitV converts SPLIT_V: inputs X, sizes, axis; one size may be -1 for what is left.
func splitV(c *call) error {
	sizes, err := c.constInts(1)
	if err != nil {
		return err
	}
	axis, err := c.constInt(2)
	if err != nil {
		return err
	}
	s := c.inShape(0)
	at, err := s.Axis(axis)
	if err != nil {
		return formatErrorf("%w", err)
	}
	left, open := int64(s[at]), -1
	for i, n := range sizes {
		switch {
		case n == -1 && open < 0:
			open = i
		case n < 0 || n > left:
			return formatErrorf("sizes %v of axis %d in shape %v", sizes, axis, s)
		default:
			left -= n
		}
	}
	if open >= 0 {
		sizes[open] = left
	}
	if len(sizes) != len(c.out) {
		return formatErrorf("%d sizes for %d outputs", len(sizes), len(c.out))
	}
	c.emit("Split", &ops.Split{Axis: axis}, []*graph.Value{c.in[0], c.ints("_sizes", sizes...)}, c.out...)
	return nil
}

// tile converts TILE: inputs X, repeats.
func tile(c *call) error { return c.sized("Tile", nil, 0, 1) }

// broadcastTo converts BROADCAST_TO: inputs X, shape.
func broadcastTo(c *call) error { return c.sized("Expand", &ops.Expand{}, 0, 1) }

// fill converts FILL: inputs shape, value.
func fill(c *call) error { return c.sized("Expand", &ops.Expand{}, 1, 0) }

// sized converts an operator that moves elements of input x as the vector in input list says.
func (c *call) sized(op string, attrs any, x, list int) error {
	v, err := c.indices(list, "_list")
	if err != nil {
		return err
	}
	c.move(c.in[x], c.out[0], step{op, attrs, []*graph.Value{v}})
	return nil
}

// zerosLike converts ZEROS_LIKE.
func zerosLike(c *call) error {
	y := c.out[0]
	if y.Quant != nil {
		return unsupportedf("quantized output")
	}
	s := c.temp("_shape", graph.Int64, nil)
	c.emit("Shape", &ops.Shape{}, []*graph.Value{c.in[0]}, s)
	c.emit("ConstantOfShape", &ops.ConstantOfShape{Value: graph.NewTensor(y.DType, 1)}, []*graph.Value{s}, y)
	return nil
}

// reverse converts REVERSE_V2: inputs X, axes.
func reverse(c *call) error {
	axes, err := c.constInts(1)
	if err != nil {
		return err
	}
	b := bounds{}
	for _, axis := range axes {
		b.add(axis, -1, math.MinInt64, -1)
	}
	c.move(c.in[0], c.out[0], b.steps(c)...)
	return nil
}
