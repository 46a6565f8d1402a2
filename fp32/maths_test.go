package f32

import (
	"math"
	"math/rand"
	"testing"

	"github.com/octet-ml/octet/internal/testkit"
)

// functionTolerance is the relative error that the scalar functions promise; it is ten roundings of float32.
const functionTolerance = 1e-6

var functions = []struct {
	name string
	f    func(float32) float32
	want func(float64) float64
}{
	{"exp", Exp, math.Exp},
	{"log", Log, math.Log},
	{"sqrt", Sqrt, math.Sqrt},
	{"erf", Erf, math.Erf},
	{"tanh", Tanh, math.Tanh},
	{"sigmoid", Sigmoid, func(x float64) float64 { return 1 / (1 + math.Exp(-x)) }},
	{"relu", Relu, func(x float64) float64 { return max(x, 0) }},
	{"hard_sigmoid", HardSigmoid(0.25, 0.5), func(x float64) float64 { return max(0, min(1, x/4+0.5)) }},
	{"hard_swish", HardSwish, func(x float64) float64 { return x * max(0, min(1, x/6+0.5)) }},
	{"silu", Silu, func(x float64) float64 { return x / (1 + math.Exp(-x)) }},
	{"swish", Swish(1.5), func(x float64) float64 { return x / (1 + math.Exp(-1.5*x)) }},
	{"leaky_relu", LeakyRelu(0.125), func(x float64) float64 { return max(x, x/8) }},
	{"thresholded_relu", ThresholdedRelu(1), func(x float64) float64 {
		if x > 1 {
			return x
		}
		return 0
	}},
	{"elu", Elu(0.5), func(x float64) float64 {
		if x < 0 {
			return 0.5 * math.Expm1(x)
		}
		return x
	}},
	{"selu", Selu(1.5, 2), func(x float64) float64 {
		if x < 0 {
			return 3 * math.Expm1(x)
		}
		return 2 * x
	}},
	{"celu", Celu(2), func(x float64) float64 {
		if x < 0 {
			return 2 * math.Expm1(x/2)
		}
		return x
	}},
	{"softplus", Softplus, func(x float64) float64 { return max(x, 0) + math.Log1p(math.Exp(-math.Abs(x))) }},
	{"softsign", Softsign, func(x float64) float64 { return math.Copysign(1/(1+1/math.Abs(x)), x) }},
	{"mish", Mish, func(x float64) float64 {
		n := math.Exp(x) * (math.Exp(x) + 2)
		if x > 300 {
			return x
		}
		return x * n / (n + 2)
	}},
	{"gelu_erf", GeluErf, func(x float64) float64 { return x * math.Erfc(-x/math.Sqrt2) / 2 }},
	{"gelu_tanh", GeluTanh, func(x float64) float64 {
		return x / (1 + math.Exp(-2*math.Sqrt(2/math.Pi)*(x+0.044715*x*x*x)))
	}},
}

// near reports whether got is want rounded to float32, give or take functionTolerance; results below the normal range
// have the absolute error of its end.
func near(got float32, want float64) bool {
	g, w := float64(got), want
	if math.IsNaN(w) || math.IsNaN(g) {
		return math.IsNaN(w) && math.IsNaN(g)
	}
	if float64(float32(w)) == g {
		return true
	}
	return math.Abs(g-w) <= functionTolerance*max(math.Abs(w), 0x1p-126)
}

