package onnx

import (
	"slices"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/ops"
)

// moved returns input i for an operator that only moves elements and so keeps a quantization per tensor; one per channel
// is taken off.
func (c *call) moved(i int) *graph.Value {
	v := c.input(i)
	if v != nil && c.info(v).quant != nil && c.info(v).quant.IsPerTensor() {
		return v
	}
	return c.plain(v)
}

// like describes elements of v, quantization included, in a tensor of another rank.
func (c *call) like(v *graph.Value, rank int) info {
	i := c.info(v)
	return info{dtype: i.dtype, rank: rank, quant: i.quant}
}

// identity converts Identity. The copy of a constant is that constant, as exporters share initializers so.
func identity(c *call) error {
	if v, name := c.input(0), c.output(0); v.Const != nil && !c.outputs[name] {
		c.values[name] = v
		return nil
	}
	x := c.moved(0)
	c.add("Identity", nil, c.like(x, c.info(x).rank), []*graph.Value{x}, c.output(0))
	return nil
}

// dropout converts Dropout as it is in inference: the identity, with a mask of ones.
func dropout(c *call) error {
	if t := c.input(2); t != nil && (t.Const == nil || t.DType != graph.Bool || t.Const.Len() != 1 || t.Const.Int(0) != 0) {
		return unsupportedf("training mode")
	}
	x := c.moved(0)
	c.add("Identity", nil, c.like(x, c.info(x).rank), []*graph.Value{x}, c.output(0))
	if c.wanted(1) {
		d := graph.Bool
		if c.version < 10 {
			d = c.info(x).dtype
		}
		one := c.scalar("_one", d, 1).Const
		one = &graph.Tensor{DType: one.DType, Shape: graph.Shape{1}, Data: one.Data}
		s := c.step("Shape", &ops.Shape{}, info{dtype: graph.Int64, rank: 1}, "_shape", x)
		c.add("ConstantOfShape", &ops.ConstantOfShape{Value: one}, info{dtype: d, rank: c.info(x).rank}, []*graph.Value{s}, c.output(1))
	}
	return nil
}

// constant converts Constant: its output is a constant of the graph.
func constant(c *call) error {
	name := c.output(0)
	x := c.tensorAttr("value")
	switch {
	case x != nil:
	case c.attr("value_float", attrFloat) != nil:
		x = graph.Float32s([]float32{c.floatAttr("value_float", 0)})
	case c.attr("value_int", attrInt) != nil:
		x = graph.Int64s([]int64{c.attr("value_int", attrInt).i})
	case c.attr("value_floats", attrFloats) != nil:
		v := c.attr("value_floats", attrFloats).floats
		x = graph.Float32s(v, len(v))
	case c.attr("value_ints", attrInts) != nil:
		v := c.attr("value_ints", attrInts).ints
		x = graph.Int64s(v, len(v))
	case c.err != nil:
		return c.err
	default:
		return unsupportedf("constant that is not a tensor of numbers")
	}
	if x.Shape == nil {
		x.Shape = graph.Shape{}
	}
	if name != "" {
		c.constant(name, x)
	}
	return nil
}

// constantOfShape converts ConstantOfShape; its value has one element.
func constantOfShape(c *call) error {
	value := c.tensorAttr("value")
	out := info{dtype: graph.Float32, rank: -1}
	if value != nil {
		if n, err := value.Shape.Elements(); err != nil || n != 1 {
			return formatErrorf("attribute \"value\": shape %v, want one element", value.Shape)
		}
		out.dtype = value.DType
	}
	s := c.plainInput(0)
	if s.Const != nil {
		out.rank = len(s.Const.Data) / 8
	}
	c.add("ConstantOfShape", &ops.ConstantOfShape{Value: value}, out, []*graph.Value{s}, c.output(0))
	return nil
}

// shape converts Shape; start and end exist since opset 15.
func shape(c *call) error {
	a := &ops.Shape{Start: c.intAttr("start", 0), HasEnd: c.attr("end", attrInt) != nil}
	a.End = c.intAttr("end", 0)
	c.add("Shape", a, info{dtype: graph.Int64, rank: 1}, []*graph.Value{c.input(0)}, c.output(0))
	return nil
}

// size converts Size.
func size(c *call) error {
	c.add("Size", nil, info{dtype: graph.Int64}, []*graph.Value{c.input(0)}, c.output(0))
	return nil
}

// reshape converts Reshape: the shape is an attribute before opset 5, an input after.
func reshape(c *call) error {
	x, s := c.moved(0), c.plainInput(1)
	if s == nil {
		a := c.intsAttr("shape")
		if a == nil {
			return formatErrorf("no shape")
		}
		s = c.ints("_shape", widen(a)...)
	}
	rank := -1
	if s.Const != nil && len(s.Shape) == 1 {
		rank = s.Shape[0]
	}
	c.add("Reshape", &ops.Reshape{AllowZero: c.boolAttr("allowzero", false)}, c.like(x, rank), []*graph.Value{x, s}, c.output(0))
	return nil
}

// flatten converts Flatten.
func flatten(c *call) error {
	x := c.moved(0)
	c.add("Flatten", &ops.Flatten{Axis: c.intAttr("axis", 1)}, c.like(x, 2), []*graph.Value{x}, c.output(0))
	return nil
}

// squeeze converts Squeeze and Unsqueeze: axes are an attribute before opset 13, an input after.
func squeeze(c *call) error {
	x, axes := c.moved(0), c.axes()
	rank := -1
	if axes == nil && c.n.op == "Unsqueeze" {
		return formatErrorf("no axes")
	}
	if axes != nil && axes.Const != nil && c.info(x).rank >= 0 {
		n := axes.Const.Len()
		if c.n.op == "Squeeze" {
			n = -n
		}
		rank = max(c.info(x).rank+n, -1)
	}
	c.add(c.n.op, nil, c.like(x, rank), []*graph.Value{x, axes}, c.output(0))
	return nil
}

