package opstest_test

import (
	"math"
	"testing"

	"github.com/octet-ml/octet/graph"
	. "github.com/octet-ml/octet/ops/opstest"

	"github.com/octet-ml/octet/ops"
)

func f(v []float32, shape ...int) *graph.Tensor { return graph.Float32s(v, shape...) }

// seq returns the float32 numbers 0, 1, 2 ... in the shape.
func seq(shape ...int) *graph.Tensor {
	t := graph.NewTensor(graph.Float32, shape...)
	for i := range t.Len() {
		t.SetFloat(i, float64(i))
	}
	return t
}

// ints returns a tensor of an integer type or Bool.
func ints(d graph.DType, v []int64, shape ...int) *graph.Tensor {
	t := graph.NewTensor(d, shape...)
	for i, x := range v {
		t.SetInt(i, x)
	}
	return t
}

func i64(v []int64, shape ...int) *graph.Tensor { return graph.Int64s(v, shape...) }

func u8(v []int64, shape ...int) *graph.Tensor { return ints(graph.Uint8, v, shape...) }

// row is a case with its expected outputs.
type row struct {
	Case
	want []*graph.Tensor
}

func check(t *testing.T, rows []row) {
	t.Helper()
	for _, r := range rows {
		Values(t, r.Case, r.want...)
	}
}

func out(ts ...*graph.Tensor) []*graph.Tensor { return ts }

func TestPoolValues(t *testing.T) {
	grid := f([]float32{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16}, 1, 1, 4, 4)
	ceil := ops.Pool{Window: ops.Window{Strides: [2]int{2, 2}}, Kernel: [2]int{3, 3}, Ceil: true}
	padded := ops.Pool{Window: ops.Window{Pads: [4]int{1, 1, 1, 1}}, Kernel: [2]int{3, 3}, CountIncludePad: true}
	excluded := padded
	excluded.CountIncludePad = false
	ones := f([]float32{1, 1, 1, 1}, 1, 1, 2, 2)
	indices := ops.Pool{Window: ops.Window{Strides: [2]int{2, 2}}, Kernel: [2]int{2, 2}}
	columns := indices
	columns.ColumnMajor = true
	check(t, []row{
		{Case{Name: "ceil (ONNX maxpool_2d_ceil)", Op: "MaxPool", Attrs: &ceil, In: []Operand{In(grid)}}, out(f([]float32{11, 12, 15, 16}, 1, 1, 2, 2))},
		{Case{Name: "ceil (ONNX averagepool_2d_ceil)", Op: "AveragePool", Attrs: &ceil, In: []Operand{In(grid)}}, out(f([]float32{6, 7.5, 12, 13.5}, 1, 1, 2, 2))},
		{Case{Name: "padding counts", Op: "AveragePool", Attrs: &padded, In: []Operand{In(ones)}}, out(f([]float32{4. / 9, 4. / 9, 4. / 9, 4. / 9}, 1, 1, 2, 2))},
		{Case{Name: "padding does not count", Op: "AveragePool", Attrs: &excluded, In: []Operand{In(ones)}}, out(ones)},
		{Case{Name: "indices in rows", Op: "MaxPool", Attrs: &indices, In: []Operand{In(grid)}, Out: make([]Declared, 2)},
			out(f([]float32{6, 8, 14, 16}, 1, 1, 2, 2), i64([]int64{5, 7, 13, 15}, 1, 1, 2, 2))},
		{Case{Name: "indices in columns", Op: "MaxPool", Attrs: &columns, In: []Operand{In(grid)}, Out: make([]Declared, 2)},
			out(nil, i64([]int64{5, 13, 7, 15}, 1, 1, 2, 2))},
		{Case{Name: "dilation (ONNX maxpool_2d_dilations)", Op: "MaxPool", Attrs: &ops.Pool{Window: ops.Window{Dilations: [2]int{2, 2}}, Kernel: [2]int{2, 2}}, In: []Operand{In(grid)}},
			out(f([]float32{11, 12, 15, 16}, 1, 1, 2, 2))},
		{Case{Name: "clamp", Op: "MaxPool", Attrs: &ops.Pool{Kernel: [2]int{4, 4}, Clamp: ops.Clamp{On: true, Lo: 0, Hi: 6}}, In: []Operand{In(grid)}}, out(f([]float32{6}, 1, 1, 1, 1))},
		{Case{Name: "global", Op: "GlobalAveragePool", Attrs: &ops.GlobalPool{}, In: []Operand{In(grid)}}, out(f([]float32{8.5}, 1, 1, 1, 1))},
		{Case{Name: "global, channels last", Op: "GlobalMaxPool", Attrs: &ops.GlobalPool{Layout: ops.NHWC}, In: []Operand{In(seq(1, 2, 1, 2))}}, out(f([]float32{2, 3}, 1, 1, 1, 2))},
		// (3 + 4 + 6 + 8 - 4*1) * 0.5/1/4 = 2.125, rounded 2, plus 10.
		{Case{Name: "quantized", Op: "GlobalAveragePool", Attrs: &ops.GlobalPool{}, In: []Operand{Quantized(u8([]int64{3, 4, 6, 8}, 1, 1, 2, 2), 0.5, 1)},
			Out: []Declared{{graph.Uint8, graph.PerTensor(1, 10)}}}, out(u8([]int64{12}, 1, 1, 1, 1))},
		// A tie: 5 * 1/2 = 2.5 goes to the even 2.
		{Case{Name: "quantized tie", Op: "GlobalAveragePool", Attrs: &ops.GlobalPool{}, In: []Operand{Quantized(u8([]int64{2, 3}, 1, 1, 1, 2), 1, 0)}}, out(u8([]int64{2}, 1, 1, 1, 1))},
		{Case{Name: "requantized", Op: "MaxPool", Attrs: &ops.Pool{Kernel: [2]int{1, 2}}, In: []Operand{Quantized(u8([]int64{7, 12}, 1, 1, 1, 2), 0.5, 2)},
			Out: []Declared{{graph.Int8, graph.PerTensor(1, -3)}}}, out(ints(graph.Int8, []int64{2}, 1, 1, 1, 1))},
	})
}

