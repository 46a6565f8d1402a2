package qat

import (
	"math"
	"slices"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// BatchNormalization: what is added to variances, and the share of a batch in the running statistics.
const (
	normEpsilon  = 1e-5
	normMomentum = 0.1
)

// norm is a layer's BatchNormalization; its beta is the layer's bias.
type norm struct {
	gamma          []float32 // [oc]
	mean, variance []float32 // [oc], running
}

func newNorm(oc int) *norm {
	return &norm{gamma: slices.Repeat([]float32{1}, oc), mean: make([]float32, oc), variance: slices.Repeat([]float32{1}, oc)}
}

// gains returns what folding multiplies the weights of each output channel by: gamma/sqrt(variance + epsilon).
func (n *norm) gains() []float32 {
	g := make([]float32, len(n.gamma))
	for c := range g {
		g[c] = n.gamma[c] / deviation(n.variance[c])
	}
	return g
}

// deviation returns the square root of a variance and epsilon.
func deviation(variance float32) float32 { return float32(math.Sqrt(float64(variance + normEpsilon))) }

// update takes the statistics of one batch of what the layer makes with its weights multiplied by gains into the running ones.
func (n *norm) update(mean, variance, gains []float64, count int) {
	unbiased := float64(count) / float64(max(count-1, 1))
	for c, g := range gains {
		if math.Abs(g) < LeastStep {
			continue // nothing is known of a channel that folding made zeros
		}
		n.mean[c] += normMomentum * (float32(mean[c]/g) - n.mean[c])
		n.variance[c] += normMomentum * (float32(unbiased*variance[c]/(g*g)) - n.variance[c])
	}
}

// standardize is the operator z, gains -> (z - mean)/sqrt(variance + epsilon*gain²), with the mean and variance of each channel, axis 1,
// in the batch. With z a layer's output by weights multiplied by the gains, this is what BatchNormalization makes, before gamma and beta,
// of the output by the weights themselves, but for the sign of the gain. It updates the running statistics as it runs.
type standardize struct {
	operator
	to *norm // nil for none
}

// newStandardize applies the operator.
func newStandardize(z, gains *G.Node, to *norm) (*G.Node, error) {
	o, err := newOperator("Standardize", 0, z, gains)
	if err != nil {
		return nil, err
	}
	if err := checkChannels("standardize: gains", z, gains, 1); err != nil {
		return nil, err
	}
	return G.ApplyOp(&standardize{o, to}, z, gains)
}

// Do standardizes.
func (o *standardize) Do(inputs ...G.Value) (G.Value, error) {
	if err := o.check(inputs); err != nil {
		return nil, err
	}
	if o.of == tensor.Float64 {
		return standardized[float64](o.to, inputs), nil
	}
	return standardized[float32](o.to, inputs), nil
}

// DiffWRT says that z has a gradient; gains are taken as constants, their part being epsilon's.
func (o *standardize) DiffWRT(int) []bool { return []bool{true, false} }

// SymDiff returns the gradient of z.
func (o *standardize) SymDiff(inputs G.Nodes, _, grad *G.Node) (G.Nodes, error) {
	common, err := newOperator("StandardizeGrad", 0, inputs[0], inputs[1], grad)
	if err != nil {
		return nil, err
	}
	d, err := G.ApplyOp(&standardizeGradient{common}, inputs[0], inputs[1], grad)
	return G.Nodes{d, nil}, err
}

// standardizeGradient is the operator z, gains, gradient of the standardized z -> gradient of z.
type standardizeGradient struct{ operator }

// Do computes the gradient.
func (o *standardizeGradient) Do(inputs ...G.Value) (G.Value, error) {
	if err := o.check(inputs); err != nil {
		return nil, err
	}
	if o.of == tensor.Float64 {
		return standardizedGradient[float64](inputs), nil
	}
	return standardizedGradient[float32](inputs), nil
}

// moments are the statistics of each channel of a batch.
type moments struct {
	mean, variance []float64
	deviation      []float64 // with epsilon*gain² added to the variance
	count          int       // numbers in a channel
}

func momentsOf[T number](p span, z, gains []T) moments {
	m := moments{mean: make([]float64, p.channels), variance: make([]float64, p.channels), deviation: make([]float64, p.channels), count: p.outer * p.inner}
	p.rows(func(c, from, to int) {
		for _, v := range z[from:to] {
			m.mean[c] += float64(v)
		}
	})
	for c := range m.mean {
		m.mean[c] /= float64(m.count)
	}
	p.rows(func(c, from, to int) {
		for _, v := range z[from:to] {
			d := float64(v) - m.mean[c]
			m.variance[c] += d * d
		}
	})
	for c := range m.variance {
		m.variance[c] /= float64(m.count)
		m.deviation[c] = math.Sqrt(m.variance[c] + normEpsilon*float64(gains[c])*float64(gains[c]))
		m.deviation[c] = max(m.deviation[c], LeastStep)
	}
	return m
}

func standardized[T number](to *norm, inputs []G.Value) G.Value {
	z, gains := numbers[T](inputs[0]), numbers[T](inputs[1])
	y, dst := fresh[T](inputs[0])
	p := spanOf(inputs[0].Shape(), 1)
	m := momentsOf(p, z, gains)
	p.rows(func(c, from, to int) {
		for i := from; i < to; i++ {
			dst[i] = T((float64(z[i]) - m.mean[c]) / m.deviation[c])
		}
	})
	if to != nil {
		wide := make([]float64, len(gains))
		for c, g := range gains {
			wide[c] = float64(g)
		}
		to.update(m.mean, m.variance, wide, m.count)
	}
	return y
}

// standardizedGradient has the formula of Ioffe and Szegedy, "Batch normalization" (2015), section 3, with x the standardized number:
// (gradient - mean of gradients - x times mean of gradient times x)/deviation.
func standardizedGradient[T number](inputs []G.Value) G.Value {
	z, gains, grad := numbers[T](inputs[0]), numbers[T](inputs[1]), numbers[T](inputs[2])
	y, dst := fresh[T](inputs[0])
	p := spanOf(inputs[0].Shape(), 1)
	m := momentsOf(p, z, gains)
	sum, product := make([]float64, p.channels), make([]float64, p.channels)
	p.rows(func(c, from, to int) {
		for i := from; i < to; i++ {
			sum[c] += float64(grad[i])
			product[c] += float64(grad[i]) * (float64(z[i]) - m.mean[c]) / m.deviation[c]
		}
	})
	n := float64(m.count)
	p.rows(func(c, from, to int) {
		for i := from; i < to; i++ {
			x := (float64(z[i]) - m.mean[c]) / m.deviation[c]
			dst[i] = T((float64(grad[i]) - sum[c]/n - x*product[c]/n) / m.deviation[c])
		}
	})
	return y
}
