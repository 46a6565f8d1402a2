package gorgonia

import (
	"math"
	"testing"

	"gorgonia.org/gorgonia"

	"github.com/octet-ml/octet/bench"
	"github.com/octet-ml/octet/graph"
	octet "github.com/octet-ml/octet/loader/gorgonia"
	"github.com/octet-ml/octet/runtime"
)

// Networks that became expression graphs come back as networks that compute the same, with the batch free again.
func TestExpressionGraphsComeBack(t *testing.T) {
	for _, arch := range []string{"resnet8", "squeezenet11", "resnet18"} {
		t.Run(arch, func(t *testing.T) {
			original, err := bench.Build(arch, bench.FP32)
			if err != nil {
				t.Fatal(err)
			}
			opened, err := Engine{}.Open(&bench.Cell{Graph: original, Batch: 1})
			if err != nil {
				t.Fatal(err)
			}
			n := opened.(*network)
			b, inputs, err := n.express()
			if err != nil {
				t.Fatal(err)
			}
			var in, out gorgonia.Nodes
			for _, v := range n.graph.Inputs {
				in = append(in, b.nodes[v])
			}
			for _, v := range n.graph.Outputs {
				out = append(out, b.nodes[v])
			}
			back, err := octet.FromExprGraph(b.graph, in, out, octet.DynamicBatch())
			if err != nil {
				t.Fatal(err)
			}
			copy(graph.View[float32](inputs[0].Data), draw(inputs[0].Len()))
			want, got := answer(t, original, inputs[0]), answer(t, back, inputs[0])
			for i, v := range want {
				if d := math.Abs(float64(v - got[i])); !(d <= near*max(math.Abs(float64(v)), 1)) {
					t.Fatalf("output %d: %v, come back %v", i, v, got[i])
				}
			}
		})
	}
}

// answer returns the output of a graph with one input and one output.
func answer(t *testing.T, g *graph.Graph, x *graph.Tensor) []float32 {
	t.Helper()
	p, err := runtime.Compile(g, runtime.Threads(1))
	if err != nil {
		t.Fatal(err)
	}
	y, err := p.Run(x)
	if err != nil {
		t.Fatal(err)
	}
	return y[0].Floats()
}
