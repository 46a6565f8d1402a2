package tflite

import (
	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/ops"
)

// window reads padding, strides and dilations from the options; dilation is the field of dilation_w_factor, or -1.
func (c *call) window(dilation int) (ops.Window, error) {
	w := ops.Window{Layout: ops.NHWC, Strides: [2]int{c.opt.int(2, 0), c.opt.int(1, 0)}, Dilations: [2]int{1, 1}}
	if dilation >= 0 {
		w.Dilations = [2]int{c.opt.int(dilation+1, 1), c.opt.int(dilation, 1)}
	}
	if min(w.Strides[0], w.Strides[1], w.Dilations[0], w.Dilations[1]) < 1 {
		return w, formatErrorf("strides %v, dilations %v: want at least 1", w.Strides, w.Dilations)
	}
	switch p := c.opt.byte(0); p {
	case paddingSame:
		w.AutoPad = ops.SameUpper
	case paddingValid:
		w.AutoPad = ops.Valid
	default:
		return w, formatErrorf("padding number %d", p)
	}
	return w, nil
}

// contraction returns the operands of a convolution or dense layer. Beside float data, weights and bias become float too:
// quantized ones pass through Dequantize.
func (c *call) contraction(w *graph.Value) ([]*graph.Value, error) {
	x, b, y := c.in[0], c.input(2), c.out[0]
	switch {
	case x.DType.IsFloat() && !y.DType.IsFloat():
		return nil, formatErrorf("output of type %v from float data", y.DType)
	case x.DType.IsFloat():
		return []*graph.Value{c.real(x), c.real(w), c.real(b)}, nil
	case x.Quant == nil || x.DType.Bits() != 8:
		return nil, unsupportedf("data of type %v, quantization %v: want float or quantized to 8 bits", x.DType, x.Quant)
	case w.Quant == nil:
		return nil, unsupportedf("weights of type %v without quantization beside quantized data", w.DType)
	case y.Quant == nil:
		return nil, formatErrorf("output of type %v without quantization from quantized data", y.DType)
	}
	return []*graph.Value{x, w, b}, nil
}

// rank4 returns the shapes of data and weights.
func (c *call) rank4() (x, w graph.Shape, err error) {
	x, w = c.inShape(0), c.inShape(1)
	if len(x) != 4 || len(w) != 4 || !w.Static() {
		return nil, nil, formatErrorf("data %v and weights %v: want four axes each", x, w)
	}
	return x, w, nil
}

// conv2D converts CONV_2D: weights [oc kh kw ic/groups].
func conv2D(c *call) error {
	x, w, err := c.rank4()
	if err != nil {
		return err
	}
	if w[3] == 0 || x[3]%w[3] != 0 {
		return formatErrorf("data %v and weights %v: channels do not fit", x, w)
	}
	return c.conv(c.in[1], x[3]/w[3], 3, 4)
}

// depthwiseConv2D converts DEPTHWISE_CONV_2D: weights [1 kh kw oc], oc a multiple of the input's channels.
func depthwiseConv2D(c *call) error {
	x, w, err := c.rank4()
	if err != nil {
		return err
	}
	if w[0] != 1 || x[3] == 0 || w[3]%x[3] != 0 {
		return formatErrorf("data %v and weights %v: want [1 kh kw oc] with a multiple of the channels", x, w)
	}
	weights := c.in[1]
	if weights.Const != nil {
		if weights, err = c.turn(weights); err != nil {
			return err
		}
	} else {
		turned := c.temp("_turned", weights.DType, moveAxis(weights.Quant, turnPerm))
		c.emit("Transpose", &ops.Transpose{Perm: turnPerm}, []*graph.Value{weights}, turned)
		weights = turned
	}
	return c.conv(weights, x[3], 4, 5)
}

// conv adds a Conv node; activation and dilation are fields of the options.
func (c *call) conv(weights *graph.Value, groups, activation, dilation int) error {
	window, err := c.window(dilation)
	if err != nil {
		return err
	}
	clamp, y, err := c.fused(activation)
	if err != nil {
		return err
	}
	a := &ops.Conv{Window: window, Group: groups, Clamp: clamp}
	if c.isHybrid(weights) {
		a.Clamp = ops.Clamp{}
		h := hybrid{axes: 1, symmetric: groups == 1 && weights.Quant.IsPerTensor()}
		c.hybridLayer("Conv", a, c.in[0], weights, h, clamp, y)
		return nil
	}
	in, err := c.contraction(weights)
	if err != nil {
		return err
	}
	c.emit("Conv", a, in, y)
	return nil
}

