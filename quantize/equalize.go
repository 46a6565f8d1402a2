package quantize

import (
	"math"
	"slices"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/ops"
)

// link is two layers of which the second alone reads the first one's output, so that output channels of the first may be divided by
// positive numbers that the weights of the second are multiplied with.
type link struct {
	from, to *layer
	bound    float64 // that from's outputs are cut at; +Inf where there is none
	channel  []int   // of from, for each weight of to [oc depth]
	spreads
}

// spreads are the greatest magnitudes and the sums of means and of mean squares of what a link's second layer reads, by channel.
type spreads struct{ greatest, sum, square []float64 }

func newSpreads(n int) spreads {
	return spreads{make([]float64, n), make([]float64, n), make([]float64, n)}
}

// add adds what was seen of another input.
func (s *spreads) add(o *spreads) {
	for c := range s.sum {
		s.greatest[c] = max(s.greatest[c], o.greatest[c])
		s.sum[c] += o.sum[c]
		s.square[c] += o.square[c]
	}
}

// homogeneous lists the operators f with f(s x) = s f(x) for s > 0 in each channel.
var homogeneous = map[string]bool{
	"Relu": true, "LeakyRelu": true, "MaxPool": true, "AveragePool": true, "GlobalMaxPool": true, "GlobalAveragePool": true,
}

// reshaping lists the operators that pass on their input in another shape.
var reshaping = map[string]bool{"Flatten": true, "Reshape": true, "Squeeze": true}

// links returns the links between layers that are quantized.
func (j *job) links() []*link {
	var list []*link
	for _, l := range j.m.layers {
		if k := j.m.link(l); k != nil && j.schemes[k.to] != Float {
			list = append(list, k)
		}
	}
	return list
}

// link returns the link that begins with a layer, nil where there is none.
func (m *model) link(l *layer) *link {
	k := &link{from: l, bound: math.Inf(1)}
	if c := l.clamp(); c.On {
		if k.bound = float64(c.Hi); c.Lo != 0 {
			return nil
		}
	}
	v := l.node.Outputs[0]
	for {
		readers := m.readers[v]
		if len(readers) != 1 || m.graph.IsOutput(v) || readers[0].Inputs[0] != v {
			return nil
		}
		n := readers[0]
		if k.to = m.of[n]; k.to != nil {
			break
		}
		if p, ok := n.Attrs.(*ops.Pool); !math.IsInf(k.bound, 1) || ok && p.Clamp.On {
			return nil
		}
		if !homogeneous[n.Op] && !(reshaping[n.Op] && onePixel(v, l.oc)) {
			return nil
		}
		v = n.Outputs[0]
	}
	if k.channel = k.channels(); k.channel == nil {
		return nil
	}
	k.spreads = newSpreads(l.oc)
	return k
}

// onePixel reports whether v has one number for each of n channels, which are then in order in any shape.
func onePixel(v *graph.Value, n int) bool { return v.Shape.Bind(1).Size() == n }

// clamp returns the bounds that are applied to the layer's sums.
func (l *layer) clamp() ops.Clamp {
	switch a := l.node.Attrs.(type) {
	case *ops.Conv:
		return a.Clamp
	case *ops.Dense:
		return a.Clamp
	}
	return ops.Clamp{}
}

// channels returns which channel of k.from each weight of k.to multiplies, nil where that is no channel.
func (k *link) channels() []int {
	b := k.to
	per := k.from.oc / b.groups // channels of a group
	if per*b.groups != k.from.oc || b.depth%per != 0 {
		return nil
	}
	_, conv := b.node.Attrs.(*ops.Conv)
	x := b.node.Inputs[0]
	axis := len(x.Shape) - 1
	if b.planar() {
		axis = 1
	}
	switch {
	case !conv && (b.depth != per || k.from.planar() && !onePixel(x, per)):
		return nil // a dense layer that reads several pixels
	case conv && x.Shape[axis] != k.from.oc:
		return nil // one pixel that has become several
	}
	out := make([]int, b.oc*b.depth)
	taps := b.depth / per
	for i := range out {
		c := i % per
		if b.planar() {
			c = i % b.depth / taps
		}
		out[i] = i/b.depth/(b.oc/b.groups)*per + c
	}
	return out
}

// planar reports whether the last axis of what the layer reads and makes is not that of the channels.
func (l *layer) planar() bool {
	a, ok := l.node.Attrs.(*ops.Conv)
	return ok && a.Layout == ops.NCHW
}

// observe adds to t what k.to reads of one input.
func (k *link) observe(x []float32, t *spreads) {
	n := k.from.oc
	plane := len(x) / n
	planar := k.to.planar()
	for i, f := range x {
		c, v := i%n, float64(f)
		if planar {
			c = i / plane
		}
		t.greatest[c] = max(t.greatest[c], math.Abs(v))
		t.sum[c] += v / float64(plane)
		t.square[c] += v * v / float64(plane)
	}
}

