package qat

import (
	"fmt"
	"maps"
	"math"
	"math/rand/v2"
	"slices"

	"gorgonia.org/tensor"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/quantize"
)

// Params is what a network learns, by the names of its layers and activations: weights, biases, BatchNormalization, steps. Networks
// built over one Params share its memory, so that what one learns is seen by all; their machines must not run at the same time. Networks
// whose weights or activations are quantized otherwise than those before them start with new steps: give them a Clone.
type Params struct {
	rng         *rand.Rand
	layers      map[string]*layer
	activations map[string]*activation
	seen        map[string]*quantize.Observed
}

// NewParams returns empty parameters, which networks fill with numbers from rng as they are built.
func NewParams(rng *rand.Rand) *Params {
	return &Params{rng: rng, layers: make(map[string]*layer), activations: make(map[string]*activation)}
}

// Clone returns a copy that shares nothing that is learned; the source of random numbers and what Calibrate was given are the same.
func (p *Params) Clone() *Params {
	c := NewParams(p.rng)
	c.seen = maps.Clone(p.seen)
	for name, l := range p.layers {
		c.layers[name] = l.clone()
	}
	for name, a := range p.activations {
		c.activations[name] = &activation{bits: a.bits, zero: a.zero, step: slices.Clone(a.step)}
	}
	return c
}

// Calibrate sets what was seen of the float network's activations (quantize.Observe on its Graph), by which steps start. Networks that
// are built afterwards take a new step for each activation; weights start on new grids.
func (p *Params) Calibrate(seen map[string]*quantize.Observed) {
	p.seen = seen
	clear(p.activations)
	for _, l := range p.layers {
		l.grid, l.step = quantize.Grid{}, nil
	}
}

// Numbers returns the memory of everything that networks over p have learned so far, by name, for a checkpoint to store and restore:
// LAYER.weights ([oc ic kh kw] of a convolution, [ic oc] of a dense layer) and LAYER.bias; with BatchNormalization, whose beta is the
// bias, LAYER.gamma, LAYER.mean and LAYER.variance; in quantized networks LAYER.weights.step and ACTIVATION.step, and
// LAYER.weights.levels of a codebook, which stays as it was chosen. Zero points come from Calibrate. To restore, calibrate as before,
// build the network, and copy.
func (p *Params) Numbers() map[string][]float32 {
	all := make(map[string][]float32)
	for name, l := range p.layers {
		all[name+".weights"], all[name+".bias"] = l.weights, l.bias
		if l.norm != nil {
			all[name+".gamma"], all[name+".mean"], all[name+".variance"] = l.norm.gamma, l.norm.mean, l.norm.variance
		}
		if l.step != nil {
			all[name+".weights.step"] = l.step
			if l.grid.Scheme == quantize.Int4KMeans {
				all[name+".weights.levels"] = l.grid.Levels
			}
		}
	}
	for name, a := range p.activations {
		all[name+".step"] = a.step
	}
	return all
}

// layer is the parameters of a convolution or dense layer.
type layer struct {
	shape   []int // of the weights
	weights []float32
	bias    []float32 // [oc]
	norm    *norm     // nil where there is none
	grid    quantize.Grid
	step    []float32 // of the weights: [oc], or [1] where there is one for the tensor
}

func (l *layer) clone() *layer {
	c := &layer{shape: l.shape, weights: slices.Clone(l.weights), bias: slices.Clone(l.bias), grid: l.grid, step: slices.Clone(l.step)}
	c.grid.Levels = slices.Clone(l.grid.Levels)
	if l.norm != nil {
		c.norm = &norm{gamma: slices.Clone(l.norm.gamma), mean: slices.Clone(l.norm.mean), variance: slices.Clone(l.norm.variance)}
	}
	return c
}

// layer returns the parameters of a layer, made as He and others (2015) advise where they are not there yet: Gaussian weights with the
// variance 2/depth, depth being the products that an output sums, no bias.
func (p *Params) layer(s weightShape, normed bool) (*layer, error) {
	l := p.layers[s.name]
	if l == nil {
		oc, size := s.sizes[s.axis], tensor.Shape(s.sizes).TotalSize()
		l = &layer{shape: s.sizes, weights: make([]float32, size), bias: make([]float32, oc)}
		deviation := math.Sqrt(2 / float64(size/oc))
		for i := range l.weights {
			l.weights[i] = float32(p.rng.NormFloat64() * deviation)
		}
		if normed {
			l.norm = newNorm(oc)
		}
		p.layers[s.name] = l
	}
	if !slices.Equal(l.shape, s.sizes) || normed != (l.norm != nil) {
		return nil, fmt.Errorf("%w: weights %v, BatchNormalization %v, where there were %v and %v", ErrShape, s.sizes, normed, l.shape, l.norm != nil)
	}
	return l, nil
}

// activation is the quantization of an activation: integers of some bits from 0, a zero point that stays and a step that may learn.
type activation struct {
	bits int
	zero int32
	step []float32 // [1]
}

// activation returns the quantization of the activation of the given name to some bits.
func (p *Params) activation(name string, bits int) (*activation, error) {
	if a := p.activations[name]; a != nil && a.bits == bits {
		return a, nil
	}
	seen := p.seen[name]
	if seen == nil {
		return nil, fmt.Errorf("%w: no range for %q: Calibrate comes first", ErrOption, name)
	}
	q := seen.Quant(bits)
	a := &activation{bits: bits, zero: q.Zero[0], step: []float32{q.Scale[0]}}
	p.activations[name] = a
	return a, nil
}

// levels returns the multiples of the step: integers without the zero point.
func (a *activation) levels() quantize.Levels {
	lo := -int(a.zero)
	return quantize.Integers(lo, lo+1<<a.bits-1)
}

// quant returns the quantization as uint8.
func (a *activation) quant() *graph.Quant { return graph.PerTensor(stepOf(a.step[0]), a.zero) }

// bounds returns the least and the greatest number that the integers stand for.
func (a *activation) bounds() (lo, hi float32) {
	l := a.levels()
	return stepOf(a.step[0]) * l[0], stepOf(a.step[0]) * l[len(l)-1]
}
