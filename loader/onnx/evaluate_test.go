package onnx

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/internal/testkit"
	"github.com/octet-ml/octet/ops"
)

// evaluate runs a graph whose batch is 1 by the reference loops on random inputs and returns its outputs. Inputs after the
// first that are computed, such as shapes, become constants on the way.
func evaluate(t *testing.T, g *graph.Graph, seed uint64) []*graph.Tensor {
	t.Helper()
	g = g.Bind(1)
	random := rand.New(rand.NewPCG(seed, 2))
	values := make(map[*graph.Value]*graph.Tensor)
	for _, v := range g.Inputs {
		values[v] = randomTensor(random, v.DType, v.Shape)
	}
	for _, n := range g.Nodes {
		var in, out []*graph.Tensor
		for i, v := range n.Inputs {
			if v == nil {
				in = append(in, nil)
				continue
			}
			if v.Const != nil {
				values[v] = v.Const
			}
			in = append(in, values[v])
			if v.Const == nil && v.DType == graph.Int64 {
				n.Inputs[i] = graph.NewConst(v.Name, values[v])
			}
		}
		if err := ops.Infer(n); err != nil {
			t.Fatal(err)
		}
		for _, v := range n.Outputs {
			if v == nil {
				out = append(out, nil)
				continue
			}
			values[v] = graph.NewTensor(v.DType, v.Shape...)
			out = append(out, values[v])
		}
		operator, err := ops.Lookup(n.Op)
		if err != nil {
			t.Fatal(err)
		}
		if err := operator.Reference(n, in, out); err != nil {
			t.Fatalf("%s: %v", n.Where(), err)
		}
	}
	var out []*graph.Tensor
	for _, v := range g.Outputs {
		out = append(out, values[v])
	}
	return out
}

func randomTensor(random *rand.Rand, d graph.DType, s graph.Shape) *graph.Tensor {
	x := graph.NewTensor(d, s...)
	for i := range x.Len() {
		if d.IsFloat() {
			x.SetFloat(i, random.Float64()*4-2)
			continue
		}
		lo, hi := d.IntRange()
		x.SetInt(i, max(lo, -100)+random.Int64N(min(hi, 100)-max(lo, -100)+1))
	}
	return x
}

// sameResults writes a graph, reads it back and compares what both compute: floats to within rounding, integers to within
// steps, as QDQ form rounds real numbers where the graph requantizes accumulators.
func sameResults(t *testing.T, g *graph.Graph, o WriteOptions, steps float64) *graph.Graph {
	t.Helper()
	data, err := Encode(g, o)
	if err != nil {
		t.Fatal(err)
	}
	back, err := Decode(data, Options{})
	if err != nil {
		t.Fatal(err)
	}
	seed := uint64(testkit.Seed(t))
	a, b := evaluate(t, g, seed), evaluate(t, back, seed)
	for i := range a {
		if a[i].DType != b[i].DType || !a[i].Shape.Equal(b[i].Shape) {
			t.Fatalf("output %d: %v%v, written %v%v\n%s", i, a[i].DType, a[i].Shape, b[i].DType, b[i].Shape, lines(back))
		}
		tolerance := steps
		varies := false
		for j := range a[i].Len() {
			x, y := a[i].Float(j), b[i].Float(j)
			if a[i].DType.IsFloat() {
				tolerance = 1e-4 * (1 + math.Abs(x))
			}
			varies = varies || x != a[i].Float(0)
			if !(math.Abs(x-y) <= tolerance) {
				t.Fatalf("output %d, element %d: %v, written %v\n%s", i, j, x, y, lines(back))
			}
		}
		if !varies {
			t.Fatalf("output %d has the same number everywhere: the test tells nothing", i)
		}
	}
	return back
}
