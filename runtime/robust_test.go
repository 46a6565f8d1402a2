package runtime

import (
	"errors"
	"strings"
	"testing"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/ops"
)

// parse returns the graph of a text.
func parse(t testing.TB, text string) *graph.Graph {
	t.Helper()
	g, err := graph.Parse(text, ops.NewAttrs)
	if err != nil {
		t.Fatal(err)
	}
	return g
}

// TestBatchBeyondCountableSizes binds a batch that makes a value, small for one example, too large to count.
func TestBatchBeyondCountableSizes(t *testing.T) {
	g := parse(t, "input x: u8[N 1000000]\ny = Identity(x)\noutput y")
	if _, err := Compile(g, Batch(MaxBatch)); err == nil || strings.Contains(err.Error(), "bug") {
		t.Errorf("got %v", err)
	}
}

func TestConstantFitsItsInput(t *testing.T) {
	text := "input x: f32[N 2]\ninput k: u8[2] q{Scale=[1 2]}\nf = Dequantize(k)\ny = Add(x, f)\noutput y"
	for _, shape := range [][]int{{3}, {2, 1}, nil} {
		if _, err := Compile(parse(t, text), Constant("k", graph.NewTensor(graph.Uint8, shape...))); !errors.Is(err, ErrOption) {
			t.Errorf("%v: got %v", shape, err)
		}
	}
	p := mustCompile(t, parse(t, text), Constant("k", &graph.Tensor{DType: graph.Uint8, Shape: graph.Shape{2}, Data: []byte{3, 5}}))
	if y := graph.View[float32](mustRun(t, p, graph.NewTensor(graph.Float32, 1, 2))); y[0] != 3 || y[1] != 10 {
		t.Errorf("got %v", y)
	}
}

// TestOutputsThatShareMemory holds outputs that are inputs, views of them, and the same value twice.
func TestOutputsThatShareMemory(t *testing.T) {
	g := parse(t, `
		input x: f32[N 2]
		input unused: u8[3]
		v = Reshape(x) {To=[2N]}
		r = Relu(x)
		s = Neg(r)
		w = Flatten(s)
		m = Neg(w)
		output x
		output v
		output r
		output r
		output w
		output m`)
	p := mustCompile(t, g, Batch(2), Threads(1))
	x := graph.Float32s([]float32{-1, 2, 3, -4}, 2, 2)
	out, err := p.Run(x, graph.NewTensor(graph.Uint8, 3))
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range [][]float32{{-1, 2, 3, -4}, {-1, 2, 3, -4}, {0, 2, 3, 0}, {0, 2, 3, 0}, {0, -2, -3, 0}, {0, 2, 3, 0}} {
		for k, v := range graph.View[float32](out[i].Data) {
			if v != want[k] {
				t.Errorf("output %d: got %v, want %v", i, graph.View[float32](out[i].Data), want)
				break
			}
		}
	}
}
