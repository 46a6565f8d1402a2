package qat

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/octet-ml/octet/internal/testkit"
	"github.com/octet-ml/octet/quantize"
)

// grids lists what the tests round to.
func grids(t *testing.T) map[string]quantize.Levels {
	t.Helper()
	rng := rand.New(rand.NewPCG(1, 1))
	w := make([]float32, 600)
	for i := range w {
		w[i] = float32(rng.NormFloat64())
	}
	return map[string]quantize.Levels{
		"int8":     quantize.Int8.Levels(nil, 1),
		"int4":     quantize.Int4.Levels(nil, 1),
		"codebook": quantize.Int4KMeans.Levels(w, 1),
		"log":      quantize.Int4Log.Levels(nil, 1),
		"uint8":    quantize.Integers(0, 255),
		"affine8":  quantize.Integers(-100, 155),
		"uint4":    quantize.Integers(0, 15),
		"affine4":  quantize.Integers(-5, 10),
	}
}

// values are the nodes of a graph with one operator and what a run of it gave.
type values struct {
	x, step, out *G.Node
	y            G.Value
}

// run builds x and step of the given shapes, applies build, and runs the sum of the result times the factors, with gradients.
func run[T number](t *testing.T, xs tensor.Shape, x, step, factors []T, learned bool, build func(x, step *G.Node) (*G.Node, error)) values {
	t.Helper()
	g := G.NewGraph()
	node := func(name string, data []T, s ...int) *G.Node {
		v := tensor.New(tensor.WithShape(s...), tensor.WithBacking(slices.Clone(data)))
		return G.NewTensor(g, v.Dtype(), len(s), G.WithShape(s...), G.WithName(name), G.WithValue(v))
	}
	var v values
	v.x, v.step = node("x", x, xs...), node("step", step, len(step))
	var err error
	if v.out, err = build(v.x, v.step); err != nil {
		t.Fatal(err)
	}
	G.Read(v.out, &v.y)
	picked := G.Must(G.HadamardProd(v.out, node("factors", factors, xs...)))
	wrt := G.Nodes{v.x}
	if learned {
		wrt = append(wrt, v.step)
	}
	if _, err = G.Grad(G.Must(G.Sum(picked)), wrt...); err != nil {
		t.Fatal(err)
	}
	m := G.NewTapeMachine(g, G.BindDualValues(wrt...))
	defer m.Close()
	if err := m.RunAll(); err != nil {
		t.Fatal(err)
	}
	return v
}

// gradient returns the gradient of a node.
func gradient[T number](t *testing.T, n *G.Node) []T {
	t.Helper()
	v, err := n.Grad()
	if err != nil {
		t.Fatal(err)
	}
	return numbers[T](v)
}

// sample returns numbers that lie within the levels, beyond both ends, and none within a hundredth of a step of a tie or an end,
// where the operator has no derivative.
func sample[T number](rng *rand.Rand, l quantize.Levels, n int, step func(i int) T) []T {
	lo, hi := float64(l[0]), float64(l[len(l)-1])
	x := make([]T, n)
	for i := range x {
		for {
			v := lo + (hi-lo)*(1.6*rng.Float64()-0.3)
			near, d := l.Nearest(float32(v)), 0.01
			if l.Nearest(float32(v-d)) == near && l.Nearest(float32(v+d)) == near && math.Abs(v-lo) > d && math.Abs(v-hi) > d {
				x[i] = T(v) * step(i)
				break
			}
		}
	}
	return x
}

// shapes are tensors and the axis of their channels.
var shapes = []struct {
	shape tensor.Shape
	axis  int
}{
	{tensor.Shape{37}, -1}, {tensor.Shape{5, 7}, -1}, {tensor.Shape{4, 3, 3, 2}, -1}, {tensor.Shape{4, 3, 3, 2}, 0},
	{tensor.Shape{4, 3, 3, 2}, 1}, {tensor.Shape{6, 5}, 1}, {tensor.Shape{6, 5}, 0}, {tensor.Shape{9}, 0}, {tensor.Shape{1, 1}, 0},
}

