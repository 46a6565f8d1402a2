package quantize

import (
	"math"
)

// halfBins is the number of bins of a Histogram on each side of zero.
const halfBins = 4096

// Histogram counts numbers in bins of equal width around zero. The width is a power of two that grows as needed, two bins becoming
// one, so that the counts do not depend on the order of the numbers. The zero value is ready to use.
type Histogram struct {
	Exponent int                  `json:"exponent"` // the width of a bin is 2^Exponent
	Counts   [2 * halfBins]uint64 `json:"counts"`   // bin i holds numbers from (i-halfBins)*width up to but not including the next
	N        uint64               `json:"n"`        // numbers counted
	Bad      uint64               `json:"bad"`      // NaN and infinities, which are not
	Min      float32              `json:"min"`      // of the numbers; 0 where there are none
	Max      float32              `json:"max"`
	Sum      float64              `json:"sum"`
	Squares  float64              `json:"squares"`
}

// leastExponent keeps the width of a bin a normal float32 whose inverse is one.
const leastExponent = -100

// Width returns the width of a bin.
func (h *Histogram) Width() float64 { return math.Ldexp(1, h.Exponent) }

// Add counts numbers.
func (h *Histogram) Add(numbers []float32) {
	lo, hi, bad := float32(math.Inf(1)), float32(math.Inf(-1)), 0
	var sum, squares float64
	for _, v := range numbers {
		if v-v != 0 {
			bad++
			continue
		}
		lo, hi = min(lo, v), max(hi, v)
		sum += float64(v)
		squares += float64(v) * float64(v)
	}
	h.Bad += uint64(bad)
	if bad == len(numbers) {
		return
	}
	if h.N == 0 {
		h.Exponent, h.Min, h.Max = leastExponent, lo, hi
	}
	h.Min, h.Max = min(h.Min, lo), max(h.Max, hi)
	h.N += uint64(len(numbers) - bad)
	h.Sum += sum
	h.Squares += squares
	h.cover(lo)
	h.cover(hi)
	inverse := float32(math.Ldexp(1, -h.Exponent))
	for _, v := range numbers {
		if v-v != 0 {
			continue
		}
		h.Counts[h.bin(v*inverse)]++
	}
}

// bin returns the bin of a number given in widths of a bin, which is within the bins.
func (h *Histogram) bin(x float32) int {
	i := int(x)
	if x < float32(i) {
		i--
	}
	return i + halfBins
}

// cover doubles the width of the bins until v is within them.
func (h *Histogram) cover(v float32) {
	for math.Abs(float64(v)) >= halfBins*h.Width() {
		h.widen()
	}
}

// widen doubles the width of the bins.
func (h *Histogram) widen() {
	h.Exponent++
	var merged [2 * halfBins]uint64
	for i, n := range h.Counts {
		merged[(i-halfBins)>>1+halfBins] += n
	}
	h.Counts = merged
}

// Merge adds the counts of another histogram, which may be changed.
func (h *Histogram) Merge(o *Histogram) {
	h.Bad += o.Bad
	if o.N == 0 {
		return
	}
	if h.N == 0 {
		h.Exponent, h.Min, h.Max = o.Exponent, o.Min, o.Max
	}
	for h.Exponent < o.Exponent {
		h.widen()
	}
	for o.Exponent < h.Exponent {
		o.widen()
	}
	for i, n := range o.Counts {
		h.Counts[i] += n
	}
	h.N += o.N
	h.Sum += o.Sum
	h.Squares += o.Squares
	h.Min, h.Max = min(h.Min, o.Min), max(h.Max, o.Max)
}

// Quantile returns the number below which the share p (0 to 1) of the numbers lies, to the width of a bin, within Min and Max.
func (h *Histogram) Quantile(p float64) float32 {
	want, below := p*float64(h.N), 0.0
	for i, n := range h.Counts {
		if n == 0 {
			continue
		}
		if next := below + float64(n); next >= want {
			at := (float64(i-halfBins) + (want-below)/float64(n)) * h.Width()
			return min(max(float32(at), h.Min), h.Max)
		}
		below += float64(n)
	}
	return h.Max
}

// noise returns the mean squared error of rounding the numbers to the integers 0 to top with the given scale and zero point.
func (h *Histogram) noise(scale float64, zero int32, top float64) float64 {
	if h.N == 0 {
		return 0
	}
	width := h.Width()
	var sum float64
	for i, n := range h.Counts {
		if n == 0 {
			continue
		}
		v := (float64(i-halfBins) + 0.5) * width
		q := math.RoundToEven(v/scale) + float64(zero)
		d := v - scale*(min(max(q, 0), top)-float64(zero))
		sum += d * d * float64(n)
	}
	return sum / float64(h.N)
}

// outside returns the share of the numbers that are cut by the range lo to hi.
func (h *Histogram) outside(lo, hi float32) float64 {
	if h.N == 0 {
		return 0
	}
	width := h.Width()
	var sum uint64
	for i, n := range h.Counts {
		if v := (float64(i-halfBins) + 0.5) * width; v < float64(lo)-width || v > float64(hi)+width {
			sum += n
		}
	}
	return float64(sum) / float64(h.N)
}