func TestUnaryValues(t *testing.T) {
	inf, nan := float32(math.Inf(1)), float32(math.NaN())
	x := f([]float32{-3, -0.5, 0, 0.5, 2.5, 7}, 6)
	un := func(op string, attrs any, want ...float32) row {
		return row{Case{Op: op, Attrs: attrs, In: []Operand{In(x)}}, out(f(want, 6))}
	}
	check(t, []row{
		un("Relu", nil, 0, 0, 0, 0.5, 2.5, 7),
		un("Relu6", nil, 0, 0, 0, 0.5, 2.5, 6),
		un("Sigmoid", nil, 0.047425874, 0.37754068, 0.5, 0.62245935, 0.9241418, 0.999089),
		un("Tanh", nil, -0.9950548, -0.46211717, 0, 0.46211717, 0.9866143, 0.99999833),
		un("HardSwish", nil, 0, -0.20833333, 0, 0.29166666, 2.2916667, 7),
		un("HardSigmoid", &ops.HardSigmoid{Alpha: 0.2, Beta: 0.5}, 0, 0.4, 0.5, 0.6, 1, 1),
		un("Swish", &ops.Swish{Alpha: 1}, -0.14227763, -0.18877034, 0, 0.31122968, 2.3103545, 6.9936233),
		un("Mish", nil, -0.14564745, -0.22074401, 0, 0.37524524, 2.4713925, 6.9999878),
		un("Gelu", &ops.Gelu{}, -0.00404969, -0.15426877, 0, 0.34573123, 2.4844758, 7),
		un("Gelu", &ops.Gelu{Tanh: true}, -0.00363739, -0.15428599, 0, 0.345714, 2.4849157, 7),
		un("Elu", &ops.Elu{Alpha: 2}, -1.9004259, -0.7869387, 0, 0.5, 2.5, 7),
		un("Celu", &ops.Celu{Alpha: 2}, -1.5537397, -0.44239843, 0, 0.5, 2.5, 7),
		un("Selu", &ops.Selu{Alpha: 2, Gamma: 3}, -5.7012777, -2.360816, 0, 1.5, 7.5, 21),
		un("LeakyRelu", &ops.LeakyRelu{Alpha: 0.1}, -0.3, -0.05, 0, 0.5, 2.5, 7),
		un("ThresholdedRelu", &ops.ThresholdedRelu{Alpha: 0.5}, 0, 0, 0, 0, 2.5, 7),
		un("Softplus", nil, 0.04858735, 0.474077, 0.6931472, 0.974077, 2.5788898, 7.0009115),
		un("Softsign", nil, -0.75, -0.33333334, 0, 0.33333334, 0.71428573, 0.875),
		un("Abs", nil, 3, 0.5, 0, 0.5, 2.5, 7),
		un("Neg", nil, 3, 0.5, 0, -0.5, -2.5, -7),
		un("Exp", nil, 0.049787067, 0.60653067, 1, 1.6487212, 12.182494, 1096.6332),
		un("Reciprocal", nil, -0.33333334, -2, inf, 2, 0.4, 0.14285715),
		un("Erf", nil, -0.9999779, -0.5204999, 0, 0.5204999, 0.999593, 1),
		un("Ceil", nil, -3, 0, 0, 1, 3, 7),
		un("Floor", nil, -3, -1, 0, 0, 2, 7),
		un("Round", nil, -3, 0, 0, 0, 2, 7),
		un("Sign", nil, -1, -1, 0, 1, 1, 1),
		un("Sin", nil, -0.14112, -0.47942555, 0, 0.47942555, 0.59847213, 0.6569866),
		un("Cos", nil, -0.9899925, 0.87758255, 1, 0.87758255, -0.8011436, 0.75390226),
		un("Identity", nil, -3, -0.5, 0, 0.5, 2.5, 7),
		{Case{Op: "Sqrt", In: []Operand{In(f([]float32{4, 2, -1}, 3))}}, out(f([]float32{2, math.Sqrt2, nan}, 3))},
		{Case{Op: "Log", In: []Operand{In(f([]float32{1, 10, 0}, 3))}}, out(f([]float32{0, math.Ln10, -inf}, 3))},
		{Case{Name: "far arguments", Op: "Sin", In: []Operand{In(f([]float32{1000, -31415.926, 1e6}, 3))}}, out(f([]float32{0.82687954, 0.00075465, -0.34999350}, 3))},
		{Case{Op: "Not", In: []Operand{In(ints(graph.Bool, []int64{0, 1}, 2))}}, out(ints(graph.Bool, []int64{1, 0}, 2))},
		{Case{Name: "integers", Op: "Abs", In: []Operand{In(ints(graph.Int8, []int64{-128, -1, 3}, 3))}}, out(ints(graph.Int8, []int64{-128, 1, 3}, 3))},
		{Case{Name: "integers", Op: "Neg", In: []Operand{In(ints(graph.Int32, []int64{-5, 5}, 2))}}, out(ints(graph.Int32, []int64{5, -5}, 2))},
		{Case{Name: "integers", Op: "Sign", In: []Operand{In(ints(graph.Uint64, []int64{0, -1}, 2))}}, out(ints(graph.Uint64, []int64{0, 1}, 2))},
		{Case{Name: "integers", Op: "Relu", In: []Operand{In(ints(graph.Int16, []int64{-7, 7}, 2))}}, out(ints(graph.Int16, []int64{0, 7}, 2))},
		// 0.25*(q-8): -2, 0, 2 -> relu -> the same integers from the zero point on.
		{Case{Name: "quantized", Op: "Relu", In: []Operand{Quantized(u8([]int64{0, 8, 16}, 3), 0.25, 8)}}, out(u8([]int64{8, 8, 16}, 3))},
		{Case{Name: "quantized differently", Op: "Sigmoid", In: []Operand{Quantized(u8([]int64{0, 8, 255}, 3), 0.25, 8)}, Out: []Declared{{graph.Int8, graph.PerTensor(1./256, -128)}}},
			out(ints(graph.Int8, []int64{-97, 0, 127}, 3))},
	})
}

