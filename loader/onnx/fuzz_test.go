package onnx

import (
	"testing"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/ops"
)

// FuzzDecode damages small models of all kinds: Decode gives an error or a graph that, if its types and shapes make sense,
// can be written and read again.
func FuzzDecode(f *testing.F) {
	w := konst("w", graph.Int8, graph.Shape{2, 4, 1, 1}, 1)
	seeds := []proto{
		codebook(),
		{opset: 12, inputs: x4(), nodes: []protoNode{op("Softmax", "x", "y")}},
		{inputs: x4(), nodes: []protoNode{op("Dropout", "x", "y m"), op("Split", "y", "a b", attribute{"axis", 1}), op("Concat", "a b", "c", attribute{"axis", 1})}},
		{inputs: bytes4(), constants: []*graph.Value{w, f32("s", 0.5), u8("z", 3), i8("wz", 0)}, nodes: []protoNode{
			op("DequantizeLinear", "x s z", "xf"), op("DequantizeLinear", "w s wz", "wf"), op("Conv", "xf wf", "yf"), op("QuantizeLinear", "yf s z", "y")}},
		{inputs: bytes4(), constants: []*graph.Value{w, f32("s", 0.5), u8("z", 3), i8("wz", 0)}, nodes: []protoNode{
			op("QLinearConv", "x s z w s wz s z", "y"), op("com.microsoft:QLinearAdd", "y s z y s z s z", "q")}},
		{inputs: bytes4(), constants: []*graph.Value{w, u8("z", 3)}, nodes: []protoNode{op("ConvInteger", "x w z", "y")}},
		{inputs: []*graph.Value{in("x", graph.Float32, 1, 2, 9)}, nodes: []protoNode{op("MaxPool", "x", "y i", attribute{"kernel_shape", []int{2}})}},
		{opset: 19, inputs: x4(), constants: []*graph.Value{konst("s", graph.Float32, graph.Shape{4}, 1, 1, 2, 2)}, nodes: []protoNode{op("Resize", "x _ s", "y")}},
	}
	for _, p := range seeds {
		f.Add(p.bytes())
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		g, err := Decode(data, Options{})
		if err != nil {
			return
		}
		annotated, err := SetMetadata(data, "octet.test", "text")
		if err != nil {
			t.Errorf("metadata of a model that can be read: %v", err)
		} else if g, err := Decode(annotated, Options{}); err != nil || g.Metadata["octet.test"] != "text" {
			t.Errorf("with metadata: %v", err)
		}
		if !infers(g.Clone()) {
			return
		}
		for _, qop := range []bool{false, true} {
			written, err := Encode(g, WriteOptions{QOperator: qop})
			if err != nil {
				continue
			}
			if _, err := Decode(written, Options{}); err != nil {
				t.Errorf("written as %q, which is refused: %v", written, err)
			}
		}
	})
}

// infers reports whether types and shapes of all nodes can be inferred in turn.
func infers(g *graph.Graph) bool {
	for _, n := range g.Nodes {
		if ops.Infer(n) != nil {
			return false
		}
	}
	return true
}
