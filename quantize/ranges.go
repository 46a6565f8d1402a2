package quantize

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/octet-ml/octet/graph"
)

// RangeMethod is how the range of an activation is chosen from the numbers seen at calibration.
type RangeMethod uint8

// The methods. Every range includes 0, so that padding and the results of ReLU are exact.
const (
	// Auto takes, for each activation by itself, the range of that one of the other methods that has the best measured
	// signal-to-noise ratio; MinMax, which cuts nothing, where that is not better by cutGain.
	Auto RangeMethod = iota
	// MinMax takes the least and the greatest number.
	MinMax
	// MovingAverage takes the averages of the least and of the greatest number of each input, the later inputs weighing more.
	MovingAverage
	// Percentile cuts one of 10⁴ numbers at each end.
	Percentile
	// Entropy takes the range that loses the least information about the distribution (Kullback-Leibler divergence).
	Entropy
	// MeanSquared takes the range with the least mean squared error.
	MeanSquared
)

var methodNames = []string{"auto", "minmax", "moving-average", "percentile", "entropy", "mse"}

// RangeMethods returns the names of the methods.
func RangeMethods() []string { return slices.Clone(methodNames) }

// ParseRangeMethod returns the method with the given name, or an error that wraps ErrOption.
func ParseRangeMethod(name string) (RangeMethod, error) {
	if i := slices.Index(methodNames, name); i >= 0 {
		return RangeMethod(i), nil
	}
	return 0, fmt.Errorf("%w: range method %q: want one of %s", ErrOption, name, strings.Join(methodNames, ", "))
}

// String returns the name.
func (m RangeMethod) String() string {
	if int(m) < len(methodNames) {
		return methodNames[m]
	}
	return fmt.Sprintf("method(%d)", uint8(m))
}

// Observed is what calibration saw of one activation.
type Observed struct {
	Histogram
	// Low and High are moving averages of the least and greatest number of an input.
	Low, High float64
	Inputs    int // that are in them
}

// momentum is the weight of the past in moving averages.
const momentum = 0.9

// average takes the least and greatest number of one input into the moving averages.
func (o *Observed) average(lo, hi float32) {
	if o.Inputs == 0 {
		o.Low, o.High = float64(lo), float64(hi)
	}
	o.Inputs++
	o.Low = momentum*o.Low + (1-momentum)*float64(lo)
	o.High = momentum*o.High + (1-momentum)*float64(hi)
}

// Choice is the range of one activation and what it costs.
type Choice struct {
	Method RangeMethod `json:"-"`
	Name   string      `json:"method"`
	Lo     float32     `json:"lo"`
	Hi     float32     `json:"hi"`
	// SQNR is the ratio of the mean square of the numbers to that of the rounding errors, in decibels.
	SQNR    float64 `json:"sqnr_db"`
	Clipped float64 `json:"clipped"` // share of the numbers that are cut
}

// quant returns the uint8 quantization of the range.
func (c Choice) quant() *graph.Quant { return affine(c.Lo, c.Hi, mostUint8) }

// mostUint8 is the greatest uint8.
const mostUint8 = 255

// affine returns the quantization of lo to hi, which include 0, to the integers 0 to top: real = scale * (q - zero). The zero point is
// whole and the scale such that neither end is cut; a scale of (hi-lo)/top with a zero point rounded from a half would put numbers that
// are evenly spaced, as pixels are, on ties. A range of nothing has the scale 1.
func affine(lo, hi float32, top float64) *graph.Quant {
	lo, hi = min(lo, 0), max(hi, 0)
	scale := (float64(hi) - float64(lo)) / top
	if !(scale > leastScale) {
		return graph.PerTensor(1, 0)
	}
	zero := math.RoundToEven(-float64(lo) / scale)
	if zero > 0 {
		scale = max(scale, -float64(lo)/zero)
	}
	if zero < top {
		scale = max(scale, float64(hi)/(top-zero))
	}
	return graph.PerTensor(float32(scale), int32(zero))
}

// leastScale is the least scale of an activation: products of scales must remain normal numbers.
const leastScale = 1e-18

// choose returns the range of an activation by a method.
func (o *Observed) choose(m RangeMethod) Choice {
	if m != Auto {
		lo, hi := o.bounds(m)
		return o.measure(m, lo, hi)
	}
	whole := o.choose(MinMax)
	best := whole
	for m := MovingAverage; int(m) < len(methodNames); m++ {
		if c := o.choose(m); c.SQNR > best.SQNR {
			best = c
		}
	}
	if best.SQNR < whole.SQNR+cutGain {
		return whole
	}
	return best
}