// pool converts AVERAGE_POOL_2D and MAX_POOL_2D; padding does not count in an average.
func pool(op string) func(*call) error {
	return func(c *call) error {
		window, err := c.window(-1)
		if err != nil {
			return err
		}
		clamp, y, err := c.fused(5)
		if err != nil {
			return err
		}
		kernel := [2]int{c.opt.int(4, 0), c.opt.int(3, 0)}
		if min(kernel[0], kernel[1]) < 1 {
			return formatErrorf("filter %v: want at least 1", kernel)
		}
		a := &ops.Pool{Window: window, Kernel: kernel, Clamp: clamp, HalfAway: op == "AveragePool" && c.in[0].Quant != nil}
		c.emit(op, a, []*graph.Value{c.in[0]}, y)
		return nil
	}
}

// fullyConnected converts FULLY_CONNECTED: weights [n k]. Unless the number of axes is kept, the data are taken as rows of k.
func fullyConnected(c *call) error {
	x, w := c.inShape(0), c.inShape(1)
	if len(w) != 2 || !w.Static() {
		return formatErrorf("weights %v: want [n k]", w)
	}
	if f := c.opt.byte(1); f != 0 {
		return unsupportedf("weights format number %d", f)
	}
	clamp, y, err := c.fused(0)
	if err != nil {
		return err
	}
	in := []*graph.Value{c.in[0], c.in[1]}
	mixed := c.isHybrid(c.in[1])
	if !mixed {
		if in, err = c.contraction(c.in[1]); err != nil {
			return err
		}
	}
	a := &ops.Dense{Clamp: clamp}
	h := hybrid{axes: 1, symmetric: !c.opt.bool(3)}
	switch rest, _ := x[min(1, len(x)):].Elements(); {
	case c.opt.bool(2):
		h.axes = len(x) - 1
	case len(x) == 2 && x[1] == w[1]:
	case len(x) > 2 && rest == w[1]:
		a.Flatten = true
	default:
		rows := c.like(in[0], "_rows")
		c.emit("Reshape", &ops.Reshape{}, []*graph.Value{in[0], c.ints("_shape", -1, int64(w[1]))}, rows)
		in[0] = rows
	}
	if mixed && h.axes > 0 {
		a.Clamp = ops.Clamp{}
		c.hybridLayer("Dense", a, in[0], in[1], h, clamp, y)
		return nil
	}
	if c.fixed[in[1]] {
		c.emit("Dense", a, in, y)
		return nil
	}
	return c.gemm(a, in, y)
}

// gemm adds the nodes of a dense layer whose weights are computed from the input.
func (c *call) gemm(a *ops.Dense, in []*graph.Value, y *graph.Value) error {
	if c.opt.bool(2) {
		return unsupportedf("weights that are not constant beside data of several axes")
	}
	if a.Flatten {
		flat := c.like(in[0], "_rows")
		c.emit("Flatten", &ops.Flatten{Axis: 1}, []*graph.Value{in[0]}, flat)
		in[0] = flat
	}
	product := y
	if a.Clamp.On {
		product = c.like(y, "_linear")
	}
	c.emit("Gemm", &ops.Gemm{Alpha: 1, Beta: 1, TransB: true}, in, product)
	if a.Clamp.On {
		c.cut(product, a.Clamp, y)
	}
	return nil
}

// batchMatMul converts BATCH_MATMUL, a product over the last two axes; adj_x and adj_y swap them first.
func batchMatMul(c *call) error {
	in := []*graph.Value{c.in[0], c.in[1]}
	if in[0].DType.IsFloat() {
		in[0], in[1] = c.real(in[0]), c.real(in[1])
	}
	for i := range in {
		if !c.opt.bool(i) {
			continue
		}
		rank := len(c.inShape(i))
		if rank < 2 {
			return formatErrorf("input %d has %d axes: want at least 2", i, rank)
		}
		perm := make([]int, rank)
		for axis := range perm {
			perm[axis] = axis
		}
		perm[rank-2], perm[rank-1] = rank-1, rank-2
		t := c.temp("_swapped", in[i].DType, moveAxis(in[i].Quant, perm))
		c.emit("Transpose", &ops.Transpose{Perm: perm}, []*graph.Value{in[i]}, t)
		in[i] = t
	}
	c.emit("MatMul", nil, in, c.out[0])
	return nil
}
