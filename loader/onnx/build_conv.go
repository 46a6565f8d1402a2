package onnx

import (
	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/ops"
)

// convolution is what the forms of Conv have in common: the inputs and the declared output.
type convolution struct {
	x, w, bias, residual, zero *graph.Value
	clamp                      ops.Clamp
	layout                     ops.Layout
	dtype                      graph.DType  // declared of the output, or Invalid
	quant                      *graph.Quant // declared of the output
}

// convolve adds the Conv node, between Unsqueeze and Squeeze where there is one spatial axis, and returns its output, which
// is named out.
func (c *call) convolve(v convolution, out string) *graph.Value {
	w, err := c.window(v.w, v.x)
	if err != nil {
		c.fail(err)
		return nil
	}
	group := c.intAttr("group", 1)
	if group < 1 {
		c.fail(formatErrorf("attribute \"group\" is %d", group))
		return nil
	}
	rank, name := c.info(v.x).rank, out
	if w.flat {
		v.x, v.w, rank, name = c.lift(v.x), c.lift(v.w), 4, c.temp("_pixels")
		if v.residual != nil {
			v.residual = c.lift(v.residual)
		}
	}
	if s := v.w.Shape; v.w.Const != nil && len(s) == 4 && w.kernel[0] > 0 && v.layout == ops.NCHW && (s[2] != w.kernel[0] || s[3] != w.kernel[1]) {
		c.fail(formatErrorf("attribute \"kernel_shape\" is %v, the weights are %v", w.kernel, s))
		return nil
	}
	w.Layout = v.layout
	a := &ops.Conv{Window: w.Window, Group: group, Clamp: v.clamp}
	like := info{dtype: c.info(v.x).dtype, rank: rank}
	y := c.add("Conv", a, like, []*graph.Value{v.x, v.w, v.bias, v.residual, v.zero}, name).Outputs[0]
	if v.dtype != graph.Invalid {
		c.declare(y, v.dtype, v.quant)
	}
	if w.flat {
		y = c.lower(y, out)
	}
	return y
}

// conv converts Conv.
func conv(c *call) error {
	c.convolve(convolution{x: c.plainInput(0), w: c.plainInput(1), bias: c.plainInput(2)}, c.output(0))
	return nil
}

// convInteger converts ConvInteger: inputs x, w, x_zero_point, w_zero_point; the output is int32 accumulators.
func convInteger(c *call) error {
	v := convolution{dtype: graph.Int32}
	var err error
	if v.x, v.zero, err = c.shifted(0, 2); err != nil {
		return err
	}
	if v.w, err = c.shiftedWeights(1, 3); err != nil {
		return err
	}
	c.convolve(v, c.output(0))
	return nil
}

// shifted returns data x and its zero point z, inputs of the node: a constant one as the Quant of the data with scale 1,
// another as the value that it is.
func (c *call) shifted(x, z int) (data, zero *graph.Value, err error) {
	data, zero = c.input(x), c.plainInput(z)
	q, none := c.zeroQuant(zero, 0)
	switch {
	case none:
		return c.plain(data), nil, nil
	case q == nil || !q.IsPerTensor():
		return c.plain(data), zero, nil
	}
	data, err = c.quantized(data, zero.DType, q)
	return data, nil, err
}

// shiftedWeights returns weights x without their zero points z, inputs of the node: constant ones are the Quant of the
// weights with scale 1, others are subtracted.
func (c *call) shiftedWeights(x, z int) (*graph.Value, error) {
	w, zero := c.input(x), c.plainInput(z)
	q, none := c.zeroQuant(zero, 0)
	if none {
		return c.plain(w), nil
	}
	if q != nil {
		return c.quantized(w, zero.DType, q)
	}
	return c.subtracted(c.plain(w), zero), nil
}

// subtracted returns weights w as int32 less a run-time zero point, one or one for each output channel.
func (c *call) subtracted(w, zero *graph.Value) *graph.Value {
	wide := info{dtype: graph.Int32, rank: c.info(w).rank}
	rank := max(wide.rank, 4)
	if wide.rank > 0 {
		rank = wide.rank
	}
	column := make([]int64, rank)
	for i := range column {
		column[i] = 1
	}
	column[0] = -1
	cast := &ops.Cast{To: graph.Int32}
	z := c.step("Reshape", &ops.Reshape{}, info{dtype: c.info(zero).dtype, rank: rank}, "_zeros", zero, c.ints("_column", column...))
	z = c.step("Cast", cast, info{dtype: graph.Int32, rank: rank}, "_zeros32", z)
	w = c.step("Cast", cast, wide, "_weights32", w)
	return c.step("Sub", &ops.Arithmetic{}, wide, "_weights", w, z)
}

