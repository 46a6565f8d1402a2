package f32

import "math"

// The functions below compute in float64 and round once to float32: far within 1e-6 relative. Each product that is added
// to something is converted explicitly, which forbids fusing (Go specification, "Floating-point operators"), so every
// architecture gives the same bits. Of package math only exact functions are used.

const (
	log2e  = 1.4426950408889634074
	ln2Hi  = 0.693147180369123816490 // upper 33 bits: products with exponents are exact
	ln2Lo  = 1.90821492927058770002e-10
	magic  = 0x1.8p52 // adding it rounds to a whole number, which then stands in the low bits
	expMax = 708      // e to this power and its inverse are normal float64, far outside float32
)

// limit returns x within ±expMax; a NaN stays a NaN.
func limit(x float64) float64 {
	if x < -expMax {
		x = -expMax
	}
	if x > expMax {
		x = expMax
	}
	return x
}

// reduce returns p and a power of two with eˣ = scale·(1+p), |p| < 0.42, for |x| ≤ expMax: Taylor's series of eʳ - 1 to
// r⁹/9! for the rest r, |r| ≤ ln(2)/2, 2e-11 relative. The assembly does the same operations in the same order.
func reduce(x float64) (scale, p float64) {
	shifted := float64(x*log2e) + magic
	n := shifted - magic
	r := x - float64(n*ln2Hi)
	r -= float64(n * ln2Lo)
	scale = math.Float64frombits(math.Float64bits(shifted)<<52 + 1023<<52)
	r2 := float64(r * r)
	a := float64(r*(1.0/2)) + 1
	b := float64(r*(1.0/24)) + 1.0/6
	a += float64(r2 * b)
	b = float64(r*(1.0/720)) + 1.0/120
	c := float64(r*(1.0/40320)) + 1.0/5040
	c += float64(r2 * (1.0 / 362880))
	b += float64(r2 * c)
	a += float64(float64(r2*r2) * b)
	return scale, float64(r * a)
}

// exp returns eˣ, for x limited to ±expMax.
func exp(x float64) float64 {
	scale, p := reduce(limit(x))
	return float64(scale * (p + 1))
}

// expm1 returns eˣ - 1 without cancellation near 0, for x limited to ±expMax.
func expm1(x float64) float64 {
	scale, p := reduce(limit(x))
	return float64(scale*p) + (scale - 1)
}

// horner returns the polynomial with the given coefficients, highest power first.
func horner(x float64, c []float64) float64 {
	r := c[0]
	for _, v := range c[1:] {
		r = float64(r*x) + v
	}
	return r
}

// atanhSeries is 2/(2n+1) for n = 6 down to 0: 2·atanh(s)/s in powers of s², 2e-12 relative for |s| ≤ 0.172.
var atanhSeries = [...]float64{2.0 / 13, 2.0 / 11, 2.0 / 9, 2.0 / 7, 2.0 / 5, 2.0 / 3, 2}

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
