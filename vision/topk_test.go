package vision

import (
	"math"
	"math/rand"
	"slices"
	"testing"

	"github.com/octet-ml/octet/internal/testkit"
)

func TestTopK(t *testing.T) {
	nan := float32(math.NaN())
	inf := float32(math.Inf(1))
	for _, c := range []struct {
		scores []float32
		k      int
		want   []int
	}{
		{[]float32{1, 3, 2}, 2, []int{1, 2}},
		{[]float32{1, 3, 2}, 9, []int{1, 2, 0}},
		{[]float32{5, 7, 7, 5, 7}, 4, []int{1, 2, 4, 0}},
		{[]float32{nan, -1, nan, -inf}, 4, []int{1, 3, 0, 2}},
		{[]float32{0, inf, float32(math.Copysign(0, -1))}, 3, []int{1, 0, 2}},
		{[]float32{1}, 0, nil},
		{[]float32{1}, -1, nil},
		{nil, 3, nil},
	} {
		var got []int
		for _, class := range TopK(c.scores, c.k) {
			got = append(got, class.Index)
			if s := c.scores[class.Index]; s != class.Score && s == s {
				t.Errorf("%v: class %d has score %v", c.scores, class.Index, class.Score)
			}
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%v, k %d: got %v, want %v", c.scores, c.k, got, c.want)
		}
	}
}

// TestTopKIsAPrefix says that the first k of more classes are the k classes, with many ties.
func TestTopKIsAPrefix(t *testing.T) {
	r := rand.New(rand.NewSource(testkit.Seed(t)))
	scores := make([]float32, 1001)
	for i := range scores {
		scores[i] = float32(r.Intn(50))
	}
	all := TopK(scores, len(scores))
	for _, k := range []int{1, 5, 100, 1000} {
		if !slices.Equal(TopK(scores, k), all[:k]) {
			t.Errorf("k %d is no prefix", k)
		}
	}
	for i := 1; i < len(all); i++ {
		a, b := all[i-1], all[i]
		if a.Score < b.Score || a.Score == b.Score && a.Index > b.Index {
			t.Fatalf("%v before %v", a, b)
		}
	}
}

func TestSoftmax(t *testing.T) {
	inf := math.Inf(1)
	for _, c := range []struct{ scores, want []float64 }{
		{[]float64{0, 0}, []float64{0.5, 0.5}},
		{[]float64{1, 2, 3}, []float64{0.09003057, 0.24472847, 0.66524096}},
		{[]float64{1001, 1002, 1003}, []float64{0.09003057, 0.24472847, 0.66524096}},
		{[]float64{-2e38, 2e38}, []float64{0, 1}},
		{[]float64{inf, 5, inf}, []float64{0.5, 0, 0.5}},
		{[]float64{-inf, -inf}, []float64{0.5, 0.5}},
		{[]float64{-inf, 3}, []float64{0, 1}},
		{nil, nil},
	} {
		scores := make([]float32, len(c.scores))
		for i, s := range c.scores {
			scores[i] = float32(s)
		}
		got := make([]float32, len(scores))
		Softmax(got, scores)
		Softmax(scores, scores)
		for i, want := range c.want {
			if math.Abs(float64(got[i])-want) > 1e-7 || got[i] != scores[i] {
				t.Errorf("%v: got %v, in place %v, want %v", c.scores, got, scores, c.want)
				break
			}
		}
		if len(got) > 0 && !AreProbabilities(got) {
			t.Errorf("%v: %v are no probabilities", c.scores, got)
		}
	}
	poisoned := []float32{1, float32(math.NaN()), 2}
	Softmax(poisoned, poisoned)
	for _, v := range poisoned {
		if v == v {
			t.Errorf("a NaN among the scores gives %v", poisoned)
		}
	}
}

func TestAreProbabilities(t *testing.T) {
	quantized := make([]float32, 1001)
	quantized[7], quantized[9] = 200.0/256, 50.0/256
	for _, c := range []struct {
		scores []float32
		want   bool
	}{
		{[]float32{0.25, 0.75}, true}, {quantized, true}, {[]float32{1, 2}, false}, {[]float32{-0.5, 1.5}, false},
		{[]float32{float32(math.NaN()), 1}, false}, {nil, false}, {[]float32{0, 0}, false},
	} {
		if got := AreProbabilities(c.scores); got != c.want {
			t.Errorf("%.4v: got %v", c.scores[:min(len(c.scores), 4)], got)
		}
	}
}

func TestProbabilitiesStayAndScoresBecomeSome(t *testing.T) {
	for _, scores := range [][]float32{{0.25, 0.75}, {1, 1 + float32(math.Log(3))}} {
		if p := Probabilities(scores); math.Abs(float64(p[0])-0.25) > 1e-6 || math.Abs(float64(p[1])-0.75) > 1e-6 {
			t.Errorf("%v: %v", scores, p)
		}
	}
}

func TestTopKAllocatesOnce(t *testing.T) {
	scores := make([]float32, 1000)
	if n := testing.AllocsPerRun(10, func() { Softmax(scores, scores); TopK(scores, 5) }); n > 1 {
		t.Errorf("%v allocations, want at most 1", n)
	}
}
