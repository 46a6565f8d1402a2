package ops

import "math"

// sine returns the sine of x, and cosine its cosine: pure arithmetic with explicit rounding, so that every architecture
// gives the same bits. The reduction to a quarter turn is exact to float32 precision for |x| up to 2²⁰; beyond, results
// are within [-1, 1] but lose digits.
func sine(x float32) float32 { return turn(float64(x), 0) }

func cosine(x float32) float32 { return turn(float64(x), 1) }

// The parts of pi/2: the first two have 33 significant bits, so that their products with whole numbers below 2²⁰ are exact.
const (
	halfPi1 = 1.57079632673412561417e+00
	halfPi2 = 6.07710050630396597660e-11
	halfPi3 = 2.02226624879595063154e-21
)

// turn returns sin(x + quarters*pi/2).
func turn(x float64, quarters int64) float32 {
	if x != x || math.IsInf(x, 0) {
		return float32(math.NaN())
	}
	k := math.RoundToEven(x * (2 / math.Pi))
	r := x - float64(k*halfPi1)
	r -= float64(k * halfPi2)
	r -= float64(k * halfPi3)
	r = min(max(r, -math.Pi/4), math.Pi/4)
	quarters += int64(math.Mod(k, 4))
	var v float64
	if quarters&1 == 0 {
		v = taylor(r, r, 1)
	} else {
		v = taylor(r, 1, 0)
	}
	if quarters&2 != 0 {
		v = -v
	}
	return float32(v)
}

// taylor returns the series of the sine (first r, power 1) or of the cosine (first 1, power 0) for |r| up to pi/4, where
// eight terms leave less than 1e-15.
func taylor(r, first float64, power int) float64 {
	square := float64(r * r)
	sum, term := first, first
	for i := power; i < power+16; i += 2 {
		term = float64(-float64(term*square) / float64((i+1)*(i+2)))
		sum += term
	}
	return sum
}
