package onnx

import (
	"errors"
	"strings"
	"testing"

	"github.com/octet-ml/octet/graph"
	"google.golang.org/protobuf/encoding/protowire"
)

func TestErrorsSayWhatAndWhere(t *testing.T) {
	open := in("x", graph.Float32, graph.Batch, 3)
	for name, c := range map[string]struct {
		p    proto
		want error
		say  []string
	}{
		"every node without a row": {
			proto{inputs: x4(), nodes: []protoNode{op("LSTM", "x", "a"), op("Relu", "a", "b"), op("Frob", "b", "c"), op("com.microsoft:Attention", "c", "d")}},
			ErrUnsupported, []string{"3 nodes", `LSTM "n0": unsupported: recurrent networks`, `Frob "n2": unsupported: unknown operator`, `com.microsoft.Attention "n3"`}},
		"every node that is used in an unsupported way, and none that follows": {
			proto{inputs: x4(), nodes: []protoNode{
				op("MaxPool", "x", "a", attribute{"kernel_shape", []int{1, 1, 1}}), op("Relu", "a", "b"), op("Cast", "b", "c", attribute{"to", 8})}},
			ErrUnsupported, []string{`MaxPool "n0"`, "3 spatial axes"}},
		"control flow": {proto{inputs: x4(), nodes: []protoNode{op("If", "x", "y")}}, ErrUnsupported, []string{"control flow"}},
		"a string type": {
			proto{inputs: x4(), nodes: []protoNode{op("Cast", "x", "y", attribute{"to", 8})}}, ErrUnsupported, []string{`Cast "n0"`, "string"}},
		"an unknown attribute": {
			proto{inputs: x4(), nodes: []protoNode{op("Relu", "x", "y", attribute{"slope", float32(1)})}}, ErrUnsupported, []string{`attribute "slope"`}},
		"an attribute of the wrong type": {
			proto{inputs: x4(), nodes: []protoNode{op("Elu", "x", "y", attribute{"alpha", 1})}}, ErrFormat, []string{`attribute "alpha"`}},
		"training mode": {
			proto{opset: 15, inputs: x4(), nodes: []protoNode{op("BatchNormalization", "x x x x x", "y", attribute{"training_mode", 1})}}, ErrUnsupported, []string{"training mode"}},
		"an output that is only there in training": {
			proto{inputs: x4(), nodes: []protoNode{op("BatchNormalization", "x x x x x", "y m"), op("Add", "y m", "z")}}, ErrUnsupported, []string{"output 1"}},
		"a missing input":         {proto{inputs: x4(), nodes: []protoNode{op("Add", "x _", "y")}}, ErrFormat, []string{`Add "n0"`, "inputs"}},
		"an undefined value":      {proto{inputs: x4(), nodes: []protoNode{op("Add", "x z", "y")}}, ErrFormat, []string{`"z" is read but never produced`}},
		"an undefined output":     {proto{inputs: x4(), nodes: []protoNode{op("Relu", "x", "y")}, outputs: []string{"z"}}, ErrFormat, []string{`"z"`}},
		"a cycle":                 {proto{inputs: x4(), nodes: []protoNode{op("Add", "x z", "y"), op("Relu", "y", "z")}}, ErrFormat, []string{"depends on itself"}},
		"a value made twice":      {proto{inputs: x4(), nodes: []protoNode{op("Relu", "x", "y"), op("Relu", "x", "y")}}, ErrFormat, []string{`"y" is produced twice`}},
		"an input made by a node": {proto{inputs: x4(), nodes: []protoNode{op("Relu", "x", "x")}}, ErrFormat, []string{`"x" is produced twice`}},
		"two inputs of one name":  {proto{inputs: append(x4(), x4()...), nodes: []protoNode{op("Relu", "x", "y")}}, ErrFormat, []string{`"x"`}},
		"too many elements": {
			proto{inputs: []*graph.Value{in("x", graph.Float32, 1<<20, 1<<20)}, nodes: []protoNode{op("Relu", "x", "y")}}, ErrDynamic, []string{`"x"`}},
		"a scale for each of the wrong number of channels": {
			proto{inputs: x4(), constants: []*graph.Value{konst("w", graph.Int8, graph.Shape{2, 3}, 1), konst("s", graph.Float32, graph.Shape{2}, 1)}, nodes: []protoNode{
				op("DequantizeLinear", "w s", "y")}}, ErrFormat, []string{`"w"`, "want 3 scales"}},
		"a zero point of another type": {
			proto{inputs: bytes4(), constants: []*graph.Value{f32("s", 1), i8("z", 0)}, nodes: []protoNode{op("DequantizeLinear", "x s z", "y")}}, ErrFormat, []string{`"x" is u8, its zero point i8`}},
		"permutations that are none": {
			proto{inputs: x4(), nodes: []protoNode{op("Transpose", "x", "y", attribute{"perm", []int{0, 0, 1, 2}})}}, ErrFormat, []string{"permutation"}},
		"pads that are negative": {
			proto{inputs: x4(), nodes: []protoNode{op("MaxPool", "x", "y", attribute{"kernel_shape", []int{2, 2}}, attribute{"pads", []int{0, -1, 0, 0}})}}, ErrFormat, []string{`"pads"`}},
		"a kernel that is not the weights'": {
			proto{inputs: x4(), constants: []*graph.Value{konst("w", graph.Float32, graph.Shape{2, 4, 3, 3}, 1)}, nodes: []protoNode{
				op("Conv", "x w", "y", attribute{"kernel_shape", []int{1, 1}})}}, ErrFormat, []string{`"kernel_shape"`}},
		"nothing that is not a dynamic axis": {
			proto{inputs: []*graph.Value{open}, nodes: []protoNode{op("Relu", "x", "y")}}, nil, nil},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := Decode(c.p.bytes(), Options{})
			if !errors.Is(err, c.want) {
				t.Fatalf("got %v, want %v", err, c.want)
			}
			for _, s := range c.say {
				if !strings.Contains(err.Error(), s) {
					t.Errorf("%q does not say %q", err, s)
				}
			}
		})
	}
}

