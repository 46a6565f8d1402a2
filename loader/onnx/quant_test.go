package onnx

import (
	"testing"

	"github.com/octet-ml/octet/graph"
)

const plainConv = "Conv{Window:{Strides:[1 1] Dilations:[1 1]} Group:1}"

func bytes4() []*graph.Value { return []*graph.Value{in("x", graph.Uint8, graph.Batch, 4, 8, 8)} }

func TestConstantParametersAreAPropertyOfTheValue(t *testing.T) {
	w := konst("w", graph.Int8, graph.Shape{2, 4, 1, 1}, 1)
	b := konst("b", graph.Int32, graph.Shape{2}, 7)
	for name, c := range map[string]struct {
		p    proto
		want string
	}{
		"graph input, weights per channel, bias and output": {
			proto{inputs: bytes4(), constants: []*graph.Value{
				w, b, f32("s", 0.5), u8("z", 3), konst("ws", graph.Float32, graph.Shape{2}, 1, 2), konst("bs", graph.Float32, graph.Shape{2}, 0.5, 1)},
				nodes: []protoNode{
					op("DequantizeLinear", "x s z", "xf"), op("DequantizeLinear", "w ws", "wf", attribute{"axis", -4}),
					op("DequantizeLinear", "b bs", "bf", attribute{"axis", 0}), op("Conv", "xf wf bf", "yf"), op("QuantizeLinear", "yf s z", "y")}},
			`Dequantize x<u8 0.5:3> -> xf
			Dequantize w<i8 [2 scales axis 0]> -> wf
			Dequantize [7 7]<i32 [2 scales axis 0]> -> bf
			` + plainConv + ` xf wf bf -> yf
			Quantize yf -> y<u8 0.5:3>`},
		"two readers that agree": {
			proto{inputs: bytes4(), constants: []*graph.Value{f32("s", 0.5), u8("z", 3)}, nodes: []protoNode{
				op("DequantizeLinear", "x s z", "a"), op("DequantizeLinear", "x s z", "b"), op("Add", "a b", "y")}},
			`Dequantize x<u8 0.5:3> -> a
			Dequantize x<u8 0.5:3> -> b
			Add a b -> y`},
		"two readers that disagree": {
			proto{inputs: bytes4(), constants: []*graph.Value{f32("s", 0.5), f32("s2", 0.25), u8("z", 3)}, nodes: []protoNode{
				op("DequantizeLinear", "x s z", "a"), op("DequantizeLinear", "x s2 z", "b"), op("Add", "a b", "y")}},
			`Dequantize x<u8 0.5:3> -> a
			Reinterpret x<u8 0.5:3> -> x_quantized<u8 0.25:3>
			Dequantize x_quantized<u8 0.25:3> -> b
			Add a b -> y`},
		"a reader of the plain integers": {
			proto{inputs: bytes4(), constants: []*graph.Value{f32("s", 0.5), u8("z", 3)}, nodes: []protoNode{
				op("DequantizeLinear", "x s z", "a"), op("Cast", "x", "b", attribute{"to", 1}), op("Add", "a b", "y")}},
			`Dequantize x<u8 0.5:3> -> a
			Reinterpret x<u8 0.5:3> -> x_plain<u8>
			Cast{To:f32} x_plain<u8> -> b
			Add a b -> y`},
		"a reader of the plain integers before": {
			proto{inputs: bytes4(), constants: []*graph.Value{f32("s", 0.5), u8("z", 3)}, nodes: []protoNode{
				op("Cast", "x", "b", attribute{"to", 1}), op("DequantizeLinear", "x s z", "a"), op("Add", "a b", "y")}},
			`Cast{To:f32} x -> b
			Reinterpret x -> x_quantized<u8 0.5:3>
			Dequantize x_quantized<u8 0.5:3> -> a
			Add a b -> y`},
		"a constant read both ways": {
			proto{inputs: x4(), constants: []*graph.Value{konst("k", graph.Int8, graph.Shape{4}, 1), f32("s", 0.5)}, nodes: []protoNode{
				op("Cast", "k", "a", attribute{"to", 1}), op("DequantizeLinear", "k s", "b"), op("Sum", "x a b", "y")}},
			`Cast{To:f32} [1 1 1 1] -> a
			Dequantize [1 1 1 1]<i8 0.5:0> -> b
			Sum x a b -> y`},
		"integers that were only moved": {
			proto{inputs: bytes4(), constants: []*graph.Value{f32("s", 0.5)}, nodes: []protoNode{
				op("Transpose", "x", "t", attribute{"perm", []int{0, 3, 1, 2}}), op("DequantizeLinear", "t s", "y")}},
			`Transpose{Perm:[0 3 1 2]} x<u8 0.5:0> -> t<u8 0.5:0>
			Dequantize t<u8 0.5:0> -> y`},
		"a pool between": {
			proto{inputs: x4(), constants: []*graph.Value{f32("s", 0.5), u8("z", 3)}, nodes: []protoNode{
				op("QuantizeLinear", "x s z", "q"), op("MaxPool", "q", "p", attribute{"kernel_shape", []int{2, 2}}), op("DequantizeLinear", "p s z", "y")}},
			`Quantize x -> q<u8 0.5:3>
			MaxPool{Window:{Strides:[1 1] Dilations:[1 1]} Kernel:[2 2]} q<u8 0.5:3> -> p<u8 0.5:3>
			Dequantize p<u8 0.5:3> -> y`},
		"scales of float16": {
			proto{opset: 19, inputs: bytes4(), constants: []*graph.Value{konst("s", graph.Float16, nil, 0.5)}, nodes: []protoNode{op("DequantizeLinear", "x s", "y")}},
			`Dequantize x<u8 0.5:0> -> y_real
			Cast{To:f16} y_real -> y`},
		"a scale of zero stays an input": {
			proto{inputs: bytes4(), constants: []*graph.Value{f32("s", 0)}, nodes: []protoNode{op("DequantizeLinear", "x s", "y")}},
			"DequantizeLinear{Axis:1} x [0] -> y"},
		"no zero point means uint8": {
			proto{opset: 10, inputs: x4(), constants: []*graph.Value{f32("s", 0.5)}, nodes: []protoNode{op("QuantizeLinear", "x s", "y")}},
			"Quantize x -> y<u8 0.5:0>"},
		"output type as attribute": {
			proto{opset: 21, inputs: x4(), constants: []*graph.Value{f32("s", 0.5)}, nodes: []protoNode{op("QuantizeLinear", "x s", "y", attribute{"output_dtype", 22})}},
			"Quantize x -> y<i4 0.5:0>"},
		"blocks": {
			proto{opset: 21, inputs: x4(), constants: []*graph.Value{konst("w", graph.Int4, graph.Shape{4, 2}, 1), konst("s", graph.Float32, graph.Shape{2, 2}, 1, 2, 3, 4)}, nodes: []protoNode{
				op("DequantizeLinear", "w s", "wf", attribute{"axis", 0}, attribute{"block_size", 2}), op("MatMul", "x wf", "y")}},
			`Dequantize w<i4 [4 scales axis 0 block 2]> -> wf
			MatMul x wf -> y`},
		"parameters at run time": {
			proto{inputs: append(x4(), in("s", graph.Float32)), constants: []*graph.Value{u8("z", 3)}, nodes: []protoNode{op("QuantizeLinear", "x s z", "q"), op("DequantizeLinear", "q s z", "y")}},
			`QuantizeLinear{Axis:1 To:u8} x s [3] -> q
			DequantizeLinear{Axis:1} q s [3] -> y`},
	} {
		t.Run(name, func(t *testing.T) { c.p.check(t, c.want) })
	}
}

