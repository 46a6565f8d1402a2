package qat_test

import (
	"errors"
	"maps"
	"math"
	"slices"
	"strings"
	"testing"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/octet-ml/octet/quantize"
	"github.com/octet-ml/octet/quantize/qat"
)

// learner is a network with a loss: the mean squared distance of its outputs from targets.
type learner struct {
	*built
	loss G.Value
}

func newLearner(t *testing.T, arch string, p *qat.Params, c qat.Config, targets []float32) *learner {
	t.Helper()
	l := &learner{built: assemble(t, arch, p, c)}
	v := tensor.New(tensor.WithShape(batch, classes), tensor.WithBacking(targets))
	target := G.NewMatrix(l.x.Graph(), tensor.Float32, G.WithShape(batch, classes), G.WithName("target"), G.WithValue(v))
	cost := G.Must(G.Mean(G.Must(G.Square(G.Must(G.Sub(l.out, target))))))
	G.Read(cost, &l.loss)
	wrt := append(l.Parameters(), l.Steps()...)
	if _, err := G.Grad(cost, wrt...); err != nil {
		t.Fatal(err)
	}
	l.vm = G.NewTapeMachine(l.x.Graph(), G.BindDualValues(wrt...))
	t.Cleanup(func() { l.vm.Close() })
	return l
}

// run returns the loss; gradients are added to the nodes.
func (l *learner) run(t *testing.T, x []float32) float64 {
	t.Helper()
	l.forward(t, x)
	return float64(l.loss.Data().(float32))
}

// targets is what networks are to learn.
func targets() []float32 {
	v := make([]float32, batch*classes)
	for i := range v {
		v[i] = float32(math.Sin(float64(3 * i)))
	}
	return v
}

// TestGradientsOfNetworks compares the length of each parameter's gradient with the slope of the loss along it, in networks of real
// numbers: BatchNormalization by the batch's statistics, and folded by the running ones.
func TestGradientsOfNetworks(t *testing.T) {
	const step, tolerance = 1e-3, 0.05 // relu bends the loss within a step, and a float32 loss has 7 digits
	for arch := range architectures {
		for _, train := range []bool{true, false} {
			p := trained(t, arch)
			l := newLearner(t, arch, p, qat.Config{Weights: quantize.Float, Train: train}, targets())
			x := batchOf(0)
			l.run(t, x)
			numbers := p.Numbers()
			var grads [][]float32 // of the first run: later ones are added to the nodes
			for _, n := range l.Parameters() {
				v, err := n.Grad()
				if err != nil {
					t.Fatal(err)
				}
				grads = append(grads, slices.Clone(v.Data().([]float32)))
			}
			for i, n := range l.Parameters() {
				grad := grads[i]
				var length float64
				for _, g := range grad {
					length += float64(g) * float64(g)
				}
				length = math.Sqrt(length)
				if length < 1e-3 {
					continue // too flat for float32: a bias before BatchNormalization by the batch
				}
				memory := numbers[n.Name()]
				at := slices.Clone(memory)
				var losses [2]float64
				for i, sign := range []float64{-1, 1} {
					for k := range memory {
						memory[k] = at[k] + float32(sign*step*float64(grad[k])/length)
					}
					losses[i] = l.run(t, x)
				}
				copy(memory, at)
				slope := (losses[1] - losses[0]) / (2 * step)
				if math.Abs(slope-length) > tolerance*length+1e-3 {
					t.Errorf("%s, train %v: the gradient of %s has length %g, the slope along it is %g", arch, train, n.Name(), length, slope)
				}
			}
		}
	}
}

