package onnx

import (
	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/ops"
)

// operand is a quantized operand of a QLinear operator: the indices of its inputs, -1 for no data (the output).
type operand struct{ data, scale, zero int }

// qlinear is a QLinear operator as its float counterpart.
type qlinear struct {
	op     string
	attrs  any
	before []*graph.Value // inputs before the quantized ones (Where's condition)
	in     []operand
	out    operand
	// build adds the node with quantized or float inputs and returns its output; nil adds op with attrs.
	build func(in []*graph.Value, out string) *graph.Value
}

// convert adds the float operator with Quants on its inputs and its output where all parameters are constant; else the
// operator on dequantized inputs, and the quantization of its result.
func (q qlinear) convert(c *call) error {
	for _, o := range append(q.in[:len(q.in):len(q.in)], q.out) {
		if err := c.require(o.data, o.scale); err != nil {
			return err
		}
	}
	if q.build == nil {
		q.build = func(in []*graph.Value, out string) *graph.Value {
			like := info{dtype: graph.Float32, rank: c.info(in[0]).rank}
			return c.add(q.op, q.attrs, like, append(q.before, in...), out).Outputs[0]
		}
	}
	quants := make([]*graph.Quant, len(q.in)+1)
	types := make([]graph.DType, len(q.in)+1)
	constant := true
	for i, o := range append(q.in[:len(q.in):len(q.in)], q.out) {
		quants[i], types[i] = c.operandQuant(o)
		constant = constant && quants[i] != nil
	}
	out := len(q.in)
	if types[out] == graph.Invalid {
		types[out] = c.info(c.input(q.in[0].data)).dtype
	}
	if types[out] == graph.Invalid {
		types[out] = graph.Uint8
	}
	in := make([]*graph.Value, len(q.in))
	for i, o := range q.in {
		x := c.input(o.data)
		var err error
		if constant {
			in[i], err = c.quantized(x, types[i], quants[i])
		} else {
			in[i] = c.step("DequantizeLinear", &ops.QuantizeLinear{Axis: 1}, info{dtype: graph.Float32, rank: c.info(x).rank}, "_real",
				c.plain(x), c.plainInput(o.scale), c.plainInput(o.zero))
		}
		if err != nil {
			return err
		}
	}
	if constant {
		if y := q.build(in, c.output(0)); y != nil {
			c.declare(y, types[out], quants[out])
		}
		return nil
	}
	if y := q.build(in, c.temp("_float")); y != nil {
		c.quantize(y, types[out], nil, c.plainInput(q.out.scale), c.plainInput(q.out.zero), scheme{axis: 1, rank: c.info(y).rank}, c.output(0))
	}
	return nil
}

// require returns an error unless the inputs with the given indices are present; negative ones are skipped.
func (c *call) require(inputs ...int) error {
	for _, i := range inputs {
		if i >= 0 && c.input(i) == nil {
			return formatErrorf("input %d is absent", i)
		}
	}
	return nil
}

// operandQuant returns the Quant and the type of the zero point of an operand whose parameters are one number each.
func (c *call) operandQuant(o operand) (*graph.Quant, graph.DType) {
	return c.quant(c.plainInput(o.scale), c.plainInput(o.zero), scheme{axis: 0, rank: 1})
}

// one and two are the inputs of QLinear operators of com.microsoft with one and two operands.
var (
	one    = []operand{{0, 1, 2}}
	oneOut = operand{-1, 3, 4}
	two    = []operand{{0, 1, 2}, {3, 4, 5}}
	twoOut = operand{-1, 6, 7}
)

// qlinearAdd converts QLinearAdd: inputs A, A_scale, A_zero_point, the same of B, C_scale, C_zero_point.
func qlinearAdd(c *call) error {
	return qlinear{op: "Add", attrs: &ops.Arithmetic{}, in: two, out: twoOut}.convert(c)
}

// qlinearMul converts QLinearMul, whose inputs are those of QLinearAdd.
func qlinearMul(c *call) error {
	return qlinear{op: "Mul", attrs: &ops.Arithmetic{}, in: two, out: twoOut}.convert(c)
}

