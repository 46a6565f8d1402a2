package onnx

import (
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
