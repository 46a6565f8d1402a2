package runtime

import (
	"bytes"
	"flag"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/internal/cpu"
	"github.com/octet-ml/octet/internal/testkit"
	"github.com/octet-ml/octet/ops"
)

var graphs = flag.Int("graphs", 60, "number of random graphs that TestRandomGraphs compiles")

// floatTolerance allows for sums in another order and for BatchNormalization in weights, relative to the greatest element.
const floatTolerance = 1e-4

// A fused integer operator rounds the same real number as the nodes it replaces, computed another way: a tie in the last
// place of a float32 moves an element by one step, and what is computed from that by a step or two.
const (
	mostSteps = 2
	mostMoved = 0.05 // share of the elements
)

// interpret computes a graph with the References alone, its batch bound to n.
func interpret(g *graph.Graph, n int, inputs ...*graph.Tensor) ([]*graph.Tensor, error) {
	g = g.Bind(n)
	values := make(map[*graph.Value]*graph.Tensor)
	for i, v := range g.Inputs {
		values[v] = inputs[i]
	}
	at := func(list []*graph.Value) []*graph.Tensor {
		out := make([]*graph.Tensor, len(list))
		for i, v := range list {
			if out[i] = values[v]; v != nil && v.Const != nil {
				out[i] = v.Const
			}
		}
		return out
	}
	for _, node := range g.Nodes {
		if err := ops.Infer(node); err != nil {
			return nil, err
		}
		out, err := ops.Evaluate(node, at(node.Inputs))
		if err != nil {
			return nil, err
		}
		for i, v := range node.Outputs {
			values[v] = out[i]
		}
	}
	return at(g.Outputs), nil
}

// near returns an error unless got is what want is, but for rounding; step is the least difference of two elements of
// quantized outputs, 0 for floats.
func near(got, want *graph.Tensor, step float64) error {
	if got.DType != want.DType || !got.Shape.Equal(want.Shape) {
		return fmt.Errorf("got %v%v, want %v%v", got.DType, got.Shape, want.DType, want.Shape)
	}
	limit := 1.0
	for i := range want.Len() {
		limit = max(limit, want.Float(i), -want.Float(i))
	}
	limit *= floatTolerance
	if step > 0 {
		limit = (mostSteps + 0.01) * step
	}
	moved := 0
	for i := range got.Len() {
		d := got.Float(i) - want.Float(i)
		if !(d <= limit && -d <= limit) {
			return fmt.Errorf("element %d of %d: got %v, want %v", i, got.Len(), got.Float(i), want.Float(i))
		}
		if d != 0 {
			moved++
		}
	}
	if step > 0 && moved > 1+int(mostMoved*float64(got.Len())) {
		return fmt.Errorf("%d of %d elements differ", moved, got.Len())
	}
	return nil
}

// steps returns, for each output of a loaded graph, the least difference of two elements; 0 for floats.
func steps(g *graph.Graph) []float64 {
	out := make([]float64, len(g.Outputs))
	for i, v := range g.Outputs {
		switch p := v.Producer; {
		case v.Quant != nil:
			out[i] = 1
		case p != nil && p.Op == "Dequantize" && p.Inputs[0].Quant != nil:
			out[i] = float64(p.Inputs[0].Quant.Scale[0])
		}
	}
	return out
}

// TestRandomGraphs compiles random graphs for every level, for several threads and batch sizes, with chains and without. What runs must agree with
// the graph's own References but for rounding, with those of its canonical form and with every other program to the byte
// where it is quantized.
func TestRandomGraphs(t *testing.T) {
	seed := uint64(testkit.Seed(t))
	pool := NewPool(3)
	defer pool.Close()
	count := *graphs
	if testing.Short() {
		count = min(count, 10)
	}
	for i := range count {
		s := seed*1_000_000 + uint64(i)
		g, quantized := randomGraph(s)
		if err := checkGraph(g, quantized, s, pool); err != nil {
			var text strings.Builder
			_ = graph.Print(&text, g)
			t.Errorf("graph %d: %v\n%s", s, err, text.String())
		}
	}
}

func checkGraph(g *graph.Graph, quantized bool, seed uint64, pool *Pool) error {
	const batch = 3
	r := rand.New(rand.NewPCG(seed, 4))
	x := graph.NewTensor(g.Inputs[0].DType, g.Inputs[0].Shape.Bind(batch)...)
	fillRandom(r, x)
	loaded, err := interpret(g, batch, x)
	if err != nil {
		return fmt.Errorf("interpret: %w", err)
	}
	single := g.Clone()
	single.Inputs[0].Shape[0] = 1
	var first []*graph.Tensor
	for _, level := range cpu.Available() {
		var own []*graph.Tensor // of the level
		for i, threads := range []int{1, 3, 1, 3} {
			chains := i >= 2
			options := []Option{Kernels(level.String()), Threads(threads), Batch(batch), WithPool(pool)}
			if chains {
				options = append(options, withCache(noCache))
			}
			p, err := Compile(g, options...)
			if err != nil {
				return err
			}
			where := fmt.Sprintf("%v, %d threads, chains %v", level, threads, chains)
			out, err := p.Run(x)
			if err != nil {
				return fmt.Errorf("%s: %w", where, err)
			}
			if first == nil {
				if first, err = interpret(p.Canonical(), batch, x); err != nil {
					return fmt.Errorf("interpret the canonical graph: %w", err)
				}
				for i, step := range steps(g) {
					if err := near(first[i], loaded[i], step); err != nil {
						return fmt.Errorf("canonical graph: output %d: %w", i, err)
					}
				}
			}
			if own == nil {
				own = out
			}
			for i, y := range out {
				if quantized && !bytes.Equal(y.Data, first[i].Data) || !bytes.Equal(y.Data, own[i].Data) {
					return fmt.Errorf("%s: output %d: the bytes differ: %w", where, i, near(y, first[i], 0))
				}
				if err := near(y, first[i], 0); err != nil {
					return fmt.Errorf("%s: output %d: %w", where, i, err)
				}
			}
			if err := checkParts(p, x, out); err != nil {
				return fmt.Errorf("%s: %w", where, err)
			}
		}
		p, err := Compile(single, Kernels(level.String()), Threads(1), Batch(batch))
		if err != nil {
			return fmt.Errorf("with a fixed batch: %w", err)
		}
		if err := checkParts(p, x, own); err != nil {
			return fmt.Errorf("%v, with a fixed batch: %w", level, err)
		}
	}
	return nil
}

// checkParts runs the examples of x alone and by twos, and compares with the outputs of all.
func checkParts(p *Program, x *graph.Tensor, want []*graph.Tensor) error {
	n := x.Shape[0]
	for _, from := range []int{0, 1, 2} {
		to := min(from+1+from%2, n)
		out, err := p.Run(part(x, from, to))
		if err != nil {
			return err
		}
		for i, y := range out {
			if w := part(want[i], from, to); !y.Shape.Equal(w.Shape) || !bytes.Equal(y.Data, w.Data) {
				return fmt.Errorf("examples %d to %d: output %d: the bytes differ: %w", from, to, i, near(y, w, 0))
			}
		}
	}
	return nil
}

// part returns examples from up to but not including to.
func part(t *graph.Tensor, from, to int) *graph.Tensor {
	s := t.Shape.Clone()
	s[0] = to - from
	size := len(t.Data) / t.Shape[0]
	return &graph.Tensor{DType: t.DType, Shape: s, Data: t.Data[from*size : to*size]}
}