func TestALongListOfErrorsIsCut(t *testing.T) {
	p := proto{inputs: x4()}
	for range 50 {
		p.nodes = append(p.nodes, op("Frob", "x", "_"))
	}
	_, err := Decode(p.bytes(), Options{})
	var list NodeErrors
	if !errors.As(err, &list) || len(list) != 50 || !strings.HasSuffix(err.Error(), "and 30 more") {
		t.Errorf("%v", err)
	}
}

// openInput is a model whose input has dimensions with the given parameters; an empty one is a dimension without anything.
func openInput(params ...string) []byte {
	var shape, tensor, typ, value, g, node, out, m message
	for _, p := range params {
		var dim message
		if p != "" {
			dim.text(2, p)
		}
		shape.message(1, dim)
	}
	tensor.integer(1, 1)
	tensor.message(2, shape)
	typ.message(1, tensor)
	value.text(1, "x")
	value.message(2, typ)
	node.text(1, "x")
	node.text(2, "y")
	node.text(4, "Relu")
	out.text(1, "y")
	g.message(1, node)
	g.message(11, value)
	g.message(12, out)
	m.message(7, g)
	return m.bytes()
}

func TestOpenDimensions(t *testing.T) {
	for _, c := range []struct {
		params []string
		given  graph.Shape
		want   graph.Shape
	}{
		{[]string{"batch"}, nil, graph.Shape{graph.Batch}},
		{[]string{""}, nil, graph.Shape{graph.Batch}},
		{[]string{"n", "h"}, nil, nil},
		{[]string{"n", ""}, nil, nil},
		{[]string{"n", "n"}, nil, nil}, // not linear in the batch
		{[]string{"n", "h"}, graph.Shape{graph.Batch, 7}, graph.Shape{graph.Batch, 7}},
		{[]string{"n", "h"}, graph.Shape{5, 7}, graph.Shape{5, 7}},
		{[]string{"n", "h"}, graph.Shape{5}, nil},
	} {
		var o Options
		if c.given != nil {
			o.InputShapes = map[string]graph.Shape{"x": c.given}
		}
		g, err := Decode(openInput(c.params...), o)
		switch {
		case c.want == nil && err == nil:
			t.Errorf("%q given %v: got %v, want an error", c.params, c.given, g.Inputs[0].Shape)
		case c.want == nil && c.given == nil && (!errors.Is(err, ErrDynamic) || !strings.Contains(err.Error(), `"x"`)):
			t.Errorf("%q: %v", c.params, err)
		case c.want != nil && (err != nil || !g.Inputs[0].Shape.Equal(c.want)):
			t.Errorf("%q given %v: %v", c.params, c.given, err)
		}
	}
}

func TestAGivenShapeMustAgreeWithTheFile(t *testing.T) {
	data := proto{inputs: x4(), nodes: []protoNode{op("Relu", "x", "y")}}.bytes()
	if _, err := Decode(data, Options{InputShapes: map[string]graph.Shape{"x": {1, 4, 8, 9}}}); !errors.Is(err, ErrFormat) {
		t.Error(err)
	}
	if _, err := Decode(data, Options{InputShapes: map[string]graph.Shape{"z": {1}}}); !errors.Is(err, ErrFormat) || !strings.Contains(err.Error(), `"z"`) {
		t.Error(err)
	}
	g, err := Decode(data, Options{InputShapes: map[string]graph.Shape{"x": {1, 4, 8, 8}}})
	if err != nil || !g.Inputs[0].Shape.Equal(graph.Shape{1, 4, 8, 8}) {
		t.Error(err)
	}
}

func TestNodesInAnyOrderAreSorted(t *testing.T) {
	p := proto{inputs: x4(), nodes: []protoNode{op("Add", "a b", "y"), op("Relu", "b", "a"), op("Neg", "x", "b")}, outputs: []string{"y"}}
	p.check(t, "Neg x -> b\nRelu b -> a\nAdd a b -> y")
}

func TestBytesThatAreNoModel(t *testing.T) {
	group := protowire.AppendTag(nil, 7, protowire.StartGroupType)
	for _, data := range [][]byte{nil, {0}, {0xff}, []byte("hello, world"), group, {7<<3 | 2, 5, 0}} {
		if _, err := Decode(data, Options{}); !errors.Is(err, ErrFormat) {
			t.Errorf("%q: %v", data, err)
		}
	}
}
