package gorgonia_test

import (
	"errors"
	"testing"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/octet-ml/octet/loader/gorgonia"
	"github.com/octet-ml/octet/runtime"
)

// Run says which tensor does not fit.
func TestRunChecksItsInputs(t *testing.T) {
	n := newNet(3)
	in := n.input(1, 3)
	g, err := gorgonia.FromExprGraph(n.ExprGraph, G.Nodes{in}, G.Nodes{relu(in)})
	if err != nil {
		t.Fatal(err)
	}
	p := compile(t, g, 1)
	for name, c := range map[string]struct {
		x    []*tensor.Dense
		want error
	}{
		"none":  {nil, runtime.ErrInput},
		"nil":   {[]*tensor.Dense{nil}, gorgonia.ErrTensor},
		"size":  {[]*tensor.Dense{tensor.New(tensor.WithShape(1, 4), tensor.Of(tensor.Float32))}, runtime.ErrInput},
		"type":  {[]*tensor.Dense{tensor.New(tensor.WithShape(1, 3), tensor.Of(tensor.Int32))}, runtime.ErrInput},
		"batch": {[]*tensor.Dense{tensor.New(tensor.WithShape(2, 3), tensor.Of(tensor.Float32))}, runtime.ErrInput},
	} {
		if _, err := gorgonia.Run(p, c.x...); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
	}
}

// A picture may be a view, such as one of the images of a set, or transposed.
func TestRunTakesViews(t *testing.T) {
	n := newNet(3)
	in := n.input(1, 3)
	g, err := gorgonia.FromExprGraph(n.ExprGraph, G.Nodes{in}, G.Nodes{G.Must(G.Neg(in))})
	if err != nil {
		t.Fatal(err)
	}
	set := tensor.New(tensor.WithShape(3, 2), tensor.WithBacking([]float64{1, 2, 3, 4, 5, 6}))
	if err := set.T(); err != nil {
		t.Fatal(err)
	}
	y, err := gorgonia.Run(compile(t, g, 2), set)
	if err != nil {
		t.Fatal(err)
	}
	compare(t, floats(t, y[0]), []float32{-1, -3, -5, -2, -4, -6})
}