// transpose converts Transpose; without a permutation it reverses the axes.
func transpose(c *call) error {
	x, perm := c.moved(0), c.intsAttr("perm")
	if sorted := slices.Sorted(slices.Values(perm)); !slices.Equal(sorted, upTo(len(perm))) {
		return formatErrorf("attribute \"perm\": %v is not a permutation", perm)
	}
	c.add("Transpose", &ops.Transpose{Perm: perm}, c.like(x, c.info(x).rank), []*graph.Value{x}, c.output(0))
	return nil
}

// upTo returns 0, 1, ..., n-1.
func upTo(n int) []int {
	out := make([]int, n)
	for i := range out {
		out[i] = i
	}
	return out
}

// concat converts Concat. Integers of one quantization keep it; others are moved as plain numbers.
func concat(c *call) error {
	q := c.info(c.input(0)).quant
	in := make([]*graph.Value, len(c.in))
	for i, v := range c.in {
		if q == nil || !q.IsPerTensor() || !q.Equal(c.info(v).quant) {
			q = nil
		}
		in[i] = v
	}
	if q == nil {
		in = c.plainInputs()
	}
	c.add("Concat", &ops.Concat{Axis: c.intAttr("axis", 1)}, c.like(in[0], c.info(in[0]).rank), in, c.output(0))
	return nil
}

// split converts Split: the sizes are an attribute before opset 13, an input after. num_outputs (opset 18) repeats the
// number of outputs.
func split(c *call) error {
	x, sizes := c.moved(0), c.plainInput(1)
	if a := c.intsAttr("split"); sizes == nil && a != nil {
		sizes = c.ints("_sizes", widen(a)...)
	}
	if n := c.intAttr("num_outputs", len(c.n.outputs)); n != len(c.n.outputs) {
		return formatErrorf("attribute \"num_outputs\" is %d, the node has %d outputs", n, len(c.n.outputs))
	}
	like := c.like(x, c.info(x).rank)
	n := c.add("Split", &ops.Split{Axis: c.intAttr("axis", 0)}, like, []*graph.Value{x, sizes}, c.n.outputs...)
	for _, v := range n.Outputs {
		c.describe(v, like)
	}
	return nil
}

// slice converts Slice: bounds are attributes before opset 10, inputs after.
func slice(c *call) error {
	in := c.plainInputs()
	in[0] = c.moved(0)
	if len(in) == 1 {
		starts, ends, axes := c.longsAttr("starts"), c.longsAttr("ends"), c.intsAttr("axes")
		if starts == nil || ends == nil {
			return formatErrorf("no starts or ends")
		}
		in = append(in, c.ints("_starts", starts...), c.ints("_ends", ends...))
		if axes != nil {
			in = append(in, c.ints("_axes", widen(axes)...))
		}
	}
	c.add("Slice", nil, c.like(in[0], c.info(in[0]).rank), in, c.output(0))
	return nil
}

// gather converts Gather.
func gather(c *call) error {
	x, index := c.moved(0), c.plainInput(1)
	rank := -1
	if a, b := c.info(x).rank, c.info(index).rank; a > 0 && b >= 0 {
		rank = a + b - 1
	}
	c.add("Gather", &ops.Gather{Axis: c.intAttr("axis", 0)}, c.like(x, rank), []*graph.Value{x, index}, c.output(0))
	return nil
}

// pad converts Pad: pads and value are attributes before opset 11, inputs after; axes are an input since opset 18.
func pad(c *call) error {
	modes := []string{"constant", "reflect", "edge", "wrap"}
	mode := slices.Index(modes, c.choiceAttr("mode", modes...))
	in := []*graph.Value{c.plainInput(0), c.plainInput(1), c.plainInput(2), c.plainInput(3)}
	if in[1] == nil {
		pads := c.intsAttr("pads")
		if pads == nil {
			pads = c.intsAttr("paddings")
		}
		if pads == nil {
			return formatErrorf("no pads")
		}
		in[1] = c.ints("_pads", widen(pads)...)
		if v := c.floatAttr("value", 0); v != 0 {
			in[2] = c.scalar("_value", c.of(in[0]).dtype, float64(v))
		}
	}
	kinds := []ops.PadMode{ops.PadConstant, ops.PadReflect, ops.PadEdge, ops.PadWrap}
	c.add("Pad", &ops.Pad{Mode: kinds[max(mode, 0)]}, c.of(in[0]), in, c.output(0))
	return nil
}

// expand converts Expand and Tile: X and a vector of sizes.
func expand(c *call) error {
	x := c.moved(0)
	var attrs any
	rank := c.info(x).rank
	if c.n.op == "Expand" {
		attrs, rank = &ops.Expand{}, -1
	}
	c.add(c.n.op, attrs, c.like(x, rank), []*graph.Value{x, c.plainInput(1)}, c.output(0))
	return nil
}

// depthToSpace converts DepthToSpace and SpaceToDepth.
func depthToSpace(c *call) error {
	a := &ops.DepthToSpace{Block: c.intAttr("blocksize", 0)}
	if a.Block < 1 {
		return formatErrorf("attribute \"blocksize\" is %d", a.Block)
	}
	if c.n.op == "DepthToSpace" {
		a.CRD = c.choiceAttr("mode", "DCR", "CRD") == "CRD"
	}
	x := c.moved(0)
	c.add(c.n.op, a, c.like(x, c.info(x).rank), []*graph.Value{x}, c.output(0))
	return nil
}
