package main

import (
	"math"
	"slices"
	"testing"
	"time"
)

func repeat(d time.Duration, n int) []time.Duration { return slices.Repeat([]time.Duration{d}, n) }

func TestQuietMedianLeavesSlowSpellsOut(t *testing.T) {
	quiet := slices.Concat(repeat(10, 12), repeat(20, 4))
	slow := repeat(20, 16)
	for _, c := range []struct {
		name  string
		turns [][]time.Duration
		want  time.Duration
	}{
		{"steady", [][]time.Duration{repeat(5, 8), repeat(5, 8)}, 5},
		{"one of two turns slow", [][]time.Duration{quiet, slow}, 10},
		{"one of four turns quiet", [][]time.Duration{slow, slow, slow, quiet}, 10},
		{"fewer runs than blocks", [][]time.Duration{{7}, {9, 8}}, 7},
		{"a turn without runs", [][]time.Duration{{}, {3}}, 3},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := quietMedian(c.turns); got != c.want {
				t.Errorf("got %v, want %v", got, c.want)
			}
		})
	}
}

// TestQuietMedianIsNotTheMinimum holds because a lucky run is one of many in its block.
func TestQuietMedianIsNotTheMinimum(t *testing.T) {
	turn := append(repeat(10, 20), 1)
	if got := quietMedian([][]time.Duration{turn}); got != 10 {
		t.Errorf("got %v", got)
	}
}

func TestSummaryCountsAllRuns(t *testing.T) {
	var runs []time.Duration
	for i := range 100 {
		runs = append(runs, time.Duration(i+1)*time.Millisecond)
	}
	got := summarize([][]time.Duration{runs[50:], runs[:50]})
	want := timing{Runs: 100, Min: 1, Quiet: 13, Median: 51, P90: 91, P99: 100}
	if got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

func TestPairedRatioTakesTurnsTogether(t *testing.T) {
	ours := [][]time.Duration{{10, 10}, {20, 20}, {40, 40}}
	theirs := [][]time.Duration{{20, 20}, {40, 40}, {120, 120}}
	if got := pairedRatio(ours, theirs); got != 2 {
		t.Errorf("got %v, want 2", got)
	}
}

func TestGeometricMean(t *testing.T) {
	if got := geometricMean([]float64{1, 4}); math.Abs(got-2) > 1e-15 {
		t.Errorf("got %v, want 2", got)
	}
	if got := geometricMean(nil); !math.IsNaN(got) {
		t.Errorf("got %v of nothing", got)
	}
}
