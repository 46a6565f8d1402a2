package onnx

import (
	"math"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/ops"
)

var inf = float32(math.Inf(1))

// gemm converts Gemm. Before opset 7 broadcasting of C had to be asked for; files are read as if it always were.
func gemm(c *call) error {
	c.used["broadcast"] = true
	in := c.plainInputs()
	c.add("Gemm", c.gemmAttrs(), info{dtype: c.of(in[0]).dtype, rank: 2}, in, c.output(0))
	return nil
}

// gemmAttrs reads the attributes of Gemm.
func (c *call) gemmAttrs() *ops.Gemm {
	return &ops.Gemm{
		Alpha: c.floatAttr("alpha", 1), Beta: c.floatAttr("beta", 1),
		TransA: c.boolAttr("transA", false), TransB: c.boolAttr("transB", false),
	}
}

// fusedGemm converts com.microsoft FusedGemm: Gemm and an activation.
func fusedGemm(c *call) error {
	kind := c.choiceAttr("activation", "", "Relu", "LeakyRelu", "Sigmoid", "Tanh")
	in := c.plainInputs()
	out := info{dtype: c.of(in[0]).dtype, rank: 2}
	var attrs any
	switch kind {
	case "":
		c.add("Gemm", c.gemmAttrs(), out, in, c.output(0))
		return nil
	case "LeakyRelu":
		attrs = &ops.LeakyRelu{Alpha: c.floatAttr("activation_alpha", 0.01)}
	}
	y := c.step("Gemm", c.gemmAttrs(), out, "_linear", in...)
	c.add(kind, attrs, out, []*graph.Value{y}, c.output(0))
	return nil
}

// matMul converts MatMul.
func matMul(c *call) error {
	in := c.plainInputs()
	c.add("MatMul", nil, c.matMulInfo(in[0], in[1]), in, c.output(0))
	return nil
}

// matMulInfo describes the product of a and b.
func (c *call) matMulInfo(a, b *graph.Value) info {
	out := c.broadcast([]*graph.Value{a, b}, c.of(a).dtype)
	if c.info(a).rank < 2 || c.info(b).rank < 2 {
		out.rank = -1
	}
	return out
}

// matMulInteger converts MatMulInteger: inputs A, B, a_zero_point, b_zero_point; the output is int32 accumulators.
func matMulInteger(c *call) error {
	_, err := c.integerProduct(0, 1, 2, 3, c.output(0))
	return err
}

// integerProduct adds the product of inputs a and b less their zero points, inputs az and bz, as int32 accumulators.
// Constant zero points become Quants of scale 1, one for all of A, one or one for each column of B.
func (c *call) integerProduct(a, b, az, bz int, out string) (*graph.Value, error) {
	x, xz, err := c.shifted(a, az)
	if err != nil {
		return nil, err
	}
	w, wz := c.input(b), c.plainInput(bz)
	rank := c.info(w).rank
	q, none := c.zeroQuant(wz, rank-1)
	switch {
	case none:
		w, wz = c.plain(w), nil
	case q == nil || !q.IsPerTensor() && (rank < 2 || len(wz.Shape) > 1):
		w = c.plain(w)
	default:
		if w, err = c.quantized(w, wz.DType, q); err != nil {
			return nil, err
		}
		wz = nil
	}
	like := c.matMulInfo(x, w)
	like.dtype = graph.Int32
	y := c.add("MatMul", nil, like, []*graph.Value{x, w, xz, wz}, out).Outputs[0]
	c.declare(y, graph.Int32, nil)
	return y, nil
}

// matMulIntegerToFloat converts com.microsoft MatMulIntegerToFloat, which ONNX Runtime makes of dynamic quantization:
// inputs A, B, a_scale, b_scale, a_zero_point, b_zero_point, bias.
func matMulIntegerToFloat(c *call) error {
	acc, err := c.integerProduct(0, 1, 4, 5, c.temp("_acc"))
	if err != nil {
		return err
	}
	return c.scaled(acc, c.plainInput(2), c.plainInput(3), c.plainInput(6))
}

// dynamicQuantizeMatMul converts com.microsoft DynamicQuantizeMatMul: inputs A (float), B, b_scale, b_zero_point, bias.
func dynamicQuantizeMatMul(c *call) error {
	x := c.plainInput(0)
	names := []string{c.temp("_a"), c.temp("_a_scale"), c.temp("_a_zero")}
	q := c.add("DynamicQuantizeLinear", nil, info{dtype: graph.Uint8, rank: c.of(x).rank}, []*graph.Value{x}, names...)
	c.describe(q.Outputs[1], info{dtype: graph.Float32})
	c.describe(q.Outputs[2], info{dtype: graph.Uint8})
	for len(c.in) < 5 {
		c.in = append(c.in, nil)
	}
	scale, bias := c.plainInput(2), c.plainInput(4)
	c.in = []*graph.Value{q.Outputs[0], c.in[1], q.Outputs[2], c.in[3]}
	acc, err := c.integerProduct(0, 1, 2, 3, c.temp("_acc"))
	if err != nil {
		return err
	}
	return c.scaled(acc, q.Outputs[1], scale, bias)
}

// scaled adds the nodes that make real numbers of accumulators, as the node's output 0.
func (c *call) scaled(acc, a, b, bias *graph.Value) error {
	out := c.of(acc)
	out.dtype = graph.Float32
	f := c.step("Cast", &ops.Cast{To: graph.Float32}, out, "_real", acc)
	s := c.step("Mul", &ops.Arithmetic{}, c.broadcast([]*graph.Value{a, b}, graph.Float32), "_scale", a, b)
	if bias == nil {
		c.add("Mul", &ops.Arithmetic{}, out, []*graph.Value{f, s}, c.output(0))
		return nil
	}
	y := c.step("Mul", &ops.Arithmetic{}, out, "_product", f, s)
	c.add("Add", &ops.Arithmetic{}, out, []*graph.Value{y, bias}, c.output(0))
	return nil
}
