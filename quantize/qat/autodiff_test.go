package qat

import (
	"slices"
	"testing"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/octet-ml/octet/quantize"
)

// TestLispMachineHasTheSameGradients differentiates on Gorgonia's other machine.
func TestLispMachineHasTheSameGradients(t *testing.T) {
	x, step := []float64{0.3, -1.2, 9, -20, 0.5, 2.75}, []float64{0.5, 0.25}
	r := Rounding{Levels: quantize.Int4.Levels(nil, 1), Axis: 0, GradientScale: 0.5}
	factors := []float64{1, 2, 3, -1, -2, -3}
	build := func(x, step *G.Node) (*G.Node, error) { return FakeQuantize(x, step, r) }
	want := run(t, tensor.Shape{2, 3}, x, step, factors, true, build)

	g := G.NewGraph()
	node := func(name string, data []float64, s ...int) *G.Node {
		v := tensor.New(tensor.WithShape(s...), tensor.WithBacking(slices.Clone(data)))
		return G.NewTensor(g, v.Dtype(), len(s), G.WithShape(s...), G.WithName(name), G.WithValue(v))
	}
	xs, steps := node("x", x, 2, 3), node("step", step, 2)
	y, err := build(xs, steps)
	if err != nil {
		t.Fatal(err)
	}
	G.Must(G.Sum(G.Must(G.HadamardProd(y, node("factors", factors, 2, 3)))))
	m := G.NewLispMachine(g)
	defer m.Close()
	if err := m.RunAll(); err != nil {
		t.Fatal(err)
	}
	if got := gradient[float64](t, xs); !slices.Equal(got, gradient[float64](t, want.x)) {
		t.Errorf("gradient of x %v, want %v", got, gradient[float64](t, want.x))
	}
	if got := gradient[float64](t, steps); !slices.Equal(got, gradient[float64](t, want.step)) {
		t.Errorf("gradient of the step %v, want %v", got, gradient[float64](t, want.step))
	}
}
