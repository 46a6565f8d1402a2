package vision

import "math"

// precisionBits is the number of fractional bits of a fixed-point weight: 32 minus 8 for the pixel and 2 for the lobes
// of the filter, whose absolute sum stays below 2. Hence an accumulator stays below 255·2·2²² + 2²¹ < 2³¹.
const precisionBits = 32 - 8 - 2

// coefficients hold, for a run of destination positions along one axis, which source samples each is made of.
type coefficients struct {
	spans   []span
	weights []int32 // size for each destination position; those beyond its span are 0
	size    int
}

// span is a run of source positions.
type span struct{ first, count int }

// of returns the span and the weights of destination position i.
func (c *coefficients) of(i int) (span, []int32) {
	s := c.spans[i]
	return s, c.weights[i*c.size : i*c.size+s.count]
}

// used returns the source positions from the first that is needed up to the last, exclusive.
func (c *coefficients) used() (from, to int) {
	last := c.spans[len(c.spans)-1]
	return c.spans[0].first, last.first + last.count
}

// newCoefficients computes the weights with which in source samples are resized to out, for the destination positions
// from ≤ i < to. The formula is that of Pillow's Resample.c: the support of the filter is scaled by max(1, in/out),
// weights are normalized to sum 1 in double precision and rounded, halves away from zero, to precisionBits.
func newCoefficients(in, out, from, to int, f Filter) *coefficients {
	scale := float64(in) / float64(out)
	filterScale := max(scale, 1)
	support := filters[f].support * filterScale
	weight := filters[f].weight
	inverse := 1 / filterScale

	c := &coefficients{
		size:  min(int(math.Ceil(support))*2+1, in),
		spans: make([]span, to-from),
	}
	c.weights = make([]int32, len(c.spans)*c.size)
	exact := make([]float64, c.size)
	for i := range c.spans {
		center := float64((float64(from+i) + 0.5) * scale)
		first := max(int(center-support+0.5), 0)
		last := min(int(center+support+0.5), in)
		sum := 0.0
		w := exact[:last-first]
		for x := range w {
			w[x] = weight(float64((float64(x+first) - center + 0.5) * inverse))
			sum += w[x]
		}
		c.spans[i] = span{first, last - first}
		fixed := c.weights[i*c.size:]
		for x, v := range w {
			if sum != 0 {
				v /= sum
			}
			fixed[x] = int32(math.Copysign(0.5, v) + float64(v*(1<<precisionBits)))
		}
	}
	return c
}
