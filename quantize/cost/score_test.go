package cost_test

import (
	"math"
	"slices"
	"testing"

	"github.com/octet-ml/octet/quantize/cost"
)

func TestTallyCountsRightAnswers(t *testing.T) {
	var tally cost.Tally
	for i, ranks := range [][]int{{0, 1}, {1, 0}, {1, 2}, {2, 1}} {
		tally.Add(ranks, []int{0, 0, 1, 2}[i])
	}
	s := tally.Score()
	if s.Top1 != 3 || s.Top5 != 4 || s.Inputs != 4 {
		t.Errorf("counts: %+v", s)
	}
	// F1 by class: 0: 2/(2+0+1), 1: 2/(2+1+0), 2: 1.
	if want := (2.0/3 + 2.0/3 + 1) / 3; math.Abs(s.MacroF1-want) > 1e-9 {
		t.Errorf("macro-F1 %v, want %v", s.MacroF1, want)
	}
	if s := new(cost.Tally).Score(); s != (cost.Score{}) {
		t.Errorf("nothing counted: %+v", s)
	}
}

func TestRankLeavesTheBackgroundOut(t *testing.T) {
	for outputs, want := range map[int][]int{10: {7, 0, 1, 2, 3}, 1001: {6, -1, 0, 1, 2}} {
		scores := make([]float32, outputs)
		scores[7] = 1
		if got := cost.Rank(scores); !slices.Equal(got, want) {
			t.Errorf("%d outputs: %v, want %v", outputs, got, want)
		}
	}
}
