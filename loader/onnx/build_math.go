package onnx

import (
	"math"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/ops"
)

// unary converts operators of one input without attributes, whose output has the type and shape of the input.
func unary(c *call) error { return c.unary(nil) }

// unary adds the operator of the node's name with the given attributes.
func (c *call) unary(attrs any) error {
	x := c.plainInput(0)
	c.add(c.n.op, attrs, c.of(x), []*graph.Value{x}, c.output(0))
	return nil
}

// leakyRelu converts LeakyRelu.
func leakyRelu(c *call) error { return c.unary(&ops.LeakyRelu{Alpha: c.floatAttr("alpha", 0.01)}) }

// thresholdedRelu converts ThresholdedRelu.
func thresholdedRelu(c *call) error {
	return c.unary(&ops.ThresholdedRelu{Alpha: c.floatAttr("alpha", 1)})
}

// elu converts Elu.
func elu(c *call) error { return c.unary(&ops.Elu{Alpha: c.floatAttr("alpha", 1)}) }

// celu converts Celu.
func celu(c *call) error { return c.unary(&ops.Celu{Alpha: c.floatAttr("alpha", 1)}) }

// selu converts Selu, whose defaults the specification gives to float32 precision.
func selu(c *call) error {
	return c.unary(&ops.Selu{Alpha: c.floatAttr("alpha", 1.67326319217681884765625), Gamma: c.floatAttr("gamma", 1.05070102214813232421875)})
}

// hardSigmoid converts HardSigmoid.
func hardSigmoid(c *call) error {
	return c.unary(&ops.HardSigmoid{Alpha: c.floatAttr("alpha", 0.2), Beta: c.floatAttr("beta", 0.5)})
}

// swish converts Swish (opset 24).
func swish(c *call) error { return c.unary(&ops.Swish{Alpha: c.floatAttr("alpha", 1)}) }

// gelu converts Gelu, also com.microsoft's, which has no attributes.
func gelu(c *call) error {
	return c.unary(&ops.Gelu{Tanh: c.choiceAttr("approximate", "none", "tanh") == "tanh"})
}

// quickGelu converts com.microsoft QuickGelu: x * sigmoid(alpha*x).
func quickGelu(c *call) error {
	x := c.plainInput(0)
	c.add("Swish", &ops.Swish{Alpha: c.floatAttr("alpha", 1.702)}, c.of(x), []*graph.Value{x}, c.output(0))
	return nil
}

// arithmetic converts Add, Sub, Mul and Div with NumPy broadcasting (opset 7 on).
func arithmetic(c *call) error { return c.elementwise(&ops.Arithmetic{}) }

// mod converts Mod; fmod says that the remainder has the sign of the dividend.
func mod(c *call) error { return c.elementwise(&ops.Mod{Truncate: c.boolAttr("fmod", false)}) }

// elementwise converts operators of several inputs that are broadcast; the output has the type of input 0.
func elementwise(c *call) error { return c.elementwise(nil) }

// elementwise adds the operator of the node's name on all inputs with the given attributes.
func (c *call) elementwise(attrs any) error {
	in := c.plainInputs()
	c.add(c.n.op, attrs, c.broadcast(in, c.of(in[0]).dtype), in, c.output(0))
	return nil
}

// compare converts comparisons and logic, whose output is Bool.
func compare(c *call) error {
	in := c.plainInputs()
	c.add(c.n.op, nil, c.broadcast(in, graph.Bool), in, c.output(0))
	return nil
}

// broadcast describes the result of broadcasting values: type d and the greatest rank, if all are known.
func (c *call) broadcast(in []*graph.Value, d graph.DType) info {
	out := info{dtype: d}
	for _, v := range in {
		r := c.of(v).rank
		if r < 0 {
			out.rank = -1
			break
		}
		out.rank = max(out.rank, r)
	}
	return out
}

// where converts Where: inputs condition, X, Y.
func where(c *call) error {
	in := c.plainInputs()
	c.add("Where", nil, c.broadcast(in, c.of(in[1]).dtype), in, c.output(0))
	return nil
}

// clip converts Clip: bounds are attributes before opset 11 and inputs after.
func clip(c *call) error {
	in := []*graph.Value{c.plainInput(0), c.plainInput(1), c.plainInput(2)}
	d := c.of(in[0]).dtype
	if c.version < 11 {
		lo, hi := c.floatAttr("min", -math.MaxFloat32), c.floatAttr("max", math.MaxFloat32)
		if lo > -math.MaxFloat32 {
			in[1] = c.scalar("_min", d, float64(lo))
		}
		if hi < math.MaxFloat32 {
			in[2] = c.scalar("_max", d, float64(hi))
		}
	}
	c.add("Clip", nil, c.of(in[0]), in, c.output(0))
	return nil
}

