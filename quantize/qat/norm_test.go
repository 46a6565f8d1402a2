package qat

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/octet-ml/octet/internal/testkit"
)

// TestGradientOfStandardize compares with central differences of the operator, which is differentiable everywhere.
func TestGradientOfStandardize(t *testing.T) {
	const h, tolerance = 1e-5, 1e-6
	rng := rand.New(rand.NewPCG(uint64(testkit.Seed(t)), 5))
	for _, shape := range []tensor.Shape{{5, 3, 2, 2}, {7, 3}} {
		z, factors := make([]float64, shape.TotalSize()), make([]float64, shape.TotalSize())
		for i := range z {
			z[i], factors[i] = 2+rng.NormFloat64(), rng.NormFloat64()
		}
		gains := []float64{1, -0.5, 300} // the last one makes epsilon matter
		build := func(z, gains *G.Node) (*G.Node, error) { return newStandardize(z, gains, nil) }
		loss := func(z []float64) (sum float64) {
			v := run(t, shape, z, gains, factors, false, build)
			for i, y := range numbers[float64](v.y) {
				sum += factors[i] * y
			}
			return sum
		}
		got := gradient[float64](t, run(t, shape, z, gains, factors, false, build).x)
		for i := range z {
			moved := slices.Clone(z)
			moved[i] += h
			up := loss(moved)
			moved[i] -= 2 * h
			if want := (up - loss(moved)) / (2 * h); math.Abs(got[i]-want) > tolerance {
				t.Errorf("%v: gradient %d is %g, slope %g", shape, i, got[i], want)
			}
		}
	}
}

// TestRunningStatistics runs one batch through and expects a tenth of its mean and unbiased variance, of the unfolded outputs.
func TestRunningStatistics(t *testing.T) {
	to := newNorm(2)
	z := []float32{2, 10, 4, 30} // channel 0: 2, 4; channel 1: 10, 30
	run(t, tensor.Shape{2, 2}, z, []float32{2, -0.5}, []float32{1, 1, 1, 1}, false, func(z, gains *G.Node) (*G.Node, error) {
		return newStandardize(z, gains, to)
	})
	wantMean := []float32{0.1 * 1.5, 0.1 * -40}
	wantVariance := []float32{0.9 + 0.1*2*1/4, 0.9 + 0.1*2*100*4}
	for c := range 2 {
		if math.Abs(float64(to.mean[c]-wantMean[c])) > 1e-5 || math.Abs(float64(to.variance[c]-wantVariance[c])) > 1e-4 {
			t.Errorf("channel %d: mean %g, variance %g, want %g and %g", c, to.mean[c], to.variance[c], wantMean[c], wantVariance[c])
		}
	}
	to.update([]float64{5, 5}, []float64{1, 1}, []float64{0, 1}, 4)
	if to.mean[0] != wantMean[0] {
		t.Errorf("a channel that folding made zeros has a new mean, %g", to.mean[0])
	}
}

// TestRoundBiasIsTheBiasOfTheIntegerModel rounds to multiples of the product of the steps and passes the gradient.
func TestRoundBiasIsTheBiasOfTheIntegerModel(t *testing.T) {
	g := G.NewGraph()
	vector := func(name string, v ...float32) *G.Node {
		d := tensor.New(tensor.WithShape(len(v)), tensor.WithBacking(v))
		return G.NewVector(g, tensor.Float32, G.WithShape(len(v)), G.WithName(name), G.WithValue(d))
	}
	bias := vector("bias", 1, -0.374, 0.3)
	y, err := newRoundBias(bias, vector("input", 0.5), vector("weights", 0.5, 0.5, 0.25))
	if err != nil {
		t.Fatal(err)
	}
	var out G.Value
	G.Read(y, &out)
	if _, err := G.Grad(G.Must(G.Sum(G.Must(G.Square(y)))), bias); err != nil {
		t.Fatal(err)
	}
	m := G.NewTapeMachine(g, G.BindDualValues(bias))
	defer m.Close()
	if err := m.RunAll(); err != nil {
		t.Fatal(err)
	}
	if got := numbers[float32](out); !slices.Equal(got, []float32{1, -0.25, 0.25}) {
		t.Errorf("got %v", got)
	}
	if got := gradient[float32](t, bias); !slices.Equal(got, []float32{2, -0.5, 0.5}) {
		t.Errorf("gradient %v", got)
	}
}