// qlinearSigmoid converts QLinearSigmoid: inputs X, X_scale, X_zero_point, Y_scale, Y_zero_point.
func qlinearSigmoid(c *call) error { return qlinear{op: "Sigmoid", in: one, out: oneOut}.convert(c) }

// qlinearLeakyRelu converts QLinearLeakyRelu, whose inputs are those of QLinearSigmoid.
func qlinearLeakyRelu(c *call) error {
	return qlinear{op: "LeakyRelu", attrs: &ops.LeakyRelu{Alpha: c.floatAttr("alpha", 0.01)}, in: one, out: oneOut}.convert(c)
}

// qlinearSoftmax converts QLinearSoftmax, whose attribute opset says which Softmax it means.
func qlinearSoftmax(c *call) error {
	a := c.softmaxAttrs(int64(c.intAttr("opset", 13)))
	return qlinear{op: "Softmax", attrs: a, in: one, out: oneOut}.convert(c)
}

// channelsLast returns the layout that attribute channels_last asks for.
func (c *call) channelsLast() ops.Layout {
	if c.boolAttr("channels_last", false) {
		return ops.NHWC
	}
	return ops.NCHW
}

// qlinearAveragePool converts QLinearAveragePool, whose inputs are those of QLinearSigmoid.
func qlinearAveragePool(c *call) error {
	layout := c.channelsLast()
	build := func(in []*graph.Value, out string) *graph.Value { return c.pool("AveragePool", in[0], layout, out) }
	return qlinear{build: build, in: one, out: oneOut}.convert(c)
}

// qlinearGlobalAveragePool converts QLinearGlobalAveragePool, whose inputs are those of QLinearSigmoid.
func qlinearGlobalAveragePool(c *call) error {
	return qlinear{op: "GlobalAveragePool", attrs: &ops.GlobalPool{Layout: c.channelsLast()}, in: one, out: oneOut}.convert(c)
}

// qlinearReduceMean converts QLinearReduceMean, whose axes are an attribute.
func qlinearReduceMean(c *call) error {
	var axes *graph.Value
	if a := c.intsAttr("axes"); a != nil {
		axes = c.ints("_axes", widen(a)...)
	}
	a := c.reduceAttrs()
	build := func(in []*graph.Value, out string) *graph.Value {
		return c.add("ReduceMean", a, c.reduced(in[0]), []*graph.Value{in[0], axes}, out).Outputs[0]
	}
	return qlinear{build: build, in: one, out: oneOut}.convert(c)
}

// qlinearConcat converts QLinearConcat: inputs y_scale, y_zero_point, then data, scale and zero point of each operand.
func qlinearConcat(c *call) error {
	if len(c.n.inputs)%3 != 2 {
		return formatErrorf("%d inputs: want 2 and 3 for each operand", len(c.n.inputs))
	}
	q := qlinear{op: "Concat", attrs: &ops.Concat{Axis: c.intAttr("axis", 0)}, out: operand{-1, 0, 1}}
	for i := 2; i < len(c.n.inputs); i += 3 {
		q.in = append(q.in, operand{i, i + 1, i + 2})
	}
	return q.convert(c)
}

// qlinearWhere converts QLinearWhere: inputs condition, X and its parameters, Y and its parameters, Z's parameters.
func qlinearWhere(c *call) error {
	q := qlinear{op: "Where", in: []operand{{1, 2, 3}, {4, 5, 6}}, out: operand{-1, 7, 8}, before: []*graph.Value{c.plainInput(0)}}
	return q.convert(c)
}

