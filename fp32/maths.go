package f32

import "math"

// The functions below compute in float64 and round once to float32: far within 1e-6 relative. Each product that is added
// to something is converted explicitly, which forbids fusing (Go specification, "Floating-point operators"), so every
// architecture gives the same bits. Of package math only exact functions are used.

const (
	log2e = 1.4426950408889634074
	ln2Hi = 0.693147180369123816490 // upper 33 bits: products with exponents are exact
	ln2Lo = 1.90821492927058770002e-10
)

// expm1Series is 1/n! for n = 12 down to 1: the Taylor series of eˣ - 1 without its factor x, below 1e-15 relative for
// |x| ≤ ln(2)/2.
var expm1Series = [...]float64{
	1.0 / 479001600, 1.0 / 39916800, 1.0 / 3628800, 1.0 / 362880, 1.0 / 40320, 1.0 / 5040,
	1.0 / 720, 1.0 / 120, 1.0 / 24, 1.0 / 6, 1.0 / 2, 1,
}

// horner returns the polynomial with the given coefficients, highest power first.
func horner(x float64, c []float64) float64 {
	r := c[0]
	for _, v := range c[1:] {
		r = float64(r*x) + v
	}
	return r
}

// reduce returns k and p with eˣ = 2ᵏ·(1+p), |p| < 0.42, for |x| ≤ 708.
func reduce(x float64) (k int, p float64) {
	n := math.Floor(float64(x*log2e) + 0.5)
	r := x - float64(n*ln2Hi)
	r -= float64(n * ln2Lo)
	return int(n), float64(r * horner(r, expm1Series[:]))
}

// pow2 returns 2ᵏ for -1022 ≤ k ≤ 1023.
func pow2(k int) float64 { return math.Float64frombits(uint64(k+1023) << 52) }

// exp returns eˣ; beyond ±708, far outside float32, it gives +Inf and 0.
func exp(x float64) float64 {
	switch {
	case x > 708:
		return math.Inf(1)
	case x < -708:
		return 0
	case x != x:
		return x
	}
	k, p := reduce(x)
	return float64(pow2(k) * (1 + p))
}

// expm1 returns eˣ - 1 without cancellation near 0.
func expm1(x float64) float64 {
	switch {
	case x > 708:
		return math.Inf(1)
	case x < -708:
		return -1
	case x != x || x == 0:
		return x
	}
	k, p := reduce(x)
	if k == 0 {
		return p
	}
	return float64(pow2(k)*(1+p)) - 1
}

// atanhSeries is 2/(2n+1) for n = 10 down to 0: 2·atanh(s)/s in powers of s², below 1e-16 for |s| ≤ 0.18.
var atanhSeries = [...]float64{
	2.0 / 21, 2.0 / 19, 2.0 / 17, 2.0 / 15, 2.0 / 13, 2.0 / 11, 2.0 / 9, 2.0 / 7, 2.0 / 5, 2.0 / 3, 2,
}

// log returns the natural logarithm of a normal positive x, NaN below 0, -Inf at 0.
func log(x float64) float64 {
	switch {
	case x != x || x > math.MaxFloat64:
		return x
	case x < 0:
		return math.NaN()
	case x == 0:
		return math.Inf(-1)
	}
	bits := math.Float64bits(x)
	k := int(bits>>52) - 1023
	m := math.Float64frombits(bits&(1<<52-1) | 1023<<52)
	if m > math.Sqrt2 {
		m, k = m/2, k+1
	}
	s := (m - 1) / (m + 1)
	n := float64(k)
	return float64(n*ln2Hi) + (float64(n*ln2Lo) + float64(s*horner(float64(s*s), atanhSeries[:])))
}

// log1p returns ln(1+x) for 0 ≤ x, without cancellation near 0.
func log1p(x float64) float64 {
	if x < 0.4 {
		s := x / (2 + x)
		return float64(s * horner(float64(s*s), atanhSeries[:]))
	}
	return log(1 + x)
}

// Exp returns eˣ.
func Exp(x float32) float32 { return float32(exp(float64(x))) }

// Log returns the natural logarithm of x: NaN below 0, -Inf at 0.
func Log(x float32) float32 { return float32(log(float64(x))) }

// Sqrt returns the square root of x, correctly rounded; NaN below 0.
func Sqrt(x float32) float32 { return float32(math.Sqrt(float64(x))) }

// Pow returns x to the power y. A negative x needs a whole y, else the result is NaN; x⁰ is 1.
func Pow(x, y float32) float32 {
	a, e := float64(x), float64(y)
	switch {
	case e == 0 || a == 1:
		return 1
	case a != a || e != e:
		return float32(a + e)
	case a == -1 && math.IsInf(e, 0):
		return 1
	}
	sign := 1.0
	if math.Signbit(a) {
		if math.Floor(e) == e && math.Floor(e/2) != e/2 {
			sign = -1
		} else if math.Floor(e) != e && a != 0 && !math.IsInf(a, 0) {
			return float32(math.NaN())
		}
		a = -a
	}
	return float32(sign * exp(float64(e*log(a))))
}
