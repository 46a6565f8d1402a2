package bench

import (
	"math"
	"math/rand/v2"
	"slices"
	"time"
)

// blocksPerRound is how many blocks the runs of one round are cut into.
const blocksPerRound = 3

// samples are the latencies of one cell, by round.
type samples struct {
	rounds [][]time.Duration
}

// all returns all latencies, sorted.
func (s *samples) all() []time.Duration {
	out := slices.Concat(s.rounds...)
	slices.Sort(out)
	return out
}

// blocks cuts the runs of a round into blocks, each sorted.
func blocks(round []time.Duration) (out [][]time.Duration) {
	for i := range blocksPerRound {
		if b := slices.Clone(round[len(round)*i/blocksPerRound : len(round)*(i+1)/blocksPerRound]); len(b) > 0 {
			slices.Sort(b)
			out = append(out, b)
		}
	}
	return out
}

// quiet returns the median over the best quarter of blocks, by their medians; 0 without samples.
func (s *samples) quiet() time.Duration {
	var all [][]time.Duration
	for _, r := range s.rounds {
		all = append(all, blocks(r)...)
	}
	return quietest(all)
}

// quietest returns the median over the best quarter of sorted blocks, whose order it changes.
func quietest(blocks [][]time.Duration) time.Duration {
	slices.SortFunc(blocks, func(a, b []time.Duration) int { return int(quantile(a, 0.5) - quantile(b, 0.5)) })
	best := slices.Concat(blocks[:(len(blocks)+3)/4]...)
	slices.Sort(best)
	return quantile(best, 0.5)
}

// Of the bootstrap that tells how far a quiet median can be trusted.
const (
	resamples     = 400
	leastInterval = 0.01 // below this, drifts between two measurements are larger than the spread within one
)

// interval returns by how much two measurements of the quiet median differ at most, in 99 of 100 cases, relative to it. Rounds are
// drawn anew, with repetition, many times (Efron's bootstrap), always alike for the same samples: that tells the spread of one
// measurement, √2 times which is that of a difference. Neighbouring runs are not independent, rounds nearly are.
func (s *samples) interval() float64 {
	middle := s.quiet()
	if middle == 0 {
		return 0
	}
	random := rand.New(rand.NewPCG(1, uint64(len(s.rounds))))
	var byRound [][][]time.Duration
	for _, r := range s.rounds {
		byRound = append(byRound, blocks(r))
	}
	var medians []time.Duration
	for range resamples {
		var drawn [][]time.Duration
		for range byRound {
			drawn = append(drawn, byRound[random.IntN(len(byRound))]...)
		}
		medians = append(medians, quietest(drawn))
	}
	slices.Sort(medians)
	lo, hi := quantile(medians, 0.005), quantile(medians, 0.995)
	return max(leastInterval, math.Sqrt2*float64(max(hi-middle, middle-lo))/float64(middle))
}

// outliers returns how many of the sorted samples lie above the upper quartile by more than three times the distance of the
// quartiles, Tukey's outer fence, and by more than a quarter: the quartiles of a program in a quiet spell are nearly one.
func outliers(sorted []time.Duration) int {
	lower, upper := quantile(sorted, 0.25), quantile(sorted, 0.75)
	fence := upper + max(3*(upper-lower), upper/4)
	i, _ := slices.BinarySearch(sorted, fence+1)
	return len(sorted) - i
}

// quantile returns the nearest-rank quantile q, 0 to 1, of sorted samples; 0 without samples.
func quantile(sorted []time.Duration, q float64) time.Duration {
	if len(sorted) == 0 {
		return 0
	}
	rank := int(math.Ceil(q * float64(len(sorted))))
	return sorted[min(max(rank, 1), len(sorted))-1]
}

// milliseconds returns d in ms.
func milliseconds(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

// giga returns the rate of n things in d, in 10⁹ a second; 0 where d is 0.
func giga(n float64, d time.Duration) float64 {
	if d <= 0 {
		return 0
	}
	return n / float64(d)
}