// qlinearConv converts QLinearConv: inputs x, x_scale, x_zero_point, w, w_scale, w_zero_point, y_scale, y_zero_point, B. The
// bias is int32 at scale x_scale*w_scale[c]. com.microsoft's form may have its data, but not its weights, channels last.
func qlinearConv(c *call) error {
	if err := c.require(3, 4, 6); err != nil {
		return err
	}
	v := convolution{bias: c.plainInput(8), layout: c.channelsLast()}
	xq, xd := c.operandQuant(operand{0, 1, 2})
	yq, yd := c.operandQuant(operand{-1, 6, 7})
	wq, wd := c.quant(c.plainInput(4), c.plainInput(5), scheme{axis: 0, rank: c.info(c.input(3)).rank})
	if xq == nil || yq == nil || wq == nil || !yq.IsPerTensor() || v.bias != nil && v.bias.Const == nil {
		if v.layout != ops.NCHW {
			return unsupportedf("channels last with parameters that are not constant")
		}
		return c.qlinearConvRunTime()
	}
	var err error
	if v.x, err = c.quantized(c.input(0), xd, xq); err != nil {
		return err
	}
	if v.w, err = c.quantized(c.input(3), wd, wq); err != nil {
		return err
	}
	if v.layout == ops.NHWC {
		if v.w, err = c.channelsLastWeights(v.w); err != nil {
			return err
		}
	}
	v.dtype, v.quant = yd, yq
	if v.dtype == graph.Invalid {
		v.dtype = c.info(v.x).dtype
	}
	c.convolve(v, c.output(0))
	return nil
}

// channelsLastWeights returns constant weights OIHW as OHWI.
func (c *call) channelsLastWeights(w *graph.Value) (*graph.Value, error) {
	if w.Const == nil || len(w.Shape) != 4 {
		return nil, unsupportedf("channels last with weights that are not a constant of four axes")
	}
	if err := c.charge(len(w.Const.Data)); err != nil {
		return nil, err
	}
	perm := []int{0, 2, 3, 1}
	v := c.constant(c.temp("_weights"), ops.PermuteTensor(w.Const, perm))
	v.Quant = ops.PermuteQuant(w.Quant, perm)
	c.info(v).quant = v.Quant
	return v, nil
}

// qlinearConvRunTime converts QLinearConv with parameters that are known at run time only: integer convolution, then the
// product with the scales, then QuantizeLinear.
func (c *call) qlinearConvRunTime() error {
	v := convolution{dtype: graph.Int32}
	var err error
	if v.x, v.zero, err = c.shifted(0, 2); err != nil {
		return err
	}
	if v.w, err = c.shiftedWeights(3, 5); err != nil {
		return err
	}
	bias, wScale := c.plainInput(8), c.plainInput(4)
	if bias != nil && bias.Const != nil {
		v.bias, bias = bias, nil
	}
	acc := c.convolve(v, c.temp("_acc"))
	if acc == nil {
		return nil
	}
	channels := func(suffix string, x *graph.Value) *graph.Value {
		rank := c.info(c.input(3)).rank
		if rank != 3 {
			rank = 4
		}
		to := []int64{1, -1, 1, 1}[:rank]
		return c.step("Reshape", &ops.Reshape{}, info{dtype: c.info(x).dtype, rank: rank}, suffix, x, c.ints(suffix+"_shape", to...))
	}
	if bias != nil {
		acc = c.step("Add", &ops.Arithmetic{}, c.of(acc), "_biased", acc, channels("_bias", bias))
	}
	return c.rescale(acc, c.plainInput(1), channels("_w_scale", wScale), 6, 7)
}

// qlinearMatMul converts QLinearMatMul: inputs a, a_scale, a_zero_point, b, b_scale, b_zero_point, y_scale, y_zero_point;
// scales may be float16 since opset 21.
func qlinearMatMul(c *call) error {
	if err := c.require(3, 4, 6); err != nil {
		return err
	}
	aq, ad := c.operandQuant(operand{0, 1, 2})
	yq, yd := c.operandQuant(operand{-1, 6, 7})
	rank := c.info(c.input(3)).rank
	bq, bd := c.quant(c.plainInput(4), c.plainInput(5), scheme{axis: max(rank-1, 0), rank: rank})
	single := aq != nil && aq.IsPerTensor() && yq != nil && yq.IsPerTensor() && bq != nil && (bq.IsPerTensor() || rank >= 2)
	if !single {
		return c.qlinearMatMulRunTime()
	}
	a, err := c.quantized(c.input(0), ad, aq)
	if err != nil {
		return err
	}
	b, err := c.quantized(c.input(3), bd, bq)
	if err != nil {
		return err
	}
	y := c.add("MatMul", nil, c.matMulInfo(a, b), []*graph.Value{a, b}, c.output(0)).Outputs[0]
	c.declare(y, yd, yq)
	return nil
}