// cutGain is by how many decibels a range that cuts numbers must be better than one that cuts none: the greatest activations
// matter more for the answer than their share of the mean square says.
const cutGain = 3

// measure returns the choice of a range.
func (o *Observed) measure(m RangeMethod, lo, hi float32) Choice {
	c := Choice{Method: m, Name: m.String(), Lo: min(lo, 0), Hi: max(hi, 0)}
	q := c.quant()
	noise := o.noise(float64(q.Scale[0]), q.Zero[0], mostUint8)
	c.SQNR = decibels(o.Squares/float64(max(o.N, 1)), noise)
	c.Clipped = o.outside(c.Lo, c.Hi)
	return c
}

// mostDecibels stands for an error of nothing.
const mostDecibels = 200

// decibels returns the ratio of two mean squares, at most mostDecibels.
func decibels(signal, noise float64) float64 {
	if !(noise > 0) || !(signal > 0) {
		return mostDecibels
	}
	return min(10*math.Log10(signal/noise), mostDecibels)
}

// tail is the share of the numbers that Percentile cuts at each end.
const tail = 1e-4

// bounds returns the range by a method other than Auto.
func (o *Observed) bounds(m RangeMethod) (lo, hi float32) {
	switch m {
	case MovingAverage:
		return float32(o.Low), float32(o.High)
	case Percentile:
		return o.Quantile(tail), o.Quantile(1 - tail)
	case Entropy:
		return o.entropy()
	case MeanSquared:
		return o.meanSquared(mostUint8)
	}
	return o.Min, o.Max
}

// The search for a range by squared error: shares of the whole range, each end by itself, in rounds.
const (
	searchSteps  = 40
	searchRounds = 2
)

// meanSquared searches the range with the least mean squared error of rounding to the integers 0 to top: one end after the other.
func (o *Observed) meanSquared(top float64) (lo, hi float32) {
	least, most := min(o.Min, 0), max(o.Max, 0)
	lo, hi = least, most
	cost := func(lo, hi float32) float64 {
		q := affine(lo, hi, top)
		return o.noise(float64(q.Scale[0]), q.Zero[0], top)
	}
	best := cost(lo, hi)
	for range searchRounds {
		for _, end := range []struct {
			at    *float32
			whole float32
		}{{&hi, most}, {&lo, least}} {
			if end.whole == 0 {
				continue
			}
			kept := *end.at
			for i := 1; i < searchSteps; i++ {
				*end.at = end.whole * float32(i) / searchSteps
				if c := cost(lo, hi); c < best {
					best, kept = c, *end.at
				}
			}
			*end.at = kept
		}
	}
	return lo, hi
}

// The search for a range by entropy.
const (
	entropyLevels = 256
	entropySteps  = 64
)

// entropy returns the symmetric cut of the range, if any, after which the distribution quantized to 256 levels has the least
// Kullback-Leibler divergence from the original one, whose cut numbers count at the ends (Migacz, "8-bit inference with
// TensorRT", 2017).
func (o *Observed) entropy() (lo, hi float32) {
	first, last := halfBins, halfBins
	for i, n := range o.Counts {
		if n > 0 {
			first, last = min(first, i), max(last, i+1)
		}
	}
	best := math.Inf(1)
	from, to := first, last
	for step := entropySteps; step > entropySteps/8; step-- {
		a := halfBins - (halfBins-first)*step/entropySteps
		b := halfBins + (last-halfBins)*step/entropySteps
		if b-a < entropyLevels {
			break
		}
		if d := o.divergence(a, b); d < best {
			best, from, to = d, a, b
		}
	}
	width := float32(o.Width())
	return max(float32(from-halfBins)*width, o.Min), min(float32(to-halfBins)*width, o.Max)
}

// divergence returns the Kullback-Leibler divergence of bins a to b, the rest counted in the outermost ones, from their quantization
// to entropyLevels levels.
func (o *Observed) divergence(a, b int) float64 {
	p := make([]float64, b-a)
	for i, n := range o.Counts {
		p[min(max(i, a), b-1)-a] += float64(n)
	}
	total := float64(o.N)
	var d float64
	for l := range entropyLevels {
		from, to := l*len(p)/entropyLevels, (l+1)*len(p)/entropyLevels
		var inside, used float64
		for i := from; i < to; i++ {
			if n := o.Counts[a+i]; n > 0 {
				inside += float64(n)
				used++
			}
		}
		for i := from; i < to; i++ {
			if p[i] == 0 {
				continue
			}
			q := 1e-9
			if o.Counts[a+i] > 0 {
				q = inside / used / total
			}
			d += p[i] / total * math.Log(p[i]/total/q)
		}
	}
	return d
}