func TestClipAndPReluValues(t *testing.T) {
	x := f([]float32{-2, 0, 2}, 3)
	check(t, []row{
		{Case{Op: "Clip", In: []Operand{In(x), In(f([]float32{-1})), In(f([]float32{1}))}}, out(f([]float32{-1, 0, 1}, 3))},
		{Case{Name: "upper bound only", Op: "Clip", In: []Operand{In(x), {}, Const(f([]float32{1}))}}, out(f([]float32{-2, 0, 1}, 3))},
		{Case{Name: "no bounds", Op: "Clip", In: []Operand{In(x)}}, out(x)},
		{Case{Name: "crossed bounds", Op: "Clip", In: []Operand{In(x), Const(f([]float32{2})), Const(f([]float32{1}))}}, out(f([]float32{1, 1, 1}, 3))},
		{Case{Name: "integers", Op: "Clip", In: []Operand{In(ints(graph.Int8, []int64{-9, 0, 9}, 3)), {}, In(ints(graph.Int8, []int64{5}))}}, out(ints(graph.Int8, []int64{-9, 0, 5}, 3))},
		{Case{Name: "quantized with real bounds", Op: "Clip", In: []Operand{Quantized(u8([]int64{0, 10, 200}, 3), 0.1, 10), Const(f([]float32{0})), Const(f([]float32{6}))}}, out(u8([]int64{10, 10, 70}, 3))},
		{Case{Op: "PRelu", In: []Operand{In(f([]float32{-1, 2, -3, 4}, 2, 2)), In(f([]float32{0.5, 0.25}, 2))}}, out(f([]float32{-0.5, 2, -1.5, 4}, 2, 2))},
	})
}