// qlinearMatMulRunTime converts QLinearMatMul with parameters that are known at run time only, as qlinearConvRunTime does.
func (c *call) qlinearMatMulRunTime() error {
	acc, err := c.integerProduct(0, 3, 2, 5, c.temp("_acc"))
	if err != nil {
		return err
	}
	a := c.plainInput(1)
	if len(a.Shape) == 1 && a.Shape[0] != 1 {
		a = c.step("Unsqueeze", nil, info{dtype: c.of(a).dtype, rank: 2}, "_a_scale", a, c.ints("_column", 1))
	}
	return c.rescale(acc, a, c.plainInput(4), 6, 7)
}

// rescale adds the quantization of accumulators times the product of two scales, by inputs scale and zero, as output 0.
func (c *call) rescale(acc, a, b *graph.Value, scale, zero int) error {
	out := info{dtype: graph.Float32, rank: c.of(acc).rank}
	f := c.step("Cast", &ops.Cast{To: graph.Float32}, out, "_real", acc)
	s := c.step("Mul", &ops.Arithmetic{}, c.broadcast([]*graph.Value{a, b}, graph.Float32), "_scale", c.single(a, "_sa"), c.single(b, "_sb"))
	y := c.step("Mul", &ops.Arithmetic{}, out, "_scaled", f, s)
	z, d := c.plainInput(zero), graph.Uint8
	if z != nil {
		d = c.info(z).dtype
	}
	c.quantize(y, d, nil, c.single(c.plainInput(scale), "_y_scale"), z, scheme{axis: 1, rank: out.rank}, c.output(0))
	return nil
}

// single returns x as float32.
func (c *call) single(x *graph.Value, suffix string) *graph.Value {
	if i := c.of(x); i.dtype != graph.Float32 {
		i.dtype = graph.Float32
		return c.step("Cast", &ops.Cast{To: graph.Float32}, i, suffix, x)
	}
	return x
}

// qgemm converts com.microsoft QGemm: inputs A, a_scale, a_zero_point, B, b_scale, b_zero_point, C, y_scale, y_zero_point. C is
// int32 at scale alpha*a_scale*b_scale; without y_scale the output is float32. alpha becomes part of B's scales.
func qgemm(c *call) error {
	if err := c.require(3, 4); err != nil {
		return err
	}
	a := c.gemmAttrs()
	aq, ad := c.operandQuant(operand{0, 1, 2})
	axis := 1
	if a.TransB {
		axis = 0
	}
	bq, bd := c.quant(c.plainInput(4), c.plainInput(5), scheme{axis: axis, rank: 2})
	if aq == nil || bq == nil || !(a.Alpha > 0) {
		return unsupportedf("scales that are not constant, or alpha that is not positive")
	}
	if a.Alpha != 1 {
		scaled := *bq
		scaled.Scale = make([]float32, len(bq.Scale))
		for i, s := range bq.Scale {
			scaled.Scale[i] = s * a.Alpha
		}
		bq = &scaled
	}
	a.Alpha, a.Beta = 1, 1
	x, err := c.quantized(c.input(0), ad, aq)
	if err != nil {
		return err
	}
	w, err := c.quantized(c.input(3), bd, bq)
	if err != nil {
		return err
	}
	var yq *graph.Quant
	yd := graph.Float32
	if c.input(7) != nil {
		if yq, yd = c.operandQuant(operand{-1, 7, 8}); yq == nil {
			return unsupportedf("scale of the output that is not constant")
		}
		if yd == graph.Invalid {
			yd = c.info(x).dtype
		}
	}
	y := c.add("Gemm", a, info{dtype: yd, rank: 2}, []*graph.Value{x, w, c.plainInput(6)}, c.output(0)).Outputs[0]
	c.declare(y, yd, yq)
	return nil
}