func TestFunctions(t *testing.T) {
	rng := rand.New(rand.NewSource(testkit.Seed(t)))
	points := []float32{0, 1, -1, 0.5, -0.5, 3, -3, 20, -20, 88.5, 88.8, -87.5, -103, -104, 1e-10, -1e-10, 1e-38, -1e-38, 1e-45, 1e30, -1e30, math.MaxFloat32, inf}
	for range 20000 {
		points = append(points, float32(rng.NormFloat64()), float32(8*rng.NormFloat64()), float32(100*rng.NormFloat64()), float32(rng.NormFloat64()*1e-4))
	}
	for _, f := range functions {
		t.Run(f.name, func(t *testing.T) {
			for _, x := range points {
				got := f.f(x)
				// In float32 the root of HardSwish at -3 cancels: the error there is relative to x.
				cancelled := f.name == "hard_swish" && math.Abs(float64(got)-f.want(float64(x))) <= functionTolerance*math.Abs(float64(x))
				if want := f.want(float64(x)); !near(got, want) && !cancelled {
					t.Fatalf("f(%v): got %v, want %v", x, got, want)
				}
			}
			if v := f.f(float32(math.NaN())); v == v {
				t.Errorf("f(NaN): got %v, want NaN", v)
			}
			if v := f.f(-inf); v == inf {
				t.Errorf("f(-Inf): got %v", v)
			}
		})
	}
}

func TestPow(t *testing.T) {
	rng := rand.New(rand.NewSource(testkit.Seed(t)))
	special := []float32{0, float32(math.Copysign(0, -1)), 1, -1, 2, -2, 0.5, 3, -3, 1e10, 1e-10, inf, -inf, float32(math.NaN())}
	check := func(x, y float32) {
		t.Helper()
		if got, want := Pow(x, y), math.Pow(float64(x), float64(y)); !near(got, want) {
			t.Errorf("pow(%v, %v): got %v, want %v", x, y, got, want)
		}
	}
	for _, x := range special {
		for _, y := range special {
			check(x, y)
		}
	}
	for range 20000 {
		check(float32(math.Exp(3*rng.NormFloat64())), float32(4*rng.NormFloat64()))
		check(float32(3*rng.NormFloat64()), float32(rng.Intn(9)-4))
	}
}

// The bits of a few results, which no architecture may change.
func TestFunctionBits(t *testing.T) {
	h := uint32(2166136261) // FNV-1a
	for _, f := range functions {
		for x := float32(-12); x < 12; x += 0.0371 {
			for bits, i := math.Float32bits(f.f(x)), 0; i < 4; i++ {
				if f.name == "log" && x < 0 || f.name == "sqrt" && x < 0 {
					break // the bits of a NaN are not specified
				}
				h = (h ^ bits>>(8*i)&0xff) * 16777619
			}
		}
	}
	if want := uint32(0xc98aabc1); h != want {
		t.Errorf("hash of the results: got %#x, want %#x", h, want)
	}
}

func TestSoftmaxRows(t *testing.T) {
	rng := rand.New(rand.NewSource(testkit.Seed(t)))
	for _, n := range []int{1, 2, 10, 1000} {
		src := random(rng, n).values
		for i := range src {
			src[i] = src[i]*30 + 500
		}
		var sum float64
		for _, v := range src {
			sum += math.Exp(float64(v) - 500)
		}
		soft, logs := make([]float32, n), make([]float32, n)
		SoftmaxRow(soft, src)
		LogSoftmaxRow(logs, src)
		for i, v := range src {
			if want := math.Exp(float64(v)-500) / sum; !near(soft[i], want) {
				t.Errorf("softmax of %d, element %d: got %v, want %v", n, i, soft[i], want)
			}
			// The subtraction cancels where a row has one great element.
			if want := float64(v) - 500 - math.Log(sum); math.Abs(float64(logs[i])-want) > functionTolerance*max(math.Abs(want), 1e-3) {
				t.Errorf("log softmax of %d, element %d: got %v, want %v", n, i, logs[i], want)
			}
		}
		again := append([]float32(nil), src...)
		SoftmaxRow(again, again)
		equalBits(t, again, soft)
	}
	SoftmaxRow(nil, nil)
	row := []float32{1, inf}
	if SoftmaxRow(row, row); row[1] == row[1] {
		t.Errorf("softmax with +Inf: got %v, want NaN", row)
	}
}