// TestGradientsMatchDifferencesOfTheSurrogate compares both gradients with central differences of what the straight-through estimator
// stands for: the function with the rounding of each number frozen, x + step*(level - x0/step0) within the levels, step times the
// outermost level outside. It is linear, so that the differences are exact but for rounding in float64.
func TestGradientsMatchDifferencesOfTheSurrogate(t *testing.T) {
	const tolerance = 1e-8
	rng := rand.New(rand.NewPCG(uint64(testkit.Seed(t)), 0))
	for name, l := range grids(t) {
		for _, c := range shapes {
			p := spanOf(c.shape, c.axis)
			step := make([]float64, p.channels)
			for i := range step {
				step[i] = 0.02 + rng.Float64()
			}
			channel := make([]int, c.shape.TotalSize())
			p.rows(func(c, from, to int) {
				for i := from; i < to; i++ {
					channel[i] = c
				}
			})
			x := sample(rng, l, len(channel), func(i int) float64 { return step[channel[i]] })
			factors := make([]float64, len(x))
			for i := range factors {
				factors[i] = rng.NormFloat64()
			}
			const scale = 0.25
			v := run(t, c.shape, x, step, factors, true, func(x, step *G.Node) (*G.Node, error) {
				return FakeQuantize(x, step, Rounding{Levels: l, Axis: c.axis, GradientScale: scale})
			})
			surrogate := func(x1, step1 []float64) (sum float64) {
				for i := range x {
					s0, s1 := step[channel[i]], step1[channel[i]]
					v0 := x[i] / s0
					y := s1 * float64(l.Nearest(float32(v0)))
					if v0 > float64(l[0]) && v0 < float64(l[len(l)-1]) {
						y = x1[i] + s1*(float64(l.Nearest(float32(v0)))-v0)
					}
					sum += factors[i] * y
				}
				return sum
			}
			differences := func(at []float64, f func([]float64) float64) []float64 {
				d := make([]float64, len(at))
				for i := range at {
					moved := slices.Clone(at)
					const h = 1e-3
					moved[i] = at[i] + h
					up := f(moved)
					moved[i] = at[i] - h
					d[i] = (up - f(moved)) / (2 * h)
				}
				return d
			}
			where := fmt.Sprintf("%s, %v, axis %d", name, c.shape, c.axis)
			wantX := differences(x, func(x []float64) float64 { return surrogate(x, step) })
			for i, got := range gradient[float64](t, v.x) {
				if math.Abs(got-wantX[i]) > tolerance {
					t.Errorf("%s: gradient of x %d is %g, want %g", where, i, got, wantX[i])
				}
			}
			wantStep := differences(step, func(step []float64) float64 { return scale * surrogate(x, step) })
			for i, got := range gradient[float64](t, v.step) {
				if math.Abs(got-wantStep[i]) > tolerance*float64(l.Largest())*float64(len(x)) {
					t.Errorf("%s: gradient of step %d is %g, want %g", where, i, got, wantStep[i])
				}
			}
		}
	}
}

// TestStepGradientOutsideIsTheTrueOne compares with differences of the operator itself where it is differentiable: beyond the levels,
// where nothing is rounded.
func TestStepGradientOutsideIsTheTrueOne(t *testing.T) {
	for name, l := range grids(t) {
		lo, hi := float64(l[0]), float64(l[len(l)-1])
		const s, h = 0.5, 1e-4
		x := []float64{s * (hi + 1), s * (lo - 1), s * (hi + 7)}
		one := []float64{1, 1, 1}
		total := func(step float64) (sum float64) {
			v := run(t, tensor.Shape{3}, x, []float64{step}, one, true, func(x, step *G.Node) (*G.Node, error) {
				return FakeQuantize(x, step, Rounding{Levels: l, Axis: -1, GradientScale: 1})
			})
			for _, y := range numbers[float64](v.y) {
				sum += y
			}
			return sum
		}
		v := run(t, tensor.Shape{3}, x, []float64{s}, one, true, func(x, step *G.Node) (*G.Node, error) {
			return FakeQuantize(x, step, Rounding{Levels: l, Axis: -1, GradientScale: 1})
		})
		want := (total(s+h) - total(s-h)) / (2 * h)
		if got := gradient[float64](t, v.step)[0]; math.Abs(got-want) > 1e-6 {
			t.Errorf("%s: gradient %g, slope %g", name, got, want)
		}
	}
}

