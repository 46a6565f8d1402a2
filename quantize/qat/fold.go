package qat

import (
	"slices"

	G "gorgonia.org/gorgonia"
)

// gains returns the node of gamma/sqrt(running variance + epsilon).
func (n *Network) gains(m *norm, name string) (*G.Node, error) {
	gamma := n.vector(name+".gamma", m.gamma)
	n.learn = append(n.learn, gamma)
	sum, err := G.Add(n.vector(name+".variance", m.variance), G.NewConstant(float32(normEpsilon)))
	if err != nil {
		return nil, err
	}
	root, err := G.Sqrt(sum)
	if err != nil {
		return nil, err
	}
	return G.HadamardDiv(gamma, root)
}

// foldedBias returns the node of beta - running mean * gain.
func (n *Network) foldedBias(m *norm, name string, beta, gains *G.Node) (*G.Node, error) {
	shift, err := G.HadamardProd(n.vector(name+".mean", m.mean), gains)
	if err != nil {
		return nil, err
	}
	return G.Sub(beta, shift)
}

// normalize returns z, what a layer makes with its weights multiplied by the gains, normalized by the statistics of the batch, times the
// factor that is left: z has the sign of gamma already. Weights are thus quantized as they will be in the end, folded by the running
// statistics, and what follows sees the batch's (Krishnamoorthi, "Quantizing deep convolutional networks for efficient inference", 2018,
// section 3.2.2). In a network of real numbers nothing is folded and the factor is gamma.
func (n *Network) normalize(z *G.Node, m *norm, name string, gains *G.Node) (*G.Node, error) {
	factor := n.vector(name+".gamma", m.gamma)
	if n.float() {
		gains = n.vector(name+".ones", slices.Repeat([]float32{1}, len(m.gamma)))
	} else {
		var err error
		if factor, err = G.Abs(factor); err != nil {
			return nil, err
		}
	}
	x, err := newStandardize(z, gains, m)
	if err != nil {
		return nil, err
	}
	return alongChannels(G.BroadcastHadamardProd, x, factor)
}

// folded returns the weights with BatchNormalization folded into them by the running statistics, as the nodes compute them.
func (l *layer) folded(s weightShape) []float32 {
	w := slices.Clone(l.weights)
	if l.norm == nil {
		return w
	}
	gains := l.norm.gains()
	spanOf(s.sizes, s.axis).rows(func(c, from, to int) {
		for i := from; i < to; i++ {
			w[i] *= gains[c]
		}
	})
	return w
}

// foldedBias returns the bias that goes with the folded weights.
func (l *layer) foldedBias() []float32 {
	b := slices.Clone(l.bias)
	if l.norm != nil {
		for c, g := range l.norm.gains() {
			b[c] -= float32(l.norm.mean[c] * g)
		}
	}
	return b
}
