package onnx

import (
	"slices"
	"testing"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/ops"
)

// This file holds what ONNX Runtime wants of a file beyond the standard. `make peers-eval` asks the library itself.

// written returns the messages of a graph as it is written.
func written(t *testing.T, g *graph.Graph, o WriteOptions) *graphProto {
	t.Helper()
	data, err := Encode(g, o)
	if err != nil {
		t.Fatal(err)
	}
	m, err := parseModel(data, Limits{}.withDefaults())
	if err != nil {
		t.Fatal(err)
	}
	return m.graph
}

// nodeOf returns the only node of an operator.
func nodeOf(t *testing.T, g *graphProto, op string) *nodeProto {
	t.Helper()
	var found []*nodeProto
	for _, n := range g.nodes {
		if n.op == op {
			found = append(found, n)
		}
	}
	if len(found) != 1 {
		t.Fatalf("%d nodes %s, want one", len(found), op)
	}
	return found[0]
}

// shapeOfConstant returns the shape of an initializer.
func shapeOfConstant(t *testing.T, g *graphProto, name string) graph.Shape {
	t.Helper()
	i := slices.IndexFunc(g.initializers, func(p *tensorProto) bool { return p.name == name })
	if i < 0 {
		t.Fatalf("no constant %q", name)
	}
	var s graph.Shape
	for _, d := range g.initializers[i].dims {
		s = append(s, int(d))
	}
	return s
}

// ONNX Runtime makes uint8 of int8 weights where its kernels would saturate (session.x64quantprecision). To scales without
// zero points it adds a single one, and then refuses the node.
func TestACodebookHasAZeroPointForEachScale(t *testing.T) {
	f := written(t, codebook().decode(t), WriteOptions{})
	in := nodeOf(t, f, "DequantizeLinear").inputs
	if len(in) != 3 {
		t.Fatalf("DequantizeLinear of %v, want a zero point", in)
	}
	if scale, zero := shapeOfConstant(t, f, in[1]), shapeOfConstant(t, f, in[2]); !scale.Equal(zero) || len(scale) != 1 {
		t.Errorf("scales %v, zero points %v", scale, zero)
	}
}

// ONNX Runtime has no implementation of com.microsoft's QLinearReduceMean.
func TestAMeanIsNoIntegerOperator(t *testing.T) {
	x := with(in("x", graph.Uint8, graph.Batch, 4, 6, 6), graph.PerTensor(0.02, 50))
	g := single("ReduceMean", &ops.Reduce{}, graph.Uint8, graph.PerTensor(0.02, 60), x, konst("axes", graph.Int64, graph.Shape{2}, 2, 3))
	f := written(t, g, WriteOptions{QOperator: true})
	nodeOf(t, f, "ReduceMean")
	for _, n := range f.nodes {
		if n.domain != "" {
			t.Errorf("%s of %s", n.op, n.domain)
		}
	}
}
