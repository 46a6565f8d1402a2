package bench

import (
	"testing"
	"time"
)

// A machine that is slow half of the time, block by block, has the quiet median of its fast half.
func TestQuietMedianForgetsSlowSpells(t *testing.T) {
	var s samples
	for round := range 8 {
		speed := time.Duration(1 + round%2)
		var times []time.Duration
		for i := range 30 {
			times = append(times, speed*time.Duration(100+i%3))
		}
		s.rounds = append(s.rounds, times)
	}
	if got := s.quiet(); got != 101 {
		t.Errorf("quiet median %d, want 101", got)
	}
	if got := quantile(s.all(), 0.9); got < 200 {
		t.Errorf("90 %% quantile %d lacks the slow spells", got)
	}
}

func TestQuantilesAreSamplesOfNearestRank(t *testing.T) {
	sorted := []time.Duration{1, 2, 3, 4, 5, 6, 7, 8, 9, 10}
	for q, want := range map[float64]time.Duration{0: 1, 0.5: 5, 0.9: 9, 0.91: 10, 1: 10} {
		if got := quantile(sorted, q); got != want {
			t.Errorf("quantile %v is %d, want %d", q, got, want)
		}
	}
	if got := quantile(nil, 0.5); got != 0 {
		t.Errorf("quantile of nothing is %d", got)
	}
	if got := (&samples{}).quiet(); got != 0 {
		t.Errorf("quiet median of nothing is %d", got)
	}
	if got := (&samples{rounds: [][]time.Duration{{7}}}).quiet(); got != 7 {
		t.Errorf("quiet median of one sample is %d, want 7", got)
	}
}

func TestFiltersHaveUnitResponse(t *testing.T) {
	n := new(net)
	l := n.conv(n.input(8), 4, 3, 1, linear)
	f := newFilters(l, 0.25)
	for range 4 {
		f.next()
		norm := 0.0
		for _, v := range f.values {
			norm += f.scale * float64(v) * f.scale * float64(v)
			if q := f.quantized(v, 7); q < -7 || q > 7 || (q == 7 || q == -7) != (2*max(v, -v)*7 >= 13*f.most) {
				t.Errorf("weight %d of at most %d becomes %d of at most 7", v, f.most, q)
			}
		}
		if norm < 3.99 || norm > 4.01 {
			t.Errorf("squares of a filter sum to %v, want 4 for inputs of second moment 1/4", norm)
		}
	}
}

func TestTheIntervalHoldsTheSpreadOfRounds(t *testing.T) {
	var steady, wild samples
	for round := range 8 {
		var a, b []time.Duration
		for i := range 30 {
			a = append(a, time.Duration(10000+i%3))
			b = append(b, time.Duration(10000*(1+round)+i%3))
		}
		steady.rounds, wild.rounds = append(steady.rounds, a), append(wild.rounds, b)
	}
	if got := steady.interval(); got != leastInterval {
		t.Errorf("the interval of equal rounds is %v, want %v", got, leastInterval)
	}
	if got := wild.interval(); got < 0.5 || got != wild.interval() {
		t.Errorf("the interval of rounds of 1 to 8 is %v", got)
	}
	if got := (&samples{}).interval(); got != 0 {
		t.Errorf("the interval of nothing is %v", got)
	}
}

func TestOutliersAreBeyondTheFence(t *testing.T) {
	var sorted []time.Duration
	for i := range 100 {
		sorted = append(sorted, time.Duration(1000+i))
	}
	if got := outliers(append(sorted, 1225, 1340, 1360, 9999)); got != 2 {
		t.Errorf("%d outliers, want 2", got)
	}
	if got := outliers(nil); got != 0 {
		t.Errorf("%d outliers of nothing", got)
	}
}
