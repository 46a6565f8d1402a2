package generic

import (
	"math"
	"testing"
)

func TestClamp(t *testing.T) {
	inf := float32(math.Inf(1))
	for _, c := range []struct{ v, want float32 }{{-3, -2}, {-2, -2}, {0.5, 0.5}, {3, 3}, {3.5, 3}, {inf, 3}, {-inf, -2}} {
		if got := clamp(c.v, -2, 3); got != c.want {
			t.Errorf("clamp(%v, -2, 3) is %v, want %v", c.v, got, c.want)
		}
	}
	if got := clamp(float32(math.NaN()), -2, 3); got == got {
		t.Errorf("clamp of a NaN is %v", got)
	}
}

func TestRequantizeRoundsTiesToEvenAndSaturates(t *testing.T) {
	for _, c := range []struct {
		acc  int32
		want uint8
	}{{1, 10}, {3, 12}, {5, 12}, {7, 14}, {-1, 10}, {-3, 8}, {math.MaxInt32, 200}, {math.MinInt32, 4}, {380, 200}, {-40, 4}} {
		if got := requantize(c.acc, 0.5, 200-10, 10, 4); got != c.want {
			t.Errorf("requantize(%d) is %d, want %d", c.acc, got, c.want)
		}
	}
}
