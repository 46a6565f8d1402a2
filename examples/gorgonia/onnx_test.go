package main

import (
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/internal/testkit"
	"github.com/octet-ml/octet/loader/onnx"
	"github.com/octet-ml/octet/runtime"
)

// written returns a random quantized network and the graph that its file holds.
func written(t *testing.T, rng *rand.Rand, metadata map[string]string) (*quantNet, *graph.Graph) {
	t.Helper()
	l := newLayers(rng)
	for i := range l {
		for o := range l[i].bias {
			l[i].bias[o] = float32(rng.NormFloat64() * 0.1)
		}
	}
	seen, err := evaluate(l, bars(20, rng))
	if err != nil {
		t.Fatal(err)
	}
	q, err := quantize(l, seen)
	if err != nil {
		t.Fatal(err)
	}
	data, err := q.encodeONNX(metadata)
	if err != nil {
		t.Fatal(err)
	}
	g, err := onnx.Decode(data, onnx.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return q, g
}

func TestWrittenGraphIsTheNetworkInQDQForm(t *testing.T) {
	_, g := written(t, rand.New(rand.NewPCG(uint64(testkit.Seed(t)), 0)), map[string]string{"key": "value"})
	const (
		qdq        = " Quantize Dequantize"
		parameters = " Dequantize Dequantize"
		conv       = parameters + " Conv Relu" + qdq + " MaxPool" + qdq
	)
	want := strings.Fields(qdq + conv + conv + " Flatten" + qdq + parameters + " Gemm" + qdq + " Softmax")
	var got []string
	used := map[*graph.Value]bool{}
	for _, n := range g.Nodes {
		got = append(got, n.Op)
		for _, in := range n.Inputs {
			used[in] = true
		}
	}
	if !slices.Equal(got, want) {
		t.Errorf("nodes\n%v, want\n%v", got, want)
	}
	for _, n := range g.Nodes {
		if y := n.Outputs[0]; !used[y] && y.Name != "probabilities" {
			t.Errorf("nothing reads %s", y)
		}
	}
	if len(g.Inputs) != 1 || g.Inputs[0].Name != "image" || len(g.Outputs) != 1 || g.Outputs[0].Name != "probabilities" {
		t.Errorf("inputs %v, outputs %v", g.Inputs, g.Outputs)
	}
	if g.Name != "digits" || g.Metadata["key"] != "value" {
		t.Errorf("graph %q with metadata %v", g.Name, g.Metadata)
	}
}

func TestWrittenGraphKeepsEveryNumber(t *testing.T) {
	q, g := written(t, rand.New(rand.NewPCG(uint64(testkit.Seed(t)), 0)), nil)
	back := rebuild(t, g)
	for i := range q {
		a, b := &q[i], &back[i]
		if a.in != b.in || a.out != b.out || !slices.Equal(a.weights, b.weights) || !slices.Equal(a.bias, b.bias) ||
			!slices.Equal(a.scale, b.scale) || !slices.Equal(a.multiplier, b.multiplier) {
			t.Errorf("%s differs after writing", a.name)
		}
	}
}

// TestRuntimeFollowsTheIntegerNetwork runs the file's graph and compares probabilities, digit by digit: the integers are
// equal, so only the softmax's own float arithmetic may differ.
func TestRuntimeFollowsTheIntegerNetwork(t *testing.T) {
	const tolerance = 1e-6
	rng := rand.New(rand.NewPCG(uint64(testkit.Seed(t)), 0))
	q, g := written(t, rng, nil)
	program, err := runtime.Compile(g)
	if err != nil {
		t.Fatal(err)
	}
	session, err := program.NewSession()
	if err != nil {
		t.Fatal(err)
	}
	digits := bars(20, rng)
	for i := range digits.len() {
		normalize(graph.View[float32](session.Input(0).Data), digits.image(i))
		session.Run()
		for class, want := range q.probabilities(q.logits(digits.image(i))) {
			if got := session.Output(0).Float(class); math.Abs(got-want) > tolerance {
				t.Errorf("digit %d, class %d: probability %g, want %g", i, class, got, want)
			}
		}
	}
}