// equalize divides channels between layers by factors with which less is lost, as far as the calibration inputs tell, and returns
// the names of the layers whose outputs they are. The float model stays the same function on these inputs. (Nagel et al., "Data-free
// quantization through weight equalization and bias correction", 2019, equalize ranges of weights; here weights have a scale for each
// output channel, and what counts is the error of the second layer's output.)
func (j *job) equalize() ([]string, error) {
	links := j.links()
	if len(links) == 0 {
		return nil, nil
	}
	var names []string
	for _, k := range links {
		names = append(names, k.to.node.Inputs[0].Name)
	}
	m, err := j.w.compile(j.m.graph, names...)
	if err != nil {
		return nil, err
	}
	var seen [chunk][]spreads // of one input each, which are added in the inputs' order
	numbers := make([][]float32, j.w.threads)
	visit := func(worker, _, at int) error {
		seen[at] = make([]spreads, len(links))
		for i, k := range links {
			numbers[worker] = m.output(worker, i, numbers[worker])
			seen[at][i] = newSpreads(k.from.oc)
			k.observe(numbers[worker], &seen[at][i])
		}
		return nil
	}
	done := func(first, n int) error {
		j.o.Progress("equalize", first+n, len(j.w.order))
		for at := range n {
			for i, k := range links {
				k.add(&seen[at][i])
			}
		}
		return nil
	}
	if err := j.w.walk([]*machine{m}, visit, done); err != nil {
		return nil, err
	}
	var changed []string
	for _, k := range links {
		if s := k.factors(j.schemes[k.to], len(j.w.order)); s != nil {
			k.apply(s)
			changed = append(changed, k.from.name())
		}
	}
	return changed, nil
}

// The factors that are tried: powers of a channel's spread and of its range, relative to the greatest of all, at least leastFactor. Those
// are taken with which the error is the least, if it is less than with none by equalizeGain.
var equalizePowers = []float64{0.5, 1}

const (
	leastFactor  = 1.0 / 64
	equalizeGain = 0.98
)

// factors returns the factors for the channels, nil where none are better than others.
func (k *link) factors(s Scheme, inputs int) []float64 {
	n := k.from.oc
	spread := make([]float64, n) // standard deviations
	for c := range spread {
		mean := k.sum[c] / float64(inputs)
		spread[c] = math.Sqrt(max(k.square[c]/float64(inputs)-mean*mean, 0))
	}
	w := k.to.weights()
	ones := slices.Repeat([]float64{1}, n)
	best, kept := equalizeGain*k.loss(s, w, spread, ones), []float64(nil)
	for _, by := range [][]float64{spread, k.greatest} {
		most := slices.Max(by)
		if !(most > 0) {
			continue
		}
		for _, power := range equalizePowers {
			f := make([]float64, n)
			for c := range f {
				f[c] = k.limit(c, math.Pow(by[c]/most, power))
			}
			if e := k.loss(s, w, spread, f); e < best {
				best, kept = e, f
			}
		}
	}
	return kept
}

// limit returns a factor for channel c that is not below the least one, and none where the channel would be cut at the bound.
func (k *link) limit(c int, f float64) float64 {
	f = max(f, leastFactor)
	if math.IsInf(k.bound, 1) {
		return f
	}
	return min(1, max(f, k.greatest[c]/k.bound))
}

// loss returns an estimate of the mean squared error of the second layer's outputs, summed over its channels: by rounding its weights w
// to the nearest, and by rounding what it reads.
func (k *link) loss(s Scheme, w []float32, spread, factors []float64) float64 {
	scaled, importance := make([]float32, len(w)), make([]float32, len(w))
	var squares float64
	for i, v := range w {
		c := k.channel[i]
		scaled[i] = v * float32(factors[c])
		importance[i] = float32(spread[c] * spread[c] / (factors[c] * factors[c]))
		squares += float64(scaled[i]) * float64(scaled[i])
	}
	var top float64
	for c, g := range k.greatest {
		top = max(top, g/factors[c])
	}
	step := top / mostUint8
	loss := step * step / 12 * squares
	l := levelsOf(s, scaled, k.to.oc)
	for d := k.to.depth; len(scaled) > 0; scaled, importance = scaled[d:], importance[d:] {
		row := scaled[:d]
		scale := scaleFor(row, l)
		if s != Int8 {
			scale = searchScale(row, importance[:d], l, scale)
		}
		for i, v := range row {
			e := float64(v - scale*l.Nearest(v/scale))
			loss += e * e * float64(importance[i])
		}
	}
	return loss
}

// apply divides the channels of the first layer and multiplies the weights of the second.
func (k *link) apply(factors []float64) {
	a, b := k.from, k.to
	w := a.weights()
	for i := range w {
		w[i] /= float32(factors[i/a.depth])
	}
	a.replace(1, w)
	if a.node.Input(2) != nil {
		bias := a.bias()
		for c := range bias {
			bias[c] /= float32(factors[c])
		}
		a.replace(2, bias)
	}
	w = b.weights()
	for i := range w {
		w[i] *= float32(factors[k.channel[i]])
	}
	b.replace(1, w)
}

// replace gives the layer's node another constant as input i.
func (l *layer) replace(i int, numbers []float32) {
	old := l.node.Inputs[i]
	l.node.Inputs[i] = graph.NewConst(old.Name, graph.Float32s(numbers, old.Shape...))
}