// zeroQuant returns the Quant with scale 1 that a constant zero point means, nil where it is not constant; none says that
// it is absent or 0 throughout.
func (c *call) zeroQuant(zero *graph.Value, axis int) (q *graph.Quant, none bool) {
	if zero == nil {
		return nil, true
	}
	if zero.Const == nil {
		return nil, false
	}
	if err := c.charge(16 * zero.Const.Len()); err != nil {
		c.fail(err)
		return nil, false
	}
	ints, err := zero.Const.Ints()
	if err != nil || len(ints) == 0 {
		return nil, false
	}
	q = &graph.Quant{Scale: make([]float32, len(ints)), Zero: make([]int32, len(ints)), Axis: axis}
	none = true
	for i, z := range ints {
		q.Scale[i], q.Zero[i] = 1, int32(z)
		none = none && z == 0
	}
	return q, none
}

// pool converts AveragePool and MaxPool; of MaxPool's quantized data the window only moves elements.
func pool(c *call) error {
	read := c.plainInput
	if c.n.op == "MaxPool" {
		read = c.moved
	}
	c.pool(c.n.op, read(0), ops.NCHW, c.output(0))
	return nil
}

// pool adds a pool of x and returns its output, named out.
func (c *call) pool(op string, x *graph.Value, layout ops.Layout, out string) *graph.Value {
	w, err := c.window(x)
	if err == nil && w.kernel[0] == 0 {
		err = formatErrorf("no attribute \"kernel_shape\"")
	}
	if err == nil && w.flat && layout != ops.NCHW {
		err = unsupportedf("one spatial axis with the channels last")
	}
	if err != nil {
		c.fail(err)
		return nil
	}
	w.Layout = layout
	a := &ops.Pool{
		Window: w.Window, Kernel: w.kernel, Ceil: c.boolAttr("ceil_mode", false),
		CountIncludePad: c.boolAttr("count_include_pad", false), ColumnMajor: c.boolAttr("storage_order", false),
	}
	index := ""
	if op == "MaxPool" {
		index = c.output(1)
	}
	names := []string{out, index}
	if w.flat {
		x, names[0] = c.lift(x), c.temp("_pixels")
		if index != "" {
			names[1] = c.temp("_indices")
		}
	}
	if index == "" {
		names = names[:1]
	}
	rank := c.info(x).rank
	n := c.add(op, a, c.like(x, rank), []*graph.Value{x}, names...)
	if index != "" {
		c.infos[n.Outputs[1]].dtype = graph.Int64
	}
	if !w.flat {
		return n.Outputs[0]
	}
	if index != "" {
		c.lower(n.Outputs[1], index)
	}
	return c.lower(n.Outputs[0], out)
}

// nhwcMaxPool converts com.microsoft NhwcMaxPool.
func nhwcMaxPool(c *call) error {
	c.pool("MaxPool", c.moved(0), ops.NHWC, c.output(0))
	return nil
}

// globalPool converts GlobalAveragePool and GlobalMaxPool.
func globalPool(c *call) error {
	x := c.plainInput(0)
	flat := c.info(x).rank == 3
	if r := c.info(x).rank; r >= 0 && r != 3 && r != 4 {
		return unsupportedf("%d spatial axes: want 1 or 2", r-2)
	}
	if !flat {
		c.add(c.n.op, &ops.GlobalPool{}, c.of(x), []*graph.Value{x}, c.output(0))
		return nil
	}
	x = c.lift(x)
	c.lower(c.step(c.n.op, &ops.GlobalPool{}, c.of(x), "_pixels", x), c.output(0))
	return nil
}

// fusedConv converts com.microsoft FusedConv: inputs X, W, B, Z (added before the activation).
func fusedConv(c *call) error {
	v := convolution{x: c.plainInput(0), w: c.plainInput(1), bias: c.plainInput(2), residual: c.plainInput(3)}
	op, attrs, clamp := c.activation()
	v.clamp = clamp
	if op == "" {
		c.convolve(v, c.output(0))
		return nil
	}
	if y := c.convolve(v, c.temp("_linear")); y != nil {
		c.add(op, attrs, c.of(y), []*graph.Value{y}, c.output(0))
	}
	return nil
}

// activation returns the activation of a fused node: a clamp, or an operator with its attributes.
func (c *call) activation() (op string, attrs any, clamp ops.Clamp) {
	kind := c.choiceAttr("activation", "", "Relu", "Clip", "LeakyRelu", "Sigmoid", "Tanh", "HardSigmoid")
	var params []float32
	if a := c.attr("activation_params", attrFloats); a != nil {
		params = a.floats
	}
	want := map[string]int{"Clip": 2, "LeakyRelu": 1, "HardSigmoid": 2}[kind]
	if len(params) < want {
		c.fail(formatErrorf("attribute \"activation_params\" has %d elements: %s wants %d", len(params), kind, want))
		return "", nil, clamp
	}
	switch kind {
	case "":
	case "Relu":
		clamp = ops.Clamp{}.And(0, inf)
	case "Clip":
		clamp = ops.Clamp{On: true, Lo: params[0], Hi: params[1]}
	case "LeakyRelu":
		return kind, &ops.LeakyRelu{Alpha: params[0]}, clamp
	case "HardSigmoid":
		return kind, &ops.HardSigmoid{Alpha: params[0], Beta: params[1]}, clamp
	default:
		return kind, nil, clamp
	}
	return "", nil, clamp
}
