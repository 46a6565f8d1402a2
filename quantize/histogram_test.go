package quantize

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// draw returns n normally distributed numbers.
func draw(n int, seed uint64) []float32 {
	random := rand.New(rand.NewPCG(seed, 7))
	out := make([]float32, n)
	for i := range out {
		out[i] = float32(random.NormFloat64())
	}
	return out
}

func TestHistogramDoesNotDependOnTheOrder(t *testing.T) {
	x := append(draw(5000, 1), 1e-6, -37, 2e4, 8192, -8192, 0)
	var whole, back Histogram
	whole.Add(x)
	for _, v := range slices.Backward(x) {
		back.Add([]float32{v})
	}
	if whole.Counts != back.Counts || whole.Exponent != back.Exponent || whole.Min != back.Min || whole.Max != back.Max {
		t.Error("one by one, backwards: other counts")
	}
	var left, right Histogram
	left.Add(x[:100])
	right.Add(x[100:])
	left.Merge(&right)
	if whole.Counts != left.Counts || whole.N != left.N {
		t.Error("merged from two: other counts")
	}
	var empty Histogram
	empty.Merge(&whole)
	whole.Merge(new(Histogram))
	if empty.Counts != whole.Counts || whole.N != uint64(len(x)) {
		t.Error("merged with nothing: other counts")
	}
}

func TestHistogramCountsWhatIsNoNumber(t *testing.T) {
	var h Histogram
	h.Add([]float32{float32(math.NaN()), 1, float32(math.Inf(1)), 2})
	if h.Bad != 2 || h.N != 2 || h.Min != 1 || h.Max != 2 {
		t.Errorf("got %d bad of %d, %v to %v", h.Bad, h.N, h.Min, h.Max)
	}
}

func TestQuantileFindsOrderStatistics(t *testing.T) {
	x := draw(20000, 2)
	var h Histogram
	h.Add(x)
	slices.Sort(x)
	for _, p := range []float64{0, 0.01, 0.5, 0.9, 0.999, 1} {
		want := x[min(int(p*float64(len(x))), len(x)-1)]
		if got := h.Quantile(p); math.Abs(float64(got-want)) > 0.1 {
			t.Errorf("quantile %v: got %v, want %v", p, got, want)
		}
	}
}

// TestNoiseIsThatOfTheNumbers compares the error told from counts with that of rounding the numbers themselves.
func TestNoiseIsThatOfTheNumbers(t *testing.T) {
	x := draw(20000, 3)
	var h Histogram
	h.Add(x)
	for _, r := range [][2]float32{{-4, 4}, {-1, 2}, {0, 3}} {
		q := affine(r[0], r[1], mostUint8)
		var want float64
		for _, v := range x {
			b := min(max(math.RoundToEven(float64(v/q.Scale[0]))+float64(q.Zero[0]), 0), 255)
			d := float64(v) - float64(q.Scale[0])*(b-float64(q.Zero[0]))
			want += d * d / float64(len(x))
		}
		if got := h.noise(float64(q.Scale[0]), q.Zero[0], mostUint8); math.Abs(got-want) > 0.1*want {
			t.Errorf("range %v: got %v, want %v", r, got, want)
		}
	}
}

// observe returns what calibration would have seen of inputs of 100 numbers each.
func observe(x []float32) *Observed {
	o := new(Observed)
	for part := range slices.Chunk(x, 100) {
		o.Add(part)
		o.average(slices.Min(part), slices.Max(part))
	}
	return o
}

func TestRanges(t *testing.T) {
	normal := draw(100000, 4)
	outlier := slices.Clone(normal)
	outlier[len(outlier)/2] = 400
	positive := draw(100000, 5)
	for i, v := range positive {
		positive[i] = max(v, 0)
	}
	for _, c := range []struct {
		name   string
		x      []float32
		m      RangeMethod
		lo, hi [2]float32 // bounds of the bounds
	}{
		{"all", normal, MinMax, [2]float32{-6, -4}, [2]float32{4, 6}},
		{"all", outlier, MinMax, [2]float32{-6, -4}, [2]float32{400, 400}},
		{"outlier", outlier, Percentile, [2]float32{-4.2, -3.2}, [2]float32{3.2, 4.2}},
		{"outlier", outlier, MovingAverage, [2]float32{-4, -2}, [2]float32{2, 5}},
		{"positive", positive, MeanSquared, [2]float32{0, 0}, [2]float32{3, 6}},
		{"positive", positive, Entropy, [2]float32{0, 0}, [2]float32{1.5, 6}},
		{"normal", normal, MeanSquared, [2]float32{-6, -3}, [2]float32{3, 6}},
		{"nothing", make([]float32, 500), Auto, [2]float32{0, 0}, [2]float32{0, 0}},
	} {
		got := observe(c.x).choose(c.m)
		if got.Lo < c.lo[0] || got.Lo > c.lo[1] || got.Hi < c.hi[0] || got.Hi > c.hi[1] {
			t.Errorf("%s, %v: got %v to %v, want %v to %v", c.name, c.m, got.Lo, got.Hi, c.lo, c.hi)
		}
	}
}

func TestAutoIsNeverMuchWorseThanAMethod(t *testing.T) {
	heavy := draw(50000, 6)
	for i, v := range heavy {
		heavy[i] = v * v * v
	}
	for _, x := range [][]float32{draw(50000, 7), heavy, append(draw(999, 8), 1000)} {
		o := observe(x)
		best := o.choose(Auto)
		for m := MinMax; int(m) < len(methodNames); m++ {
			if c := o.choose(m); c.SQNR > best.SQNR+cutGain || best.Method != MinMax && c.SQNR > best.SQNR {
				t.Errorf("auto has %.2f dB by %v, %v %.2f dB", best.SQNR, best.Method, m, c.SQNR)
			}
		}
	}
}

func TestZeroIsExact(t *testing.T) {
	for _, r := range [][2]float32{{-3, 5}, {1, 5}, {-5, -1}, {0, 0}, {0, 1e-30}, {-1e30, 1e30}} {
		q := affine(r[0], r[1], mostUint8)
		if z := q.Zero[0]; z < 0 || z > 255 {
			t.Errorf("%v: zero point %d", r, z)
		}
		if s := q.Scale[0]; !(s > 0) || math.IsInf(float64(s), 0) {
			t.Errorf("%v: scale %v", r, s)
		}
	}
}

// TestPixelsAreNoTies quantizes pixels of -1 to 1 in 256 steps: each must come within nearly a quarter of a step on average, as numbers
// that are anywhere do, not half a step off.
func TestPixelsAreNoTies(t *testing.T) {
	q := affine(-1, 1, mostUint8)
	var sum float64
	for p := range 256 {
		x := (float64(p)/127.5 - 1) / float64(q.Scale[0])
		sum += math.Abs(x-math.RoundToEven(x)) / 256
	}
	if sum > 0.3 {
		t.Errorf("mean error of %.2f steps", sum)
	}
}

func TestMethodNames(t *testing.T) {
	for _, name := range RangeMethods() {
		if m, err := ParseRangeMethod(name); err != nil || m.String() != name {
			t.Errorf("%s: got %v, %v", name, m, err)
		}
	}
	if _, err := ParseRangeMethod("best"); err == nil {
		t.Error("no error for an unknown method")
	}
}