// softmax converts Softmax and LogSoftmax. Before opset 13 the default axis is 1, and all axes from it on are normalised
// together.
func softmax(c *call) error {
	x := c.plainInput(0)
	c.add(c.n.op, c.softmaxAttrs(c.version), c.of(x), []*graph.Value{x}, c.output(0))
	return nil
}

// softmaxAttrs reads the attributes of a Softmax by the rules of an operator set.
func (c *call) softmaxAttrs(opset int64) *ops.Softmax {
	if opset < 13 {
		return &ops.Softmax{Axis: c.intAttr("axis", 1), Flatten: true}
	}
	return &ops.Softmax{Axis: c.intAttr("axis", -1)}
}

// reduce converts the Reduce operators: axes are an attribute before opset 18 (ReduceSum: 13) and an input after.
func reduce(c *call) error {
	x := c.plainInput(0)
	c.add(c.n.op, c.reduceAttrs(), c.reduced(x), []*graph.Value{x, c.axes()}, c.output(0))
	return nil
}

// reduceAttrs reads the attributes of a Reduce operator but the axes.
func (c *call) reduceAttrs() *ops.Reduce {
	return &ops.Reduce{KeepDims: c.boolAttr("keepdims", true), NoopIfEmptyAxes: c.boolAttr("noop_with_empty_axes", false)}
}

// reduced describes x after a reduction by the node's attributes.
func (c *call) reduced(x *graph.Value) info {
	i := c.of(x)
	if !c.boolAttr("keepdims", true) {
		i.rank = -1
	}
	return i
}

// axes returns the axes that an operator works on: input 1, or the attribute of older opsets as a constant; nil for all.
func (c *call) axes() *graph.Value {
	if v := c.plainInput(1); v != nil {
		return v
	}
	if a := c.intsAttr("axes"); a != nil {
		return c.ints("_axes", widen(a)...)
	}
	return nil
}

// widen returns v as int64.
func widen(v []int) []int64 {
	out := make([]int64, len(v))
	for i, x := range v {
		out[i] = int64(x)
	}
	return out
}

// arg converts ArgMax and ArgMin.
func arg(c *call) error {
	x := c.plainInput(0)
	out := c.reduced(x)
	out.dtype = graph.Int64
	a := &ops.Arg{Axis: c.intAttr("axis", 0), KeepDims: c.boolAttr("keepdims", true), SelectLast: c.boolAttr("select_last_index", false)}
	c.add(c.n.op, a, out, []*graph.Value{x}, c.output(0))
	return nil
}

// topK converts TopK: k is an attribute before opset 10, an input after; outputs values and indices.
func topK(c *call) error {
	x, k := c.plainInput(0), c.plainInput(1)
	if k == nil {
		k = c.ints("_k", int64(c.intAttr("k", -1)))
	}
	a := &ops.TopK{Axis: c.intAttr("axis", -1), Largest: c.boolAttr("largest", true), Sorted: c.boolAttr("sorted", true)}
	n := c.add("TopK", a, c.of(x), []*graph.Value{x, k}, c.output(0), c.output(1))
	if v := n.Outputs[1]; v != nil {
		c.infos[v].dtype = graph.Int64
	}
	return nil
}

// cast converts Cast. Strings and float8 are not supported, so that saturate and round_mode do not matter.
func cast(c *call) error {
	a := c.attr("to", attrInt)
	if a == nil {
		return formatErrorf("attribute \"to\" is absent")
	}
	c.used["round_mode"] = true
	to, err := dtypeOf(a.i)
	if err != nil {
		return err
	}
	return c.cast(to)
}

// castLike converts CastLike, where the type of input 1 is known, to Cast.
func castLike(c *call) error {
	c.used["round_mode"] = true
	to := c.info(c.input(1)).dtype
	if to == graph.Invalid {
		return unsupportedf("the type of %q is not known", c.input(1).Name)
	}
	return c.cast(to)
}

// cast adds a Cast of input 0.
func (c *call) cast(to graph.DType) error {
	x := c.plainInput(0)
	c.add("Cast", &ops.Cast{To: to}, info{dtype: to, rank: c.of(x).rank}, []*graph.Value{x}, c.output(0))
	return nil
}
