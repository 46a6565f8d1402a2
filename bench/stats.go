package bench

import (
	"math"
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

// quiet returns the median over the best quarter of blocks, by their medians; 0 without samples.
func (s *samples) quiet() time.Duration {
	var blocks [][]time.Duration
	for _, r := range s.rounds {
		for i := range blocksPerRound {
			if b := slices.Clone(r[len(r)*i/blocksPerRound : len(r)*(i+1)/blocksPerRound]); len(b) > 0 {
				slices.Sort(b)
				blocks = append(blocks, b)
			}
		}
	}
	slices.SortFunc(blocks, func(a, b []time.Duration) int { return int(quantile(a, 0.5) - quantile(b, 0.5)) })
	best := slices.Concat(blocks[:(len(blocks)+3)/4]...)
	slices.Sort(best)
	return quantile(best, 0.5)
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