func TestArithmeticValues(t *testing.T) {
	a, b := f([]float32{1, 2, 3, 4}, 2, 2), f([]float32{10, 20}, 2)
	bin := func(name, op string, x, y, want *graph.Tensor) row {
		return row{Case{Name: name, Op: op, In: []Operand{In(x), In(y)}}, out(want)}
	}
	check(t, []row{
		bin("rows", "Add", a, b, f([]float32{11, 22, 13, 24}, 2, 2)),
		bin("columns", "Sub", f([]float32{1, 2}, 2, 1), b, f([]float32{-9, -19, -8, -18}, 2, 2)),
		bin("scalar", "Mul", a, f([]float32{3}), f([]float32{3, 6, 9, 12}, 2, 2)),
		bin("exchanged", "Div", b, a, f([]float32{10, 10, 10. / 3, 5}, 2, 2)),
		bin("integers truncate", "Div", ints(graph.Int32, []int64{-7, 7, 5}, 3), ints(graph.Int32, []int64{2, -2, 0}, 3), ints(graph.Int32, []int64{-3, -3, 0}, 3)),
		bin("unsigned", "Div", ints(graph.Uint64, []int64{-2}, 1), ints(graph.Uint64, []int64{2}, 1), ints(graph.Uint64, []int64{math.MaxInt64}, 1)),
		bin("integers wrap", "Add", u8([]int64{250}, 1), u8([]int64{10}, 1), u8([]int64{4}, 1)),
		bin("least over -1", "Div", ints(graph.Int64, []int64{math.MinInt64}, 1), i64([]int64{-1}, 1), i64([]int64{math.MinInt64}, 1)),
		bin("sign of the divisor", "Mod", ints(graph.Int32, []int64{-4, 7, 5, 4, -7, 8}, 6), ints(graph.Int32, []int64{2, -3, 8, -2, 3, 5}, 6), ints(graph.Int32, []int64{0, -2, 5, 0, 2, 3}, 6)),
		{Case{Name: "sign of the dividend (ONNX mod_mixed_sign)", Op: "Mod", Attrs: &ops.Mod{Truncate: true}, In: []Operand{In(f([]float32{-4.3, 7.2, 5}, 3)), In(f([]float32{2.1, -3.4, 8}, 3))}},
			out(f([]float32{-0.1, 0.4, 5}, 3))},
		bin("float", "Pow", f([]float32{1, 2, 3}, 3), f([]float32{4, 5, 0.5}, 3), f([]float32{1, 32, 1.7320508}, 3)),
		bin("integer exponent", "Pow", f([]float32{1, 2, 3}, 3), i64([]int64{4, -1, 6}, 3), f([]float32{1, 0.5, 729}, 3)),
		bin("integer base", "Pow", i64([]int64{1, 2, -3}, 3), f([]float32{4, 5, 3}, 3), i64([]int64{1, 32, -27}, 3)),
		{Case{Name: "clamp", Op: "Add", Attrs: &ops.Arithmetic{Clamp: ops.Clamp{On: true, Lo: 12, Hi: 20}}, In: []Operand{In(a), In(b)}}, out(f([]float32{12, 20, 13, 20}, 2, 2))},
		{Case{Op: "Max", In: []Operand{In(a), In(f([]float32{2}, 1)), In(f([]float32{0, 9}, 2))}}, out(f([]float32{2, 9, 3, 9}, 2, 2))},
		{Case{Op: "Min", In: []Operand{In(ints(graph.Uint64, []int64{-1, 3}, 2)), In(ints(graph.Uint64, []int64{5, 4}, 2))}}, out(ints(graph.Uint64, []int64{5, 3}, 2))},
		{Case{Op: "Sum", In: []Operand{In(a), In(a), In(b)}}, out(f([]float32{12, 24, 16, 28}, 2, 2))},
		{Case{Op: "Mean", In: []Operand{In(a), In(b)}}, out(f([]float32{5.5, 11, 6.5, 12}, 2, 2))},
		{Case{Name: "one operand", Op: "Mean", In: []Operand{In(a)}}, out(a)},
		// real 1*(5-3) + 0.5*(9-1) = 6, at scale 2: 3, plus 100.
		{Case{Name: "quantized", Op: "Add", In: []Operand{Quantized(u8([]int64{5}, 1), 1, 3), Quantized(u8([]int64{9}, 1), 0.5, 1)}, Out: []Declared{{graph.Uint8, graph.PerTensor(2, 100)}}}, out(u8([]int64{103}, 1))},
		// 2 * 4 = 8 at scale 16: a tie, to the even 0, plus 7.
		{Case{Name: "quantized", Op: "Mul", In: []Operand{Quantized(u8([]int64{5}, 1), 1, 3), Quantized(u8([]int64{9}, 1), 0.5, 1)}, Out: []Declared{{graph.Uint8, graph.PerTensor(16, 7)}}}, out(u8([]int64{7}, 1))},
		{Case{Name: "quantized", Op: "Sub", In: []Operand{Quantized(u8([]int64{5}, 1), 1, 3), Quantized(u8([]int64{9}, 1), 0.5, 1)}, Out: []Declared{{graph.Int8, graph.PerTensor(1, 0)}}}, out(ints(graph.Int8, []int64{-2}, 1))},
	})
}