// TestForwardIsWhatQuantizeStores compares with levels times scale, to the bit, and with the masks of the estimator.
func TestForwardIsWhatQuantizeStores(t *testing.T) {
	rng := rand.New(rand.NewPCG(uint64(testkit.Seed(t)), 1))
	for name, l := range grids(t) {
		const n = 500
		s := float32(0.01 + rng.Float64())
		x, factors := sample(rng, l, n, func(int) float32 { return s }), make([]float32, n)
		for i := range factors {
			factors[i] = float32(rng.NormFloat64())
		}
		x[0], x[1], x[2] = 0, s*l[0], s*l[len(l)-1]
		v := run(t, tensor.Shape{20, 25}, x, []float32{s}, factors, true, func(x, step *G.Node) (*G.Node, error) {
			return FakeQuantize(x, step, Rounding{Levels: l, Axis: -1})
		})
		grad := gradient[float32](t, v.x)
		for i, y := range numbers[float32](v.y) {
			if want := s * l.Nearest(x[i]/s); y != want {
				t.Errorf("%s: %g became %g, want %g", name, x[i], y, want)
			}
			pass := x[i]/s > l[0] && x[i]/s < l[len(l)-1]
			if want := map[bool]float32{true: factors[i]}[pass]; grad[i] != want {
				t.Errorf("%s: the gradient of %g is %g, want %g", name, x[i], grad[i], want)
			}
		}
	}
}

// TestStepGradientClosedForm has the numbers of LSQ's equation 3 worked out by hand, with the usual factor.
func TestStepGradientClosedForm(t *testing.T) {
	x := []float32{0.3, -1.2, 9, -20, 0.5, 2.75} // at a step of 0.5: 0.6, -2.4, 18, -40, 1, 5.5
	want := (1 - 0.6) + (-2 + 2.4) + 7 - 8 + 0 + (6 - 5.5)
	want /= math.Sqrt(6 * 7)
	v := run(t, tensor.Shape{2, 3}, x, []float32{0.5}, []float32{1, 1, 1, 1, 1, 1}, true, func(x, step *G.Node) (*G.Node, error) {
		return FakeQuantize(x, step, Rounding{Levels: quantize.Int4.Levels(nil, 1), Axis: -1})
	})
	if got := float64(gradient[float32](t, v.step)[0]); math.Abs(got-want) > 1e-6 {
		t.Errorf("gradient %g, want %g", got, want)
	}
	for _, c := range []struct {
		r    Rounding
		want float64
	}{
		{Rounding{Levels: quantize.Integers(0, 15), Axis: -1, Activation: true}, 1 / math.Sqrt(12*15)},
		{Rounding{Levels: quantize.Integers(0, 15), Axis: -1}, 1 / math.Sqrt(60*15)},
		{Rounding{Levels: quantize.Integers(-8, 7), Axis: 1}, 1 / math.Sqrt(20*7)},
		{Rounding{Levels: quantize.Levels{-3, 0, 4}, Axis: -1}, 1 / math.Sqrt(60*3*(9+16)/2)},
	} {
		if got := c.r.usualScale(tensor.Shape{5, 3, 4}); math.Abs(got-c.want) > 1e-12 {
			t.Errorf("axis %d, activation %v: factor %g, want %g", c.r.Axis, c.r.Activation, got, c.want)
		}
	}
}

func TestFixedStepHasNoGradient(t *testing.T) {
	fixed := func(x, step *G.Node) (*G.Node, error) {
		return FakeQuantize(x, step, Rounding{Levels: quantize.Integers(0, 255), Axis: -1, Fixed: true})
	}
	v := run(t, tensor.Shape{2}, []float32{0.6, 0.1}, []float32{0.5}, []float32{1, 1}, false, fixed)
	if got := gradient[float32](t, v.x); !slices.Equal(got, []float32{1, 1}) {
		t.Errorf("gradient %v of x, want 1 and 1", got)
	}
	g := G.NewGraph()
	step := G.NewVector(g, tensor.Float32, G.WithShape(1), G.WithName("step"))
	y, err := fixed(G.NewVector(g, tensor.Float32, G.WithShape(2), G.WithName("x")), step)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := G.Grad(G.Must(G.Sum(y)), step); err == nil {
		t.Error("a fixed step has a gradient")
	}
}

