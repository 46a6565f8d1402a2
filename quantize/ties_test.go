package quantize

import (
	"testing"

	"github.com/octet-ml/octet/graph"
)

// TestSumsAreAwayFromTies has the scales of a sum in MobileNetV2, where 15 steps of one term and 8 of the other gave 19.5000052 and
// ONNX Runtime rounded to 19, and others that give ties.
func TestSumsAreAwayFromTies(t *testing.T) {
	for _, c := range []struct{ a, b, sum float32 }{
		{0.867198288, 0.811503887, 1}, {1, 1, 2}, {0.5, 0.25, 1}, {3e-3, 1e-3, 2e-3}, {7, 0.125, 8},
	} {
		a, b := graph.PerTensor(c.a, 126), graph.PerTensor(c.b, 137)
		before := graph.PerTensor(c.sum, 127)
		if !nearTie(float64(c.a)/float64(c.sum), float64(c.b)/float64(c.sum)) {
			t.Errorf("%v: no tie", c)
		}
		q := awayFromTies(before, a, b)
		if s := q.Scale[0]; nearTie(float64(c.a)/float64(s), float64(c.b)/float64(s)) || s <= c.sum || s > c.sum*(1+tieSteps*tieStep) || q.ZeroAt(0) != 127 {
			t.Errorf("%v: scale %v, zero %d", c, s, q.ZeroAt(0))
		}
	}
	a, b, q := graph.PerTensor(0.7325673, 107), graph.PerTensor(0.64156467, 120), graph.PerTensor(1, 139)
	if got := awayFromTies(q, a, b); got.Scale[0] != 1 {
		t.Errorf("a scale without ties became %v", got.Scale[0])
	}
}
