package onnx

import (
	"testing"

	"github.com/octet-ml/octet/graph"
)

// x4 is a picture input.
func x4() []*graph.Value { return []*graph.Value{in("x", graph.Float32, graph.Batch, 4, 8, 8)} }

func TestFormsOfOldOperatorSets(t *testing.T) {
	for name, c := range map[string]struct {
		p    proto
		want string
	}{
		"softmax flattens before 13": {
			proto{opset: 12, inputs: x4(), nodes: []protoNode{op("Softmax", "x", "y")}},
			"Softmax{Axis:1 Flatten:true} x -> y"},
		"softmax since 13": {
			proto{opset: 13, inputs: x4(), nodes: []protoNode{op("Softmax", "x", "y")}},
			"Softmax{Axis:-1} x -> y"},
		"clip with attributes": {
			proto{opset: 10, inputs: x4(), nodes: []protoNode{op("Clip", "x", "y", attribute{"min", float32(0)}, attribute{"max", float32(6)})}},
			"Clip x [0] [6] -> y"},
		"clip with one attribute": {
			proto{opset: 10, inputs: x4(), nodes: []protoNode{op("Clip", "x", "y", attribute{"max", float32(6)})}},
			"Clip x _ [6] -> y"},
		"squeeze with axes attribute": {
			proto{opset: 11, inputs: x4(), nodes: []protoNode{op("Squeeze", "x", "y", attribute{"axes", []int{2, 3}})}},
			"Squeeze x [2 3] -> y"},
		"slice with attributes": {
			proto{opset: 9, inputs: x4(), nodes: []protoNode{op("Slice", "x", "y", attribute{"starts", []int{1}}, attribute{"ends", []int{1 << 40}})}},
			"Slice x [1] [1.0995116e+12] -> y"},
		"split with attribute": {
			proto{opset: 11, inputs: x4(), nodes: []protoNode{op("Split", "x", "y _ z", attribute{"axis", 1}, attribute{"split", []int{1, 2, 1}})}},
			"Split{Axis:1} x [1 2 1] -> y _ z"},
		"pad with attributes": {
			proto{opset: 10, inputs: []*graph.Value{in("x", graph.Float32, 2)}, nodes: []protoNode{
				op("Pad", "x", "y", attribute{"pads", []int{1, 2}}, attribute{"value", float32(3)})}},
			"Pad x [1 2] [3] -> y"},
		"top k with attribute": {
			proto{opset: 9, inputs: x4(), nodes: []protoNode{op("TopK", "x", "y z", attribute{"k", 3})}},
			"TopK{Axis:-1 Largest:true Sorted:true} x [3] -> y z"},
		"reduce with attribute": {
			proto{opset: 12, inputs: x4(), nodes: []protoNode{op("ReduceMean", "x", "y", attribute{"axes", []int{2, 3}}, attribute{"keepdims", 0})}},
			"ReduceMean x [2 3] -> y"},
		"upsample": {
			proto{opset: 9, inputs: x4(), constants: []*graph.Value{konst("s", graph.Float32, graph.Shape{4}, 1, 1, 2, 2)}, nodes: []protoNode{op("Upsample", "x s", "y")}},
			"Resize{Mode:nearest Coordinates:asymmetric Nearest:floor CubicA:-0.75 Policy:stretch} x _ [1 1 2 2] -> y"},
		"group normalization with parameters per group": {
			proto{opset: 18, inputs: x4(), constants: []*graph.Value{konst("s", graph.Float32, graph.Shape{2}, 1, 2), konst("b", graph.Float32, graph.Shape{2}, 0)}, nodes: []protoNode{
				op("GroupNormalization", "x s b", "y", attribute{"num_groups", 2})}},
			`Shape x -> y_shape
			Reshape x [0 2 -1] -> y_grouped
			InstanceNormalization{Epsilon:1e-05} y_grouped [1 2] [0 0] -> y_normalized
			Reshape y_normalized y_shape -> y`},
	} {
		t.Run(name, func(t *testing.T) { c.p.check(t, c.want) })
	}
}

