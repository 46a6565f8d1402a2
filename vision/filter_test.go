package vision

import (
	"errors"
	"math"
	"testing"
)

func TestFilterNames(t *testing.T) {
	for f := range filters {
		name, err := Filter(f).MarshalText()
		if err != nil {
			t.Fatal(err)
		}
		var back Filter
		if err := back.UnmarshalText(name); err != nil || back != Filter(f) {
			t.Errorf("%s came back as %v (%v)", name, back, err)
		}
	}
	if len(Filters()) != len(filters) {
		t.Errorf("filters %v", Filters())
	}
	if _, err := Filter(99).MarshalText(); !errors.Is(err, ErrPreprocess) {
		t.Errorf("undefined filter: got %v", err)
	}
	if _, err := ParseFilter("Bilinear"); !errors.Is(err, ErrPreprocess) {
		t.Errorf("unknown filter: got %v", err)
	}
}

// TestWeights says that the weights of every position sum to 1 within their rounding, and that spans stay inside.
func TestWeights(t *testing.T) {
	for f := range filters {
		if Filter(f) == Nearest {
			continue
		}
		for _, size := range [][2]int{{1, 1}, {1, 9}, {9, 1}, {7, 5}, {5, 7}, {1000, 3}, {3, 1000}, {maxSide, 2}} {
			c := newCoefficients(size[0], size[1], 0, size[1], Filter(f))
			for i := range c.spans {
				s, weights := c.of(i)
				if s.first < 0 || s.count < 1 || s.first+s.count > size[0] {
					t.Fatalf("%v %v: span %v of position %d", Filter(f), size, s, i)
				}
				sum := 0
				for _, w := range weights {
					sum += int(w)
				}
				if d := math.Abs(float64(sum - 1<<precisionBits)); d > float64(len(weights))/2 {
					t.Fatalf("%v %v: weights of position %d sum to 2²²%+v", Filter(f), size, i, d)
				}
			}
		}
	}
}
