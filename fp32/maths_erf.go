package f32

import "math"

// erfSeries approximates erf(x)/x for |x| ≤ 1 in powers of 2x²-1, highest first: a Chebyshev interpolation, 1e-12 relative.
var erfSeries = [...]float64{
	4.138782401241769e-09, -7.55749300651587e-08, 1.2233626090107918e-06,
	-1.7536824684043497e-05, 0.00021751716323340276, -0.0022854856569565563,
	0.019852496688085433, -0.14053608901552914, 0.9654687386698857,
}

// erfcSeries approximates (1+2x)·exp(x²)·erfc(x) for x ≥ 0 in powers of (x-3)/(x+3), highest first: a Chebyshev
// interpolation after Shepherd and Laframboise (Mathematics of Computation 36, 1981), 1e-10 relative.
var erfcSeries = [...]float64{
	-1.1960902156715748e-07, -1.1057229075959185e-05, 4.280479990939057e-06,
	0.00011324623668429012, -0.00010470633073964564, -0.0007713736720126007,
	0.0018885053298353682, 0.002526068865374569, -0.023770472038243787,
	0.0683087067723445, -0.11927366842685262, 0.1296450969689493,
	-0.047562294126524504, -0.13562110449402015, 1.2530080582680252,
}

// erfc returns 1 - erf(x) for x ≥ 0, accurate relative to itself, with x limited to 26, far beyond float32.
func erfc(x float64) float64 {
	if x > 26 {
		x = 26
	}
	t := (x - 3) / (x + 3)
	return float64(exp(-float64(x*x))*horner(t, erfcSeries[:])) / (float64(2*x) + 1)
}

func erf(x float64) float64 {
	a := math.Abs(x)
	switch {
	case x != x:
		return x
	case a < 1:
		return float64(x * horner(float64(2*float64(x*x))-1, erfSeries[:]))
	}
	return math.Copysign(1-erfc(a), x)
}

// Erf returns the error function of x.
func Erf(x float32) float32 { return float32(erf(float64(x))) }

// GeluErf returns x·Φ(x), Φ being the normal distribution: ONNX Gelu with approximate "none"; 0 for -Inf.
func GeluErf(x float32) float32 {
	v := float64(x)
	if v < -geluLow {
		v = -geluLow
	}
	tail := float64(erfc(float64(math.Abs(v)*(1/math.Sqrt2))) * 0.5)
	if v > 0 {
		tail = 1 - tail
	}
	return float32(v * tail)
}

// geluLow is minus the value below which both forms of Gelu give 0 in float32.
const geluLow = 40

// geluScale is √(2/π), geluCube the factor of x³ in the approximation.
const (
	geluScale = 0.797884560802865355880
	geluCube  = 0.044715
)

// GeluTanh returns x/2·(1+tanh(√(2/π)·(x+0.044715x³))): ONNX Gelu with approximate "tanh"; 0 for -Inf.
func GeluTanh(x float32) float32 {
	v := float64(x)
	if v < -geluLow {
		v = -geluLow
	}
	cube := float64(v * float64(v*v))
	u := float64((float64(cube*geluCube) + v) * (-2 * geluScale))
	return float32(v / (exp(u) + 1)) // (1+tanh(u))/2 = 1/(1+exp(-2u))
}
