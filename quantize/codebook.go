package quantize

import (
	"math"
	"slices"
)

// codebookSize is the number of levels of a codebook; codebookLimit is the magnitude of the outermost one.
const (
	codebookSize  = 16
	codebookLimit = 127
	clusterRounds = 50
)

// clusters returns the codebook of weights [oc depth]: the centres of 16 clusters (Lloyd, "Least squares quantization in PCM", 1982)
// of all weights, each divided by the greatest magnitude of its output channel, as int8. One of the levels is 0. The start is
// the levels at equal shares of the distribution, so the result depends on the weights only.
func clusters(w []float32, oc int) Levels {
	depth := len(w) / oc
	x := make([]float64, 0, len(w))
	for c := range oc {
		row := w[c*depth : (c+1)*depth]
		scale := scaleFor(row, Levels{-1, 1})
		for _, v := range row {
			x = append(x, float64(v/scale))
		}
	}
	slices.Sort(x)
	centres := make([]float64, codebookSize)
	for i := range centres {
		centres[i] = x[(2*i+1)*len(x)/(2*codebookSize)]
	}
	for range clusterRounds {
		if !refine(centres, x) {
			break
		}
	}
	var most float64
	for _, c := range centres {
		most = max(most, math.Abs(c))
	}
	if most == 0 {
		most = 1
	}
	l := make(Levels, 0, codebookSize)
	for _, c := range centres {
		l = append(l, float32(math.RoundToEven(c/most*codebookLimit)))
	}
	return l.distinct()
}

// refine moves each centre to the mean of the numbers nearest to it and reports whether one moved. x is sorted; a centre without
// numbers moves to where the numbers are farthest from their centre.
func refine(centres, x []float64) bool {
	moved := false
	at := 0
	for i := range centres {
		end := len(x)
		if i+1 < len(centres) {
			middle := (centres[i] + centres[i+1]) / 2
			end, _ = slices.BinarySearch(x, middle)
		}
		if end <= at {
			continue
		}
		var sum float64
		for _, v := range x[at:end] {
			sum += v
		}
		if mean := sum / float64(end-at); mean != centres[i] {
			centres[i], moved = mean, true
		}
		at = end
	}
	return moved
}

// distinct returns the levels ascending without repetition, 0 among them, and both ends at least there.
func (l Levels) distinct() Levels {
	zero := slices.IndexFunc(l, func(v float32) bool { return v == 0 })
	if zero < 0 {
		nearest := 0
		for i, v := range l {
			if math.Abs(float64(v)) < math.Abs(float64(l[nearest])) {
				nearest = i
			}
		}
		l[nearest] = 0
	}
	slices.Sort(l)
	l = slices.Compact(l)
	if len(l) == 1 {
		return Levels{-1, 0, 1}
	}
	return l
}
