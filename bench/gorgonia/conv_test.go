package gorgonia

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	goruntime "runtime"
	"slices"
	"testing"
	"time"

	"github.com/octet-ml/octet/bench"
	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/ops"
	"github.com/octet-ml/octet/runtime"
)

// pair is a convolution on both engines.
type pair struct {
	name    string
	count   int // convolutions of that shape in the model
	theirs  bench.Instance
	ours    *runtime.Session
	runs    int // of ours
	samples [2][]time.Duration
}

// pairs returns the different convolutions of a model that Gorgonia has, and how many multiplications the others have, of all.
func pairs(tb testing.TB, arch string) (out []*pair, skipped float64) {
	tb.Helper()
	g, err := bench.Build(arch, bench.FP32)
	if err != nil {
		tb.Fatal(err)
	}
	seen := make(map[string]*pair)
	var all, left float64
	for _, n := range g.Nodes {
		if n.Op != "Conv" {
			continue
		}
		x, w, y := n.Inputs[0].Shape.Bind(1), n.Inputs[1].Shape, n.Outputs[0].Shape.Bind(1)
		macs := float64(y.Size() * (w.Size() / w[0]))
		all += macs
		key := fmt.Sprint(x, w, y)
		if p := seen[key]; p != nil {
			p.count++
			continue
		}
		p, err := newPair(n, draw(w.Size()))
		if errors.Is(err, bench.ErrUnsupported) {
			left += macs
			continue
		}
		if err != nil {
			tb.Fatal(err)
		}
		tb.Cleanup(func() { _ = p.theirs.Close() })
		seen[key] = p
		out = append(out, p)
	}
	return out, left / all
}

func newPair(n *graph.Node, weights []float32) (*pair, error) {
	g, err := alone(n, weights)
	if err != nil {
		return nil, err
	}
	p := &pair{name: n.Name, count: 1}
	network, err := Engine{}.Open(&bench.Cell{Graph: g, Batch: 1})
	if err != nil {
		return nil, err
	}
	if p.theirs, err = network.Instance(); err != nil {
		return nil, err
	}
	program, err := runtime.Compile(g, runtime.Threads(goruntime.GOMAXPROCS(0)), runtime.Profile())
	if err != nil {
		return nil, err
	}
	if p.ours, err = program.NewSession(); err != nil {
		return nil, err
	}
	picture := draw(p.theirs.Inputs()[0].Len())
	copy(graph.View[float32](p.theirs.Inputs()[0].Data), picture)
	copy(graph.View[float32](p.ours.Input(0).Data), picture)
	return p, nil
}

// alone returns the graph of a Conv node with the given weights and nothing else: f32[N IC H W] to f32[N OC OH OW].
func alone(n *graph.Node, weights []float32) (*graph.Graph, error) {
	g := &graph.Graph{Name: n.Name}
	x := g.AddInput("x", graph.Float32, n.Inputs[0].Shape)
	w := graph.NewConst("w", graph.Float32s(weights, n.Inputs[1].Shape...))
	node := g.Add("Conv", n.Name, n.Attrs, []*graph.Value{x, w}, "y")
	g.Outputs = node.Outputs
	if err := ops.Infer(node); err != nil {
		return nil, fmt.Errorf("%s: %w", n.Where(), err)
	}
	return g, g.Verify()
}

// draw returns n numbers between -1 and 1.
func draw(n int) []float32 {
	random := rand.New(rand.NewPCG(1, 2))
	out := make([]float32, n)
	for i := range out {
		out[i] = 2*random.Float32() - 1
	}
	return out
}

// check compares the outputs.
func (p *pair) check(tb testing.TB) {
	tb.Helper()
	if err := p.theirs.Run(); err != nil {
		tb.Fatal(err)
	}
	p.runOurs()
	want, got := p.theirs.Outputs()[0].Floats(), graph.View[float32](p.ours.Output(0).Data)
	if len(want) != len(got) {
		tb.Fatalf("%s: %d and %d outputs", p.name, len(want), len(got))
	}
	most := 0.0
	for _, v := range want {
		most = max(most, math.Abs(float64(v)))
	}
	for i, v := range want {
		if d := math.Abs(float64(v - got[i])); !(d <= 1e-4*most) {
			tb.Fatalf("%s: output %d: Gorgonia %v, Octet %v", p.name, i, v, got[i])
		}
	}
}

// runOurs runs our side and returns the time of the convolution: within a model, planes become pixels once, not at each layer.
func (p *pair) runOurs() time.Duration {
	total := func() (d time.Duration) {
		for _, s := range p.ours.Profile() {
			if s.Op == "Conv" {
				d += s.Time * time.Duration(p.runs)
			}
		}
		return d
	}
	before := total()
	p.ours.Run()
	p.runs++
	return total() - before
}

// runTheirs runs Gorgonia's side and returns the time.
func (p *pair) runTheirs(b *testing.B) time.Duration {
	start := time.Now()
	if err := p.theirs.Run(); err != nil {
		b.Fatal(err)
	}
	return time.Since(start)
}

// BenchmarkConvolutions times all convolutions of a model that Gorgonia has, each in turns with ours on as many threads, and reports
// the ratio of the sums of medians, theirs to ours, as "times".
func BenchmarkConvolutions(b *testing.B) {
	for _, arch := range []string{"resnet50", "mobilenetv2"} {
		b.Run(arch, func(b *testing.B) {
			list, skipped := pairs(b, arch)
			for _, p := range list {
				p.check(b)
			}
			for b.Loop() {
				for _, p := range list {
					p.runTheirs(b) // to warm up
					p.samples[0] = append(p.samples[0], p.runTheirs(b))
					p.runOurs()
					p.samples[1] = append(p.samples[1], p.runOurs())
				}
			}
			var sums [2]float64
			for _, p := range list {
				for i := range sums {
					slices.Sort(p.samples[i])
					sums[i] += float64(p.count) * float64(p.samples[i][len(p.samples[i])/2])
				}
			}
			b.ReportMetric(sums[0]/sums[1], "times")
			b.ReportMetric(100*skipped, "%skipped")
			b.ReportMetric(0, "ns/op") // of both together
		})
	}
}