// TestQuantizedNetworksLearn trains weights and steps of networks of 4 bits for a few steps.
func TestQuantizedNetworksLearn(t *testing.T) {
	for arch := range architectures {
		for _, s := range []quantize.Scheme{quantize.Int4, quantize.Int4KMeans, quantize.Int4Log} {
			p := calibrated(t, arch, trained(t, arch))
			c := qat.Config{Weights: s, Activations: 4, Train: true}
			l := newLearner(t, arch, p, c, targets())
			before := snapshot(p)
			weights := G.NewAdamSolver(G.WithLearnRate(0.01))
			steps := G.NewMomentum(G.WithLearnRate(0.001), G.WithMomentum(0.9))
			x := batchOf(0)
			var losses []float64
			for range 60 {
				losses = append(losses, l.run(t, x))
				if err := weights.Step(G.NodesToValueGrads(l.Parameters())); err != nil {
					t.Fatal(err)
				}
				if err := steps.Step(G.NodesToValueGrads(l.Steps())); err != nil {
					t.Fatal(err)
				}
			}
			if last := losses[len(losses)-1]; !(last < losses[0]/2) {
				t.Errorf("%s, %v: the loss went from %g to %g, want less than half", arch, s, losses[0], last)
			}
			for name, was := range before {
				stays := name == "x.step" || strings.HasSuffix(name, ".levels")
				if slices.Equal(was, p.Numbers()[name]) != stays {
					t.Errorf("%s, %v: %s: learned %v; all but the input's step and codebooks should", arch, s, name, stays)
				}
			}
			// What was learned is in the integer model, by the running statistics.
			e := assemble(t, arch, p, qat.Config{Weights: s, Activations: 4})
			g, err := e.Graph()
			if err != nil {
				t.Fatal(err)
			}
			compareWithIntegers(t, e, g, outputStep(p))
		}
	}
}

// snapshot returns a copy of what networks have learned.
func snapshot(p *qat.Params) map[string][]float32 {
	numbers := p.Numbers()
	for name, v := range numbers {
		numbers[name] = slices.Clone(v)
	}
	return numbers
}

func TestParametersAreSharedAndCloned(t *testing.T) {
	p := calibrated(t, "residual", trained(t, "residual"))
	c := qat.Config{Weights: quantize.Int4, Activations: 4}
	a, b := assemble(t, "residual", p, c), assemble(t, "residual", p, c)
	other := p.Clone()
	p.Numbers()["stem.weights"][0] += 1
	p.Numbers()["sum.step"][0] *= 1.5
	want := a.forward(t, batchOf(0))
	if !slices.Equal(b.forward(t, batchOf(0)), want) {
		t.Error("two networks over the same parameters differ")
	}
	if slices.Equal(assemble(t, "residual", other, c).forward(t, batchOf(0)), want) {
		t.Error("a change reaches a clone")
	}
	names := slices.Sorted(maps.Keys(p.Numbers()))
	for _, want := range []string{"stem.gamma", "stem.mean", "stem.variance", "stem.weights.step", "x.step"} {
		if !slices.Contains(names, want) {
			t.Errorf("no numbers of %s among %v", want, names)
		}
	}
}

// TestNumbersAreACheckpoint restores what quantized networks have learned into new parameters with the same ranges.
func TestNumbersAreACheckpoint(t *testing.T) {
	for _, scheme := range []quantize.Scheme{quantize.Int8, quantize.Int4KMeans, quantize.Int4Log} {
		c := qat.Config{Weights: scheme, Activations: 4}
		float := trained(t, "residual")
		p := calibrated(t, "residual", float.Clone())
		assemble(t, "residual", p, c)
		for name, numbers := range p.Numbers() { // as learning moves them
			if strings.HasSuffix(name, ".weights") || strings.HasSuffix(name, ".step") {
				for i := range numbers {
					numbers[i] *= 1 + 0.1*float32(i%3)
				}
			}
		}
		want := assemble(t, "residual", p, c).forward(t, batchOf(0))

		again := calibrated(t, "residual", float.Clone())
		for name, numbers := range again.Numbers() {
			if strings.HasSuffix(name, ".weights") { // so that grids start elsewhere
				for i := range numbers {
					numbers[i] = float32(math.Sin(float64(i)))
				}
			}
		}
		b := assemble(t, "residual", again, c)
		saved := p.Numbers()
		for name, numbers := range again.Numbers() {
			if copy(numbers, saved[name]) != len(saved[name]) || len(numbers) != len(saved[name]) {
				t.Fatalf("%v: %s has %d numbers, saved %d", scheme, name, len(numbers), len(saved[name]))
			}
		}
		if got := b.forward(t, batchOf(0)); !slices.Equal(got, want) {
			t.Errorf("%v: restored %v, want %v", scheme, got, want)
		}
	}
}