// TestStepsAndNumbersOutOfOrder covers a step that learning made negative, NaN, and a tensor that is a transposed view.
func TestStepsAndNumbersOutOfOrder(t *testing.T) {
	o := &fakeQuantize{operator{"", []int{2, 1}, 0, tensor.Float32}, Rounding{Levels: quantize.Int4Log.Levels(nil, 1), Axis: 1}}
	x := tensor.New(tensor.WithShape(2, 3), tensor.WithBacking([]float32{1, 2, 3, 4, 5, float32(math.NaN())}))
	if err := x.T(); err != nil {
		t.Fatal(err)
	}
	y, err := o.Do(x, tensor.New(tensor.WithShape(2), tensor.WithBacking([]float32{1, -1})))
	if err != nil {
		t.Fatal(err)
	}
	got := y.Data().([]float32) // [3 2]: 1 4, 2 5, 3 NaN
	if top := float32(64) * LeastStep; !y.Shape().Eq(tensor.Shape{3, 2}) || got[0] != 1 || got[2] != 2 || got[4] != 2 || got[1] != top || got[5] == got[5] {
		t.Errorf("got %v of shape %v", got, y.Shape())
	}
}

// TestNumbersAreReadInRowMajorOrder covers the layouts that Gorgonia's tensors have.
func TestNumbersAreReadInRowMajorOrder(t *testing.T) {
	twelve := func() *tensor.Dense {
		return tensor.New(tensor.WithShape(3, 4), tensor.WithBacking([]float32{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11}))
	}
	cut := func(s ...tensor.Slice) *tensor.Dense {
		v, err := twelve().Slice(s...)
		if err != nil {
			t.Fatal(err)
		}
		return v.(*tensor.Dense)
	}
	turned := twelve()
	if err := turned.T(); err != nil {
		t.Fatal(err)
	}
	columns := tensor.New(tensor.WithShape(2, 3), tensor.AsFortran([]float32{1, 2, 3, 4, 5, 6}))
	if first, err := columns.At(0, 1); err != nil || first != float32(2) {
		t.Fatalf("element 0 1 is %v, %v", first, err)
	}
	for name, c := range map[string]struct {
		d    *tensor.Dense
		want []float32
	}{
		"column-major":   {columns, []float32{1, 2, 3, 4, 5, 6}},
		"transposed":     {turned, []float32{0, 4, 8, 1, 5, 9, 2, 6, 10, 3, 7, 11}},
		"rows":           {cut(tensor.S(1)), []float32{4, 5, 6, 7}},
		"column":         {cut(nil, tensor.S(1)), []float32{1, 5, 9}},
		"middle columns": {cut(tensor.S(1, 3), tensor.S(1, 3)), []float32{5, 6, 9, 10}},
		"element":        {cut(tensor.S(1), tensor.S(1)), []float32{5}},
	} {
		if got := numbers[float32](c.d); !slices.Equal(got, c.want) {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
}

func TestFakeQuantizeRefusesWhatDoesNotFit(t *testing.T) {
	g := G.NewGraph()
	x := G.NewTensor(g, tensor.Float32, 2, G.WithShape(3, 4), G.WithName("x"))
	step := func(n int, of tensor.Dtype) *G.Node {
		return G.NewVector(g, of, G.WithShape(n), G.WithName(fmt.Sprint("step", n, of)))
	}
	whole := G.NewTensor(g, tensor.Int, 2, G.WithShape(3, 4), G.WithName("whole"))
	four := quantize.Integers(-8, 7)
	for _, c := range []struct {
		x, step *G.Node
		r       Rounding
		want    error
	}{
		{x, step(1, tensor.Float32), Rounding{Axis: -1}, ErrOption},
		{x, step(1, tensor.Float32), Rounding{Axis: -1, Levels: quantize.Levels{1, 0}}, ErrOption},
		{x, step(1, tensor.Float32), Rounding{Axis: -1, Levels: quantize.Levels{0, 0.5, 2}}, ErrOption},
		{x, step(1, tensor.Float32), Rounding{Axis: 0, Levels: four}, ErrShape},
		{x, step(3, tensor.Float32), Rounding{Axis: -1, Levels: four}, ErrShape},
		{x, step(3, tensor.Float32), Rounding{Axis: 2, Levels: four}, ErrShape},
		{x, step(3, tensor.Float32), Rounding{Axis: -2, Levels: four}, ErrShape},
		{x, step(1, tensor.Float64), Rounding{Axis: -1, Levels: four}, ErrShape},
		{whole, step(1, tensor.Float32), Rounding{Axis: -1, Levels: four}, ErrShape},
	} {
		if _, err := FakeQuantize(c.x, c.step, c.r); !errors.Is(err, c.want) {
			t.Errorf("%v by %v, %+v: got %v, want %v", c.x.Shape(), c.step.Shape(), c.r, err, c.want)
		}
	}
}
