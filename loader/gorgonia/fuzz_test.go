package gorgonia_test

import (
	"errors"
	"fmt"
	"hash/fnv"
	"math"
	"strings"
	"testing"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/loader/gorgonia"
)

// Bounds of what the fuzzer builds.
const (
	fuzzOps  = 12      // operators of a graph
	fuzzSize = 4 << 10 // elements of a value
	fuzzMost = 1e4     // greatest element that is compared
)

// source is the bytes that a graph is built from; 0 after their end.
type source []byte

// pick returns a number from 0 to n-1.
func (s *source) pick(n int) int {
	if len(*s) == 0 {
		return 0
	}
	b := (*s)[0]
	*s = (*s)[1:]
	return int(b) % n
}

func (s *source) between(lo, hi int) int { return lo + s.pick(hi-lo+1) }

// fuzzed is a graph under construction.
type fuzzed struct {
	*net
	*source
	nodes G.Nodes // that later ones may be computed from
}

// FuzzExprGraph builds expression graphs from bytes. The conversion must give an error that lists nodes, or a graph whose program
// computes what Gorgonia's operators do, image by image where the batch is free.
func FuzzExprGraph(f *testing.F) {
	for i := range len(fuzzSteps) {
		for _, rank := range []byte{0, 1} {
			f.Add([]byte{rank, 1, 2, 5, 6, byte(i), 0, 1, 2, 1, 0, 1, byte(i), 0, 1, 1, 1, 0})
		}
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		h := fnv.New64a()
		h.Write(data)
		s := source(data)
		b := &fuzzed{net: newNet(h.Sum64()), source: &s}
		in := b.start()
		for range fuzzOps {
			if len(s) > 0 {
				b.step()
			}
		}
		out := b.nodes[len(b.nodes)-1]
		if b.pick(4) > 0 { // inside the graph
			in = b.nodes[b.pick(len(b.nodes))]
			if in.IsScalar() {
				return
			}
		}
		g, err := gorgonia.FromExprGraph(b.ExprGraph, G.Nodes{in}, G.Nodes{out})
		if err != nil {
			var list gorgonia.NodeErrors
			if !errors.As(err, &list) || len(list) == 0 {
				t.Fatalf("error without nodes: %v", err)
			}
			return
		}
		batch := in.Shape()[0]
		x, x2 := b.picture(in, batch), b.picture(in, batch)
		want, ok := evaluate(t, in, out, x)
		want2, ok2 := evaluate(t, in, out, x2)
		if !ok || !ok2 {
			return
		}
		defer describe(t, g, out)
		p := compile(t, g, 2*batch)
		y, err := gorgonia.Run(p, x)
		if err != nil {
			t.Fatal(err)
		}
		compare(t, floats(t, y[0]), want)
		if v := g.Outputs[0].Shape; g.Metadata != nil || len(v) == 0 || v[0] >= 0 {
			return
		}
		both, err := x.Concat(0, x2)
		if err != nil {
			t.Fatal(err)
		}
		if y, err = gorgonia.Run(p, both); err != nil {
			t.Fatal(err)
		}
		compare(t, floats(t, y[0]), append(want, want2...))
	})
}

// describe logs a graph, and the expression graph that it was made of, where the test has failed.
func describe(t *testing.T, g *graph.Graph, out *G.Node) {
	if !t.Failed() {
		return
	}
	var text strings.Builder
	_ = graph.Print(&text, g) // of what can be printed
	for n := range G.WalkGraph(out) {
		fmt.Fprintf(&text, "%%%x %v %s\n", n.ID(), n.Shape(), n.Name())
	}
	t.Log(text.String())
}

// start adds the input.
func (b *fuzzed) start() *G.Node {
	shape := make([]int, 4-2*b.pick(2))
	for i := range shape {
		shape[i] = b.between(1, 7)
	}
	shape[0] = b.between(1, 3)
	in := b.input(shape...)
	b.nodes = G.Nodes{in}
	return in
}

// step adds an operator, if Gorgonia accepts it.
func (b *fuzzed) step() {
	defer func() { _ = recover() }() // Gorgonia's way of refusing
	x := b.nodes[len(b.nodes)-1]
	if b.pick(4) == 0 {
		x = b.nodes[b.pick(len(b.nodes))]
	}
	y, err := fuzzSteps[b.pick(len(fuzzSteps))](b, x)
	if err == nil && y != nil && y.Op() != nil && y.Shape().TotalSize() <= fuzzSize {
		b.nodes = append(b.nodes, y)
	}
}

// axes returns some axes of x, in ascending order, at least one.
func (b *fuzzed) axes(x *G.Node) (list []int) {
	mask := b.between(1, 1<<x.Dims()-1)
	for a := range x.Dims() {
		if mask>>a&1 == 1 {
			list = append(list, a)
		}
	}
	return list
}

// beside applies f to x and a leaf that is repeated along some axes.
func (b *fuzzed) beside(x *G.Node, f func(x, y *G.Node, left, right []byte) (*G.Node, error)) (*G.Node, error) {
	shape := x.Shape()
	var repeated []byte
	mask := b.pick(1 << len(shape))
	for a := range shape {
		if mask>>a&1 == 1 && shape[a] > 1 {
			shape[a] = 1
			repeated = append(repeated, byte(a))
		}
	}
	b.count++
	y := b.leaf(fmt.Sprintf("leaf%d", b.count), 1, shape...)
	if b.pick(2) == 0 {
		return f(y, x, repeated, nil)
	}
	return f(x, y, nil, repeated)
}

// window returns sizes for a window.
func (b *fuzzed) window() (kernel tensor.Shape, pads, strides []int) {
	kernel = tensor.Shape{b.between(1, 3), b.between(1, 3)}
	strides = []int{b.between(1, 3), b.between(1, 3)}
	pads = []int{b.pick(3), b.pick(3)}
	return kernel, pads, strides
}

// bounded returns x in a range where functions do not overflow.
func bounded(x *G.Node) *G.Node { return G.Must(G.Tanh(x)) }

// evaluate returns what the operators of Gorgonia compute, one node after the other, each from copies of its operands: its machines run
// in goroutines, whose panics nobody can stop, and some operators give wrong results there when memory is used again. It reports false
// where an operator fails or numbers grow too large to be compared.
func evaluate(t testing.TB, in, out *G.Node, x *tensor.Dense) (elements []float32, ok bool) {
	defer func() {
		if recover() != nil {
			elements, ok = nil, false
		}
	}()
	values := map[*G.Node]G.Value{in: x}
	var value func(n *G.Node) G.Value
	value = func(n *G.Node) G.Value {
		if v := values[n]; v != nil {
			return v
		}
		if n.Op() == nil {
			return n.Value()
		}
		var operands []G.Value
		for _, o := range gorgonia.Operands(n) {
			v, err := G.CloneValue(value(o))
			if err != nil {
				panic(err)
			}
			operands = append(operands, v)
		}
		v, err := n.Op().Do(operands...)
		if err != nil {
			panic(err)
		}
		values[n] = v
		return v
	}
	v := value(out)
	if v.Shape().TotalSize() != out.Shape().TotalSize() {
		return nil, false
	}
	for _, v := range values {
		for _, e := range floats(t, v) {
			if !(math.Abs(float64(e)) < fuzzMost) {
				return nil, false
			}
		}
	}
	return floats(t, v), true
}