func TestMistakesAreToldClearly(t *testing.T) {
	float := qat.Config{Weights: quantize.Float}
	picture := func(g *G.ExprGraph) *G.Node {
		return G.NewTensor(g, tensor.Float32, 4, G.WithShape(batch, 2, side, side), G.WithName("x"))
	}
	for _, c := range []struct {
		name   string
		config qat.Config
		build  func(*qat.Network, *G.ExprGraph)
		want   error
		text   string
	}{
		{"scheme", qat.Config{Weights: 9}, nil, qat.ErrOption, "scheme(9)"},
		{"bits", qat.Config{Activations: 9}, nil, qat.ErrOption, "9 bits"},
		{"mixed", qat.Config{Layers: map[string]quantize.Scheme{"fc": quantize.Float}}, nil, qat.ErrOption, "fc: "},
		{"no calibration", qat.Config{}, func(n *qat.Network, g *G.ExprGraph) { n.Input(picture(g)) }, qat.ErrOption, `no range for "x"`},
		{"no picture", float, func(n *qat.Network, g *G.ExprGraph) {
			x := G.NewMatrix(g, tensor.Float32, G.WithShape(batch, 3), G.WithName("x"))
			n.Conv(n.Input(x), "conv", qat.Conv{Out: 1, Kernel: 1})
		}, qat.ErrShape, "conv: "},
		{"doubles", float, func(n *qat.Network, g *G.ExprGraph) {
			n.Input(G.NewMatrix(g, tensor.Float64, G.WithShape(batch, 3), G.WithName("x")))
		}, qat.ErrShape, "float64"},
		{"large kernel", float, func(n *qat.Network, g *G.ExprGraph) {
			n.Conv(n.Input(picture(g)), "conv", qat.Conv{Out: 1, Kernel: side + 1})
		}, qat.ErrShape, "conv: "},
		{"dense of a picture", float, func(n *qat.Network, g *G.ExprGraph) {
			n.Dense(n.Input(picture(g)), "fc", qat.Dense{Out: 1})
		}, qat.ErrShape, "fc: "},
		{"large window", float, func(n *qat.Network, g *G.ExprGraph) {
			n.MaxPool(n.Input(picture(g)), "pool", side+1, 1)
		}, qat.ErrShape, "pool: "},
		{"twice", float, func(n *qat.Network, g *G.ExprGraph) {
			x := n.Conv(n.Input(picture(g)), "conv", qat.Conv{Out: 2, Kernel: 1})
			n.Conv(x, "conv", qat.Conv{Out: 2, Kernel: 1})
		}, qat.ErrOption, "two layers"},
		{"other shape", float, func(n *qat.Network, g *G.ExprGraph) {
			x := n.Input(picture(g))
			n.Add(x, n.Conv(x, "conv", qat.Conv{Out: 3, Kernel: 1}), "sum", false)
		}, qat.ErrShape, "sum: "},
		{"real and rectified", float, func(n *qat.Network, g *G.ExprGraph) {
			n.Dense(n.Flatten(n.Input(picture(g)), "flat"), "fc", qat.Dense{Out: 2, Relu: true, Real: true})
		}, qat.ErrOption, "fc: "},
		{"nil", float, func(n *qat.Network, _ *G.ExprGraph) { n.Output(nil) }, qat.ErrShape, "nil"},
	} {
		g := G.NewGraph()
		n := qat.New(g, qat.NewParams(testRand()), c.config)
		if c.build != nil {
			c.build(n, g)
		}
		_, err := n.Graph()
		if err == nil || !errors.Is(n.Err(), c.want) || !errors.Is(err, c.want) || !strings.Contains(err.Error(), c.text) {
			t.Errorf("%s: got %v, want %v with %q", c.name, err, c.want, c.text)
		}
	}
	p := calibrated(t, "lenet", trained(t, "lenet"))
	other := qat.New(G.NewGraph(), p, float)
	x := G.NewTensor(G.NewGraph(), tensor.Float32, 4, G.WithShape(batch, 3, side, side), G.WithName("x"))
	other.Conv(other.Input(x), "conv1", qat.Conv{Out: 6, Kernel: 3})
	if err := other.Err(); !errors.Is(err, qat.ErrShape) || !strings.Contains(err.Error(), "conv1: ") {
		t.Errorf("parameters of another shape: got %v", err)
	}
	g := G.NewGraph()
	n := qat.New(g, p, qat.Config{})
	n.Dense(lenet(n, picture(g)), "more", qat.Dense{Out: 2})
	if err := n.Err(); !errors.Is(err, qat.ErrOption) || !strings.Contains(err.Error(), "real sums") {
		t.Errorf("a layer after real sums: got %v", err)
	}
}