func TestComparisonValues(t *testing.T) {
	a, b := f([]float32{1, 2, 3}, 3), f([]float32{2}, 1)
	bools := func(v ...int64) *graph.Tensor { return ints(graph.Bool, v, len(v)) }
	cmp := func(op string, want *graph.Tensor) row {
		return row{Case{Op: op, In: []Operand{In(a), In(b)}}, out(want)}
	}
	p, q := bools(0, 0, 1, 1), bools(0, 1, 0, 1)
	logic := func(op string, want *graph.Tensor) row {
		return row{Case{Op: op, In: []Operand{In(p), In(q)}}, out(want)}
	}
	check(t, []row{
		cmp("Equal", bools(0, 1, 0)), cmp("Greater", bools(0, 0, 1)), cmp("GreaterOrEqual", bools(0, 1, 1)),
		cmp("Less", bools(1, 0, 0)), cmp("LessOrEqual", bools(1, 1, 0)),
		logic("And", bools(0, 0, 0, 1)), logic("Or", bools(0, 1, 1, 1)), logic("Xor", bools(0, 1, 1, 0)),
		{Case{Name: "unsigned", Op: "Less", In: []Operand{In(ints(graph.Uint64, []int64{-1}, 1)), In(ints(graph.Uint64, []int64{1}, 1))}}, out(bools(0))},
		{Case{Name: "quantized by their real numbers", Op: "Equal", In: []Operand{Quantized(u8([]int64{4}, 1), 0.5, 0), Quantized(u8([]int64{12}, 1), 1, 10)}}, out(bools(1))},
		{Case{Op: "Where", In: []Operand{In(bools(1, 0)), In(f([]float32{1, 2, 3, 4}, 2, 2)), In(f([]float32{9}))}}, out(f([]float32{1, 9, 3, 9}, 2, 2))},
	})
}

func TestSoftmaxValues(t *testing.T) {
	x := f([]float32{-1, 0, 1}, 1, 3)
	square := f([]float32{0, 0, 0, 0}, 1, 2, 2)
	check(t, []row{
		{Case{Name: "ONNX softmax_example", Op: "Softmax", Attrs: &ops.Softmax{Axis: -1}, In: []Operand{In(x)}}, out(f([]float32{0.09003058, 0.24472848, 0.66524094}, 1, 3))},
		{Case{Name: "ONNX logsoftmax_example_1", Op: "LogSoftmax", Attrs: &ops.Softmax{Axis: -1}, In: []Operand{In(x)}}, out(f([]float32{-2.4076061, -1.407606, -0.407606}, 1, 3))},
		{Case{Name: "beta", Op: "Softmax", Attrs: &ops.Softmax{Axis: -1, Beta: 2}, In: []Operand{In(x)}}, out(f([]float32{0.015876239, 0.11731043, 0.8668133}, 1, 3))},
		{Case{Name: "one axis", Op: "Softmax", Attrs: &ops.Softmax{Axis: 1}, In: []Operand{In(square)}}, out(f([]float32{.5, .5, .5, .5}, 1, 2, 2))},
		{Case{Name: "flattened", Op: "Softmax", Attrs: &ops.Softmax{Axis: 1, Flatten: true}, In: []Operand{In(square)}}, out(f([]float32{.25, .25, .25, .25}, 1, 2, 2))},
		{Case{Name: "quantized", Op: "Softmax", Attrs: &ops.Softmax{Axis: -1}, In: []Operand{Quantized(u8([]int64{0, 1, 2}, 1, 3), 1, 0)}, Out: []Declared{{graph.Uint8, graph.PerTensor(1./256, 0)}}}, out(u8([]int64{23, 63, 170}, 1, 3))},
	})
}

