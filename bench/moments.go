package bench

import "math"

// moments is what is known of the distribution of a layer's output: mean and second moment over all elements, and the range
// that its quantization covers.
type moments struct {
	mean, square float64
	lo, hi       float64
}

// reach is how many standard deviations of a normal distribution a range covers.
const reach = 4

// biasDeviation is the standard deviation of biases; pre-activations have about 1.
const biasDeviation = 0.1

// inputMoments are those of a picture normalized by ImageNet's mean and standard deviation.
var inputMoments = moments{mean: 0, square: 1, lo: -2.64, hi: 2.64}

// snap rounds x to 12 significant bits, so that library functions that differ in the last bit between machines give the same
// result.
func snap(x float64) float64 {
	f, e := math.Frexp(x)
	return math.Ldexp(math.Round(f*4096)/4096, e)
}

func (m moments) variance() float64 { return max(m.square-m.mean*m.mean, 0) }

// normal returns the moments of a normal distribution.
func normal(mean, variance float64) moments {
	span := reach * math.Sqrt(variance)
	return moments{mean: mean, square: mean*mean + variance, lo: mean - span, hi: mean + span}
}

// activated returns the moments after the activation of a normally distributed m: those of the rectified normal
// distribution. The upper cut of ReLU6 lies beyond most of it.
func (m moments) activated(a activation) moments {
	if a == linear {
		return m
	}
	v := m.variance()
	s := math.Sqrt(v)
	above := (1 + math.Erf(m.mean/s/math.Sqrt2)) / 2
	density := math.Exp(-m.mean*m.mean/v/2) / math.Sqrt(2*math.Pi)
	out := moments{
		mean:   m.mean*above + s*density,
		square: (m.mean*m.mean+v)*above + m.mean*s*density,
		hi:     m.hi,
	}
	if a == relu6 {
		out.hi = min(out.hi, 6)
	}
	return out
}

// moments returns the moments of the layer's output, given those of its inputs.
func (l *layer) moments(in []moments) moments {
	if len(in) == 0 {
		return inputMoments
	}
	x := in[0]
	switch l.op {
	case opConv, opDense:
		return normal(0, 1+biasDeviation*biasDeviation).activated(l.act)
	case opAdd:
		return normal(x.mean+in[1].mean, x.variance()+in[1].variance()).activated(l.act)
	case opGate:
		g := in[1]
		top := g.mean + 3*math.Sqrt(g.variance())
		return moments{mean: x.mean * g.mean, square: x.square * g.square, lo: x.lo * top, hi: x.hi * top}
	case opMaxPool:
		return x.greatest(float64(l.window.kernel * l.window.kernel))
	case opAverage:
		return x.averaged()
	case opHardSwish:
		// Of x*(x+3)/6 with x normal around 0; the cuts at -3 and 3 matter little.
		v := x.variance()
		return moments{mean: v / 6, square: 3*v*v/36 + v/4, lo: -0.375, hi: x.hi * min(1, x.hi/6+0.5)}
	case opHardSigmoid:
		return moments{mean: 0.5, square: 0.25 + x.variance()/36, lo: 0, hi: 1}
	}
	return x // concat: of inputs that are alike; flatten
}

// greatest returns the moments of the greatest of n neighbours. Neighbouring rectified pixels are correlated: they count as
// n/2 independent ones, and the greatest of k normal ones lies at about sqrt(log k) deviations, with half
// the variance.
func (m moments) greatest(n float64) moments {
	v := m.variance()
	m.mean += math.Sqrt(math.Log(n/2) * v)
	m.square = m.mean*m.mean + v/2
	return m
}

// averaged returns the moments of averages over all pixels, which keep about a fifth of the variance: channels differ.
func (m moments) averaged() moments {
	v := m.variance() * 0.2
	span := reach * math.Sqrt(v)
	return moments{mean: m.mean, square: m.mean*m.mean + v, lo: min(0, max(m.lo, m.mean-span)), hi: min(m.hi, m.mean+span)}
}