// codebook is a Conv whose weights are codes of a table.
func codebook() proto {
	table := make([]float64, 16)
	for i := range table {
		table[i] = float64(i*i) - 100
	}
	return proto{opset: 21, inputs: x4(), constants: []*graph.Value{
		konst("codes", graph.Uint4, graph.Shape{2, 4, 1, 1}, 1, 2, 3, 15), konst("table", graph.Int8, graph.Shape{16}, table...), konst("s", graph.Float32, graph.Shape{2}, 1, 2),
	}, nodes: []protoNode{
		op("Cast", "codes", "i", attribute{"to", 6}), op("Gather", "table i", "w"),
		op("DequantizeLinear", "w s", "wf", attribute{"axis", 0}), op("Conv", "x wf", "y"),
	}}
}

func TestACodebookIsAQuantWithATable(t *testing.T) {
	p := codebook()
	p.check(t, `
		Dequantize codes<u4 [codebook, 2 scales axis 0]> -> wf
		`+plainConv+` x wf -> y`)
	q := p.decode(t).Nodes[0].Inputs[0].Quant
	if q.Table[0] != -100 || q.Table[15] != 125 || q.Scale[1] != 2 {
		t.Errorf("%+v", q)
	}
}

func TestIntegerProductsHaveInt32Outputs(t *testing.T) {
	w := konst("w", graph.Int8, graph.Shape{2, 4, 1, 1}, 1)
	for name, c := range map[string]struct {
		p    proto
		want string
	}{
		"ConvInteger with constant zero points": {
			proto{inputs: bytes4(), constants: []*graph.Value{w, u8("xz", 3), konst("wz", graph.Int8, graph.Shape{2}, 1, 2)}, nodes: []protoNode{op("ConvInteger", "x w xz wz", "y")}},
			plainConv + " x<u8 1:3> w<i8 [2 scales axis 0]> -> y<i32>"},
		"ConvInteger with zero points of 0": {
			proto{inputs: bytes4(), constants: []*graph.Value{w, u8("xz", 0), i8("wz", 0)}, nodes: []protoNode{op("ConvInteger", "x w xz wz", "y")}},
			plainConv + " x w -> y<i32>"},
		"ConvInteger after DynamicQuantizeLinear": {
			proto{inputs: x4(), constants: []*graph.Value{w}, nodes: []protoNode{op("DynamicQuantizeLinear", "x", "q s z"), op("ConvInteger", "q w z", "y")}},
			"DynamicQuantizeLinear x -> q s z\n" + plainConv + " q w _ _ z -> y<i32>"},
		"MatMulInteger per column": {
			proto{inputs: []*graph.Value{in("x", graph.Uint8, 2, 4), in("xz", graph.Uint8)}, constants: []*graph.Value{
				konst("w", graph.Int8, graph.Shape{4, 2}, 1), konst("wz", graph.Int8, graph.Shape{2}, 1, 2)}, nodes: []protoNode{op("MatMulInteger", "x w xz wz", "y")}},
			"MatMul x w<i8 [2 scales axis 1]> xz -> y<i32>"},
		"MatMulInteger at run time": {
			proto{inputs: []*graph.Value{in("x", graph.Uint8, 2, 4), in("w", graph.Int8, 4, 2), in("wz", graph.Int8)}, nodes: []protoNode{op("MatMulInteger", "x w _ wz", "y")}},
			"MatMul x w _ wz -> y<i32>"},
	} {
		t.Run(name, func(t *testing.T) { c.p.check(t, c.want) })
	}
}