func TestDropoutIsTheIdentityWithAMaskOfOnes(t *testing.T) {
	p := proto{inputs: x4(), nodes: []protoNode{op("Dropout", "x", "y m")}, outputs: []string{"y", "m"}}
	g := p.decode(t)
	if len(g.Nodes) != 3 || g.Nodes[0].Op != "Identity" || g.Nodes[2].Op != "ConstantOfShape" || g.Outputs[1] != g.Nodes[2].Outputs[0] {
		t.Error(lines(g))
	}
	p.outputs = []string{"y"}
	if g := p.decode(t); len(g.Nodes) != 1 {
		t.Error(lines(g))
	}
}

func TestOneSpatialAxisBecomesAPictureOfHeightOne(t *testing.T) {
	proto{
		inputs:    []*graph.Value{in("x", graph.Float32, 1, 2, 9)},
		constants: []*graph.Value{konst("w", graph.Float32, graph.Shape{3, 2, 3}, 1)},
		nodes:     []protoNode{op("Conv", "x w", "y", attribute{"strides", []int{2}}, attribute{"pads", []int{1, 0}})},
	}.check(t, `
		Unsqueeze x [2] -> y_2d
		Conv{Window:{Strides:[1 2] Dilations:[1 1] Pads:[0 1 0 0]} Group:1} y_2d y_2d_2 -> y_pixels
		Squeeze y_pixels [2] -> y`)
}

func TestConstantsOfEveryForm(t *testing.T) {
	g := proto{
		inputs: []*graph.Value{in("x", graph.Float32, 2)},
		nodes: []protoNode{
			op("Constant", "", "a", attribute{"value_float", float32(1.5)}),
			op("Constant", "", "b", attribute{"value_floats", []float32{1, 2}}),
			op("Constant", "", "c", attribute{"value", graph.Float32s([]float32{3}, 1)}),
			op("Identity", "c", "d"),
			op("Constant", "", "i", attribute{"value_ints", []int{1, 2, 3}}),
			op("Constant", "", "j", attribute{"value_int", 4}),
			op("Sum", "x a b d", "y"),
			op("Concat", "i i", "k", attribute{"axis", 0}),
		}, outputs: []string{"y", "k", "j"},
	}.decode(t)
	want := "Sum x [1.5] [1 2] [3] -> y\nConcat [1 2 3] [1 2 3] -> k\n"
	if lines(g) != want {
		t.Errorf("got\n%s\nwant\n%s", lines(g), want)
	}
	if j := g.Outputs[2]; j.Const == nil || j.DType != graph.Int64 || j.Shape == nil || len(j.Shape) != 0 || j.Const.Int(0) != 4 {
		t.Errorf("scalar output: %+v", j)
	}
}

func TestAnInitializerThatIsAnInputIsAConstant(t *testing.T) {
	g := proto{
		inputs:    []*graph.Value{in("x", graph.Float32, 2), in("b", graph.Float32, 2)},
		constants: []*graph.Value{konst("b", graph.Float32, graph.Shape{2}, 1)},
		nodes:     []protoNode{op("Add", "x b", "y")},
	}.decode(t)
	if len(g.Inputs) != 1 || g.Nodes[0].Inputs[1].Const == nil {
		t.Error(lines(g))
	}
}

func TestFusedActivations(t *testing.T) {
	w := konst("w", graph.Float32, graph.Shape{2, 4, 1, 1}, 1)
	proto{inputs: x4(), constants: []*graph.Value{w}, nodes: []protoNode{
		op("com.microsoft:FusedConv", "x w", "y", attribute{"activation", "Relu"}),
		op("com.microsoft:FusedConv", "x w _ y", "z", attribute{"activation", "LeakyRelu"}, attribute{"activation_params", []float32{0.5}}),
	}}.check(t, `
		Conv{Window:{Strides:[1 1] Dilations:[1 1]} Group:1 Clamp:{On:true Hi:+Inf}} x w -> y
		Conv{Window:{Strides:[1 1] Dilations:[1 1]} Group:1} x w _ y -> z_linear
		LeakyRelu{Alpha:0.5} z_linear -> z`)
}