func TestReductionValues(t *testing.T) {
	x := f([]float32{1, 2, 3, 4, 5, 6}, 2, 3)
	red := func(op string, want ...float32) row {
		return row{Case{Op: op, Attrs: &ops.Reduce{}, In: []Operand{In(x), Ints(1)}}, out(f(want, 2))}
	}
	check(t, []row{
		red("ReduceMean", 2, 5), red("ReduceSum", 6, 15), red("ReduceMax", 3, 6), red("ReduceMin", 1, 4), red("ReduceProd", 6, 120),
		red("ReduceSumSquare", 14, 77), red("ReduceL1", 6, 15), red("ReduceL2", 3.7416575, 8.774964),
		{Case{Name: "outer axis", Op: "ReduceSum", Attrs: &ops.Reduce{KeepDims: true}, In: []Operand{In(x), Ints(-2)}}, out(f([]float32{5, 7, 9}, 1, 3))},
		{Case{Name: "all axes", Op: "ReduceSum", Attrs: &ops.Reduce{}, In: []Operand{In(x)}}, out(f([]float32{21}))},
		{Case{Name: "no axes", Op: "ReduceSumSquare", Attrs: &ops.Reduce{NoopIfEmptyAxes: true}, In: []Operand{In(x), Ints()}}, out(f([]float32{1, 4, 9, 16, 25, 36}, 2, 3))},
		{Case{Name: "nothing", Op: "ReduceMin", Attrs: &ops.Reduce{}, In: []Operand{In(seq(2, 0)), Ints(1)}}, out(f([]float32{float32(math.Inf(1)), float32(math.Inf(1))}, 2))},
		{Case{Name: "unsigned", Op: "ReduceMax", Attrs: &ops.Reduce{}, In: []Operand{In(ints(graph.Uint64, []int64{-1, 1}, 2))}}, out(ints(graph.Uint64, []int64{-1}))},
		{Case{Name: "bool", Op: "ReduceMin", Attrs: &ops.Reduce{}, In: []Operand{In(ints(graph.Bool, []int64{1, 0}, 2))}}, out(ints(graph.Bool, []int64{0}))},
		// (1+2+5+6 - 4*2)/4 = 1.5 -> 2, plus 2.
		{Case{Name: "quantized", Op: "ReduceMean", Attrs: &ops.Reduce{}, In: []Operand{Quantized(u8([]int64{1, 2, 5, 6}, 4), 1, 2)}}, out(u8([]int64{4}))},
		{Case{Op: "ArgMax", Attrs: &ops.Arg{Axis: 1}, In: []Operand{In(f([]float32{2, 2, 1, 3, 10, 10}, 2, 3))}}, out(i64([]int64{0, 1}, 2))},
		{Case{Op: "ArgMax", Attrs: &ops.Arg{Axis: 1, SelectLast: true, KeepDims: true}, In: []Operand{In(f([]float32{2, 2, 1, 3, 10, 10}, 2, 3))}}, out(i64([]int64{1, 2}, 2, 1))},
		{Case{Name: "int32 declared", Op: "ArgMin", Attrs: &ops.Arg{}, In: []Operand{In(f([]float32{2, 5, 1, 5}, 2, 2))}, Out: []Declared{{DType: graph.Int32}}}, out(ints(graph.Int32, []int64{1, 0}, 2))},
		{Case{Name: "ONNX top_k", Op: "TopK", Attrs: &ops.TopK{Axis: 1, Largest: true, Sorted: true}, In: []Operand{In(seq(2, 4)), Ints(3)}, Out: make([]Declared, 2)},
			out(f([]float32{3, 2, 1, 7, 6, 5}, 2, 3), i64([]int64{3, 2, 1, 3, 2, 1}, 2, 3))},
		{Case{Name: "smallest, ties in order", Op: "TopK", Attrs: &ops.TopK{Axis: 0}, In: []Operand{In(f([]float32{1, 0, 1, 0}, 4)), Ints(3)}, Out: make([]Declared, 2)},
			out(f([]float32{0, 0, 1}, 3), i64([]int64{1, 3, 0}, 3))},
	})
}