func TestQLinearOperatorsAreTheFloatOnesOnQuantizedValues(t *testing.T) {
	w := konst("w", graph.Int8, graph.Shape{2, 4, 1, 1}, 1)
	s, r, z := f32("s", 0.5), f32("r", 0.25), u8("z", 3)
	ws, wz := konst("ws", graph.Float32, graph.Shape{2}, 1, 2), konst("wz", graph.Int8, graph.Shape{2}, 0)
	b := konst("b", graph.Int32, graph.Shape{2}, 7)
	for name, c := range map[string]struct {
		p    proto
		want string
	}{
		"QLinearConv": {
			proto{inputs: bytes4(), constants: []*graph.Value{w, s, r, z, ws, wz, b}, nodes: []protoNode{op("QLinearConv", "x s z w ws wz r z b", "y")}},
			plainConv + " x<u8 0.5:3> w<i8 [2 scales axis 0]> [7 7] -> y<u8 0.25:3>"},
		"QLinearConv with one zero point beside many scales": {
			proto{inputs: bytes4(), constants: []*graph.Value{w, s, r, z, ws, i8("wz", 1)}, nodes: []protoNode{op("QLinearConv", "x s z w ws wz r z", "y")}},
			plainConv + " x<u8 0.5:3> w<i8 [2 scales axis 0]> -> y<u8 0.25:3>"},
		"QLinearConv with channels last": {
			proto{inputs: bytes4(), constants: []*graph.Value{konst("w", graph.Int8, graph.Shape{2, 4, 3, 3}, 1), s, r, z, ws, wz}, nodes: []protoNode{
				op("com.microsoft:QLinearConv", "x s z w ws wz r z", "y", attribute{"channels_last", 1}, attribute{"kernel_shape", []int{3, 3}})}},
			"Conv{Window:{Layout:1 Strides:[1 1] Dilations:[1 1]} Group:1} x<u8 0.5:3> y_weights<i8 [2 scales axis 0]> -> y<u8 0.25:3>"},
		"QLinearMatMul": {
			proto{inputs: []*graph.Value{in("x", graph.Uint8, 2, 4)}, constants: []*graph.Value{konst("w", graph.Int8, graph.Shape{4, 2}, 1), s, r, z, ws, wz}, nodes: []protoNode{
				op("QLinearMatMul", "x s z w ws wz r z", "y")}},
			"MatMul x<u8 0.5:3> w<i8 [2 scales axis 1]> -> y<u8 0.25:3>"},
		"QLinearAdd without zero points": {
			proto{inputs: bytes4(), constants: []*graph.Value{s, r}, nodes: []protoNode{op("com.microsoft:QLinearAdd", "x s _ x s _ r", "y")}},
			"Add x<u8 0.5:0> x<u8 0.5:0> -> y<u8 0.25:0>"},
		"QLinearAdd at run time": {
			proto{inputs: append(bytes4(), in("s", graph.Float32)), constants: []*graph.Value{r, z}, nodes: []protoNode{op("com.microsoft:QLinearAdd", "x s z x r z r z", "y")}},
			`DequantizeLinear{Axis:1} x s [3] -> y_real
			DequantizeLinear{Axis:1} x [0.25] [3] -> y_real_2
			Add y_real y_real_2 -> y_float
			QuantizeLinear{Axis:1 To:u8} y_float [0.25] [3] -> y`},
		"QLinearConcat": {
			proto{inputs: append(bytes4(), in("u", graph.Uint8, graph.Batch, 4, 8, 8)), constants: []*graph.Value{s, r, z}, nodes: []protoNode{
				op("com.microsoft:QLinearConcat", "s z x s z u r z", "y", attribute{"axis", 1})}},
			"Concat{Axis:1} x<u8 0.5:3> u<u8 0.25:3> -> y<u8 0.5:3>"},
		"QLinearSoftmax of old operator sets": {
			proto{inputs: bytes4(), constants: []*graph.Value{s, r, z}, nodes: []protoNode{op("com.microsoft:QLinearSoftmax", "x s z r z", "y", attribute{"axis", 1}, attribute{"opset", 12})}},
			"Softmax{Axis:1 Flatten:true} x<u8 0.5:3> -> y<u8 0.25:3>"},
		"QLinearWhere": {
			proto{inputs: append(bytes4(), in("c", graph.Bool, 1)), constants: []*graph.Value{s, r, z}, nodes: []protoNode{op("com.microsoft:QLinearWhere", "c x s z x s z r z", "y")}},
			"Where c x<u8 0.5:3> x<u8 0.5:3> -> y<u8 0.25:3>"},
		"QLinearReduceMean": {
			proto{inputs: bytes4(), constants: []*graph.Value{s, r, z}, nodes: []protoNode{op("com.microsoft:QLinearReduceMean", "x s z r z", "y", attribute{"axes", []int{2, 3}})}},
			"ReduceMean{KeepDims:true} x<u8 0.5:3> [2 3] -> y<u8 0.25:3>"},
		"QGemm with alpha in the weights' scale": {
			proto{inputs: []*graph.Value{in("x", graph.Uint8, 2, 4)}, constants: []*graph.Value{konst("w", graph.Int8, graph.Shape{2, 4}, 1), s, r, z, f32("ws", 2), i8("wz", 0), b}, nodes: []protoNode{
				op("com.microsoft:QGemm", "x s z w ws wz b r z", "y", attribute{"transB", 1}, attribute{"alpha", float32(0.5)})}},
			"Gemm{Alpha:1 Beta:1 TransB:true} x<u8 0.5:3> w<i8 1:0> [7 7] -> y<u8 0.25:3>"},
		"QGemm to float": {
			proto{inputs: []*graph.Value{in("x", graph.Uint8, 2, 4)}, constants: []*graph.Value{konst("w", graph.Int8, graph.Shape{4, 2}, 1), s, z, ws, wz}, nodes: []protoNode{
				op("com.microsoft:QGemm", "x s z w ws wz", "y")}},
			"Gemm{Alpha:1 Beta:1} x<u8 0.5:3> w<i8 [2 scales axis 1]> -> y<f32>"},
		"MatMulIntegerToFloat": {
			proto{inputs: []*graph.Value{in("x", graph.Uint8, 2, 4)}, constants: []*graph.Value{konst("w", graph.Int8, graph.Shape{4, 2}, 1), s, z, ws, konst("bias", graph.Float32, graph.Shape{2}, 1)}, nodes: []protoNode{
				op("com.microsoft:MatMulIntegerToFloat", "x w s ws z _ bias", "y")}},
			`MatMul x<u8 1:3> w -> y_acc<i32>
			Cast{To:f32} y_acc<i32> -> y_real
			Mul [0.5] [1 2] -> y_scale
			Mul y_real y_scale -> y_product
			Add y_product [1 1] -> y`},
		"DynamicQuantizeMatMul": {
			proto{inputs: []*graph.Value{in("x", graph.Float32, 2, 4)}, constants: []*graph.Value{konst("w", graph.Int8, graph.Shape{4, 2}, 1), ws}, nodes: []protoNode{
				op("com.microsoft:DynamicQuantizeMatMul", "x w ws", "y")}},
			`DynamicQuantizeLinear x -> y_a y_a_scale y_a_zero
			MatMul y_a w y_a_zero -> y_acc<i32>
			Cast{To:f32} y_acc<i32> -> y_real
			Mul y_a_scale [1 2] -> y_scale
			Mul y_real y_scale -> y`},
	} {
		t.Run(name, func(t *testing.T) { c.p.check(t, c.want) })
	}
}
