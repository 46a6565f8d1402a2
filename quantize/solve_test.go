package quantize

import (
	"math"
	"testing"
)

// covariance returns a random symmetric positive definite matrix with strong correlations.
func covariance(n int, seed uint64) []float64 {
	x := draw(n*n, seed)
	h := make([]float64, n*n)
	for i := range n {
		for k := range n {
			for p := range n {
				h[i*n+k] += float64(x[i*n+p]+0.7) * float64(x[k*n+p]+0.7)
			}
		}
		h[i*n+i] += 0.1
	}
	return h
}

func TestFactorSolves(t *testing.T) {
	const n = 23
	a := covariance(n, 1)
	f, err := newFactor(a, n)
	if err != nil {
		t.Fatal(err)
	}
	x := draw(n, 2)
	b := make([]float64, n)
	for i := range n {
		for k := range n {
			b[i] += a[i*n+k] * float64(x[k])
		}
	}
	f.solve(b)
	for i := range n {
		if math.Abs(b[i]-float64(x[i])) > 1e-6 {
			t.Errorf("x[%d]: got %v, want %v", i, b[i], x[i])
		}
	}
	a[0] = -1
	if _, err := newFactor(a, n); err == nil {
		t.Error("no error for a matrix that is not positive definite")
	}
}

// quadratic returns the error that a lattice is about.
func (p *lattice) quadratic(q []float32, w []float64, scale float64) float64 {
	r := make([]float64, p.n)
	p.residual(r, q, w, scale)
	return p.error(q, r, w, scale)
}

// TestFitFindsNearlyTheBestLevels compares with all 3^7 choices at the fitted scale, and with rounding to the nearest.
func TestFitFindsNearlyTheBestLevels(t *testing.T) {
	const n = 7
	var sum, least, nearest float64
	for seed := range uint64(30) {
		h := covariance(n, 10+seed)
		f, err := newFactor(h, n)
		if err != nil {
			t.Fatal(err)
		}
		p := &lattice{n: n, h: h, f: f, levels: Levels{-1, 0, 1}}
		var w []float64
		for _, v := range draw(n, 100+seed) {
			w = append(w, float64(v)*0.6)
		}
		q := make([]float32, n)
		scale := p.fit(q, w, 0.6)
		sum += p.quadratic(q, w, scale)
		best := math.Inf(1)
		all := make([]float32, n)
		for code := range 2187 {
			for i := range all {
				all[i] = float32(code%3 - 1)
				code /= 3
			}
			best = min(best, p.quadratic(all, w, scale))
		}
		least += best
		for i, v := range w {
			all[i] = p.levels.Nearest(float32(v / scale))
		}
		nearest += p.quadratic(all, w, scale)
	}
	if sum > 1.2*least {
		t.Errorf("error %v, the least one is %v", sum, least)
	}
	if sum > 0.6*nearest {
		t.Errorf("error %v, rounding to the nearest has %v", sum, nearest)
	}
}

func TestNearestLevel(t *testing.T) {
	l := logLevels
	for _, c := range [][2]float32{{-100, -64}, {0.4, 0}, {0.6, 1}, {1.5, 1}, {23, 16}, {25, 32}, {1e9, 64}, {-1.4, -1}} {
		if got := l.Nearest(c[0]); got != c[1] {
			t.Errorf("%v: got %v, want %v", c[0], got, c[1])
		}
	}
}

func TestClustersFollowTheWeights(t *testing.T) {
	w := draw(4096, 3)
	l := clusters(w, 4)
	if len(l) > codebookSize || l[0] < -128 || l[len(l)-1] > 127 {
		t.Fatalf("levels %v", l)
	}
	kmeans := round(Int4KMeans, w, nil, 4, true).sqnr(w)
	uniform := round(Int4, w, nil, 4, true).sqnr(w)
	if kmeans < uniform+0.5 {
		t.Errorf("normally distributed weights: %.2f dB by clusters, %.2f dB by integers", kmeans, uniform)
	}
	for _, same := range [][]float32{make([]float32, 64), {1, 1, 1, 1}, {-2, 0, 0, 5}} {
		p := round(Int4KMeans, same, make([]float32, 1), 1, true)
		for i, v := range same {
			if d := math.Abs(float64(p.values[i]*p.scale[0] - v)); d > 0.02 {
				t.Errorf("weights %v: got %v times %v", same, p.values, p.scale)
				break
			}
		}
	}
}
