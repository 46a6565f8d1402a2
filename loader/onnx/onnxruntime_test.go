package onnx

import (
	"slices"
	"strings"
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

// dequantized is a graph that makes real numbers of constants.
func dequantized(v *graph.Value) *graph.Graph {
	g := single("Dequantize", nil, graph.Float32, nil, v)
	g.Outputs[0].Shape = v.Shape
	return g
}

// ONNX Runtime folds a Cast of constants, and then has the bytes that its integer operators take; of DequantizeLinear of 4 bits
// it makes a float operator, whose sums round otherwise.
func TestFourBitsGoThroughBytes(t *testing.T) {
	for name, v := range map[string]*graph.Value{
		"int4":                        with(random("w", graph.Int4, 3, 4), graph.PerTensor(0.1, 0)),
		"int4 with scales of rows":    with(random("w", graph.Int4, 3, 4), scales(0, 0.1, 0.2, 0.05)),
		"int4 with scales of columns": with(random("w", graph.Int4, 3, 4), scales(1, 0.1, 0.2, 0.05, 3)),
		"uint4 with zero points":      with(random("w", graph.Uint4, 3, 4), &graph.Quant{Scale: []float32{0.1, 0.2, 0.05}, Zero: []int32{8, 0, 15}}),
	} {
		t.Run(name, func(t *testing.T) {
			g := dequantized(v)
			f := written(t, g, WriteOptions{})
			if got := nodeOf(t, f, "Cast").inputs; !slices.Equal(got, []string{"w"}) {
				t.Errorf("Cast of %v", got)
			}
			data, err := Encode(g, WriteOptions{})
			if err != nil {
				t.Fatal(err)
			}
			back, err := Decode(data, Options{})
			if err != nil {
				t.Fatal(err)
			}
			if len(back.Nodes) != 1 {
				t.Fatalf("read as\n%s", lines(back))
			}
			if d := differentValue(g.Nodes[0].Inputs[0], back.Nodes[0].Inputs[0]); d != "" {
				t.Error(d)
			}
			sameResults(t, g, WriteOptions{}, 0)
		})
	}
}

// Blocks of 4 bits stay DequantizeLinear of the codes: that is what runtimes know how to fuse.
func TestBlocksOfFourBitsAreNotCast(t *testing.T) {
	q := &graph.Quant{Scale: []float32{0.1, 0.2, 0.3, 0.4, 0.5, 0.6}, Axis: 1, Block: 2}
	f := written(t, dequantized(with(random("w", graph.Int4, 3, 4), q)), WriteOptions{})
	if len(f.nodes) != 1 || f.nodes[0].inputs[0] != "w" {
		t.Errorf("%d nodes, the first of %v", len(f.nodes), f.nodes[0].inputs)
	}
}

// A zero point that 4 bits cannot hold leaves the bytes what they are.
func TestBytesOfFourBitsWithWideZeroPoints(t *testing.T) {
	p := proto{opset: 21, inputs: x4(), constants: []*graph.Value{
		konst("w", graph.Int4, graph.Shape{2, 4, 1, 1}, 1, -8, 7), konst("s", graph.Float32, nil, 0.5), i8("z", 9),
	}, nodes: []protoNode{
		op("Cast", "w", "b", attribute{"to", 3}), op("DequantizeLinear", "b s z", "wf"), op("Conv", "x wf", "y"),
	}}
	if got := lines(p.decode(t)); !strings.Contains(got, "Cast") {
		t.Errorf("got\n%s", got)
	}
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

// A clamp that the range of the result implies is no reason for a float operator: integer ones have none.
func TestClampsThatTheRangeImplies(t *testing.T) {
	relu, relu6 := ops.Clamp{}.And(0, inf), ops.Clamp{}.And(0, 6)
	for _, c := range []struct {
		name  string
		clamp ops.Clamp
		d     graph.DType
		q     *graph.Quant
		want  string
	}{
		{"relu at the zero point", relu, graph.Uint8, graph.PerTensor(0.05, 0), "QLinearConv"},
		{"relu at the zero point of int8", relu, graph.Int8, graph.PerTensor(0.05, -128), "QLinearConv"},
		{"relu above it", relu, graph.Uint8, graph.PerTensor(0.05, 1), "Conv"},
		{"relu6 beyond the range", relu6, graph.Uint8, graph.PerTensor(5.0/255, 0), "QLinearConv"},
		{"relu6 at its end", relu6, graph.Uint8, graph.PerTensor(6.0/255, 0), "QLinearConv"},
		{"relu6 within it", relu6, graph.Uint8, graph.PerTensor(7.0/255, 0), "Conv"},
	} {
		t.Run(c.name, func(t *testing.T) {
			x := with(in("x", graph.Uint8, graph.Batch, 4, 6, 6), graph.PerTensor(0.02, 50))
			a := padded(ops.NCHW)
			a.Clamp = c.clamp
			g := single("Conv", a, c.d, c.q, x, with(random("w", graph.Int8, 3, 4, 3, 3), scales(0, 0.01, 0.02, 0.005)))
			nodeOf(t, written(t, g, WriteOptions{QOperator: true}), c.want)
			sameResults(t, g, WriteOptions{QOperator: true}, 1) // floats round a tie otherwise
		})
	}
}
