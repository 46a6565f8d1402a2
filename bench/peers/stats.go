package main

import (
	"math"
	"slices"
	"time"
)

// blocksPerTurn is the number of time blocks that the runs of one turn are cut into.
const blocksPerTurn = 4

// timing sums up the times of runs, in milliseconds.
type timing struct {
	Runs   int     `json:"runs"`
	Min    float64 `json:"min_ms"`
	Quiet  float64 `json:"quiet_median_ms"`
	Median float64 `json:"median_ms"`
	P90    float64 `json:"p90_ms"`
	P99    float64 `json:"p99_ms"`
}

// summarize returns the statistics of turns, each the times of consecutive runs. At least one turn is not empty.
func summarize(turns [][]time.Duration) timing {
	all := slices.Concat(turns...)
	slices.Sort(all)
	return timing{
		Runs:   len(all),
		Min:    milliseconds(all[0]),
		Quiet:  milliseconds(quietMedian(turns)),
		Median: milliseconds(quantile(all, 0.5)),
		P90:    milliseconds(quantile(all, 0.9)),
		P99:    milliseconds(quantile(all, 0.99)),
	}
}

// quietMedian returns the median of the runs in the best quarter of time blocks: each turn is cut into blocksPerTurn blocks of
// consecutive runs (fewer where it has fewer runs), which are ranked by their medians. The virtual cores of a shared
// machine are now and then two threads of one core; such spells, which last from a tenth of a second to seconds, are left out.
func quietMedian(turns [][]time.Duration) time.Duration {
	var blocks [][]time.Duration
	for _, turn := range turns {
		n := min(blocksPerTurn, len(turn))
		for b := range n {
			block := slices.Clone(turn[len(turn)*b/n : len(turn)*(b+1)/n])
			slices.Sort(block)
			blocks = append(blocks, block)
		}
	}
	slices.SortStableFunc(blocks, func(a, b []time.Duration) int { return int(quantile(a, 0.5) - quantile(b, 0.5)) })
	best := slices.Concat(blocks[:(len(blocks)+3)/4]...)
	slices.Sort(best)
	return quantile(best, 0.5)
}

// quantile returns the value below which the share p of sorted values lies, not interpolated.
func quantile[T any](sorted []T, p float64) T {
	return sorted[min(len(sorted)-1, int(p*float64(len(sorted))))]
}

// median returns the median of values, which it does not change.
func median[T int64 | float64 | time.Duration](values []T) T {
	sorted := slices.Clone(values)
	slices.Sort(sorted)
	return quantile(sorted, 0.5)
}

// pairedRatio returns the median over the turns of theirs to ours, each turn represented by its median.
func pairedRatio(ours, theirs [][]time.Duration) float64 {
	ratios := make([]float64, len(ours))
	for i := range ours {
		ratios[i] = float64(median(theirs[i])) / float64(median(ours[i]))
	}
	return median(ratios)
}

// geometricMean returns the geometric mean of positive values, NaN of none.
func geometricMean(values []float64) float64 {
	sum := 0.0
	for _, v := range values {
		sum += math.Log(v)
	}
	return math.Exp(sum / float64(len(values)))
}

func milliseconds(d time.Duration) float64 { return float64(d.Nanoseconds()) / 1e6 }
