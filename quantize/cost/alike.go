package cost

import (
	"cmp"
	"math"
	"slices"
)

// topShare is the part of a map whose overlap is measured: one of so many cells.
const topShare = 5

// alike tells how alike the two maps are.
func (p *MapPair) alike() Likeness {
	return Likeness{Rank: rankCorrelation(p.A.Numbers, p.B.Numbers), Overlap: overlap(p.A.Numbers, p.B.Numbers)}
}

// order returns the indices of numbers, those of the greatest first, of equal ones the lower index.
func order(numbers []float32) []int {
	list := make([]int, len(numbers))
	for i := range list {
		list[i] = i
	}
	slices.SortFunc(list, func(i, j int) int { return cmp.Or(cmp.Compare(numbers[j], numbers[i]), cmp.Compare(i, j)) })
	return list
}

// ranks returns the place of each number in the order, equal numbers sharing the mean of their places.
func ranks(numbers []float32) []float64 {
	list := order(numbers)
	out := make([]float64, len(numbers))
	for from := 0; from < len(list); {
		to := from + 1
		for to < len(list) && numbers[list[to]] == numbers[list[from]] {
			to++
		}
		for _, i := range list[from:to] {
			out[i] = float64(from+to-1) / 2
		}
		from = to
	}
	return out
}

// rankCorrelation returns Spearman's correlation of two lists. Where a list has one number only, it is 1 if both have, else 0.
func rankCorrelation(a, b []float32) float64 {
	x, y := ranks(a), ranks(b)
	middle := float64(len(x)-1) / 2
	var xx, yy, xy float64
	for i := range x {
		dx, dy := x[i]-middle, y[i]-middle
		xx += dx * dx
		yy += dy * dy
		xy += dx * dy
	}
	switch {
	case xx == 0 && yy == 0:
		return 1
	case xx == 0 || yy == 0:
		return 0
	}
	return xy / math.Sqrt(xx*yy)
}

// overlap returns how much the greatest fifths of both lists have in common, divided by what is in one of them: intersection over
// union. Where the fifth ends among equal numbers, each of them belongs to it in part.
func overlap(a, b []float32) float64 {
	x, y := topFifth(a), topFifth(b)
	var both, either float64
	for i := range x {
		both += min(x[i], y[i])
		either += max(x[i], y[i])
	}
	return both / either
}

// topFifth returns how much of each number belongs to the greatest fifth, 0 to 1.
func topFifth(numbers []float32) []float64 {
	list := order(numbers)
	n := (len(list) + topShare - 1) / topShare
	last := numbers[list[n-1]]
	first := slices.IndexFunc(list, func(i int) bool { return numbers[i] == last })
	end := first
	for end < len(list) && numbers[list[end]] == last {
		end++
	}
	out := make([]float64, len(numbers))
	for k, i := range list[:end] {
		out[i] = 1
		if k >= first {
			out[i] = float64(n-first) / float64(end-first)
		}
	}
	return out
}
