package quantize

import (
	"math/rand/v2"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/ops"
)

// dampings are the shares of the mean diagonal that may be added to the second moments of a layer's inputs. They tie weights that
// the calibration inputs say little about to their float values: without that, a layer learns the inputs by heart. Which one is
// taken is measured, by fitting to one half of the inputs and looking at the other; usualDamping is for too few inputs to do so.
var dampings = []float64{0.1, 0.3, 1, 3}

const (
	usualDamping = 0.3
	firmDamping  = 10 // of 8-bit weights, which have little to make up for
)

// Errors of sums of products in float32, relative to the squares of what was subtracted from the numbers and of what was left.
const (
	shiftError = 1e-9
	sumError   = 1e-6
)

// moments are what is known of a layer's inputs and outputs. The numbers summed are differences from xAt and yAt, the means of the
// first chunk, so that sums of squares keep their digits.
type moments struct {
	*sums
	l        *layer
	halves   [2]*sums // of every second chunk of inputs
	xAt, yAt []float64
}

// reconstruct chooses the weights of a layer, whose predecessors are quantized, for each of some schemes, in place; the biases alone
// where weights have the nearest level.
func (j *job) reconstruct(l *layer, forms ...*packed) (*moments, error) {
	s, err := j.moments(l)
	if err != nil {
		return nil, err
	}
	w := l.weights()
	per := l.oc / l.groups
	threads := 1
	if l.groups == 1 {
		threads = j.w.threads
	}
	for _, p := range forms {
		p.codes = nil
		if j.o.Rounding == Reconstruct {
			err := parallel(j.w.threads, l.groups, func(_, g int) error {
				return s.solve(g, p, w[g*per*l.depth:(g+1)*per*l.depth], threads)
			})
			if err != nil {
				return nil, err
			}
		}
		s.correct(p)
	}
	return s, nil
}

// unclamp returns g, a form of the model, with the sums of its i-th node, before any clamp, as that node's output.
func unclamp(g *graph.Graph, i int) *graph.Graph {
	g = g.Clone()
	switch a := g.Nodes[i].Attrs.(type) {
	case *ops.Conv:
		c := *a
		c.Clamp = ops.Clamp{}
		g.Nodes[i].Attrs = &c
	case *ops.Dense:
		c := *a
		c.Clamp = ops.Clamp{}
		g.Nodes[i].Attrs = &c
	}
	return g
}

// Bytes that the streams of the float and of the quantized model may keep of what they computed.
const (
	floatBudget   = 160 << 20
	integerBudget = 64 << 20
)

// moments runs the float model and the quantized one up to layer l and collects what l reads and should make.
func (j *job) moments(l *layer) (*moments, error) {
	float, integer, r, err := j.stretches(l)
	if err != nil {
		return nil, err
	}
	win, err := newWindows(l)
	if err != nil {
		return nil, err
	}
	c, err := newCollector(l, win, len(j.w.order), j.w.threads)
	if err != nil {
		return nil, err
	}
	xs, ys := make([][]float32, j.w.threads), make([][]float32, j.w.threads)
	visit := func(worker, i, at int) error {
		xs[worker] = integer.reals(worker, i, r.value, xs[worker])
		ys[worker] = float.reals(worker, i, l.node.Outputs[0], ys[worker])
		float.save(worker, i)
		integer.save(worker, i)
		c.collect(xs[worker], ys[worker], at, rand.New(rand.NewPCG(j.o.Seed, uint64(l.index)<<32|uint64(i))))
		return nil
	}
	if err := j.w.walk([]*machine{float.machine, integer.machine}, visit, func(_, n int) error { return c.add(n) }); err != nil {
		return nil, err
	}
	float.finish()
	integer.finish()
	c.sums = c.halves[0].plus(c.halves[1])
	return &c.moments, nil
}

// base is what is added to the diagonal of the covariances of half h (or of all, s.sums) of group g in any case: what rounding may
// have taken from them.
func (s *moments) base(h *sums, g int) float64 {
	d := s.l.depth
	var square float64
	for i, x := range s.xAt[g*d : (g+1)*d] {
		square += (shiftError*x*x + sumError*h.xx[g][i*d+i]/float64(h.n)) / float64(d)
	}
	return square
}

// damping returns the damping with which weights fitted to one half of the inputs give the outputs of the other half best.
func (s *moments) damping(g int, w []float32, threads int) (float64, error) {
	if s.halves[0].n == 0 || s.halves[1].n == 0 {
		return usualDamping, nil
	}
	d := s.l.depth
	errs := make([]float64, len(dampings))
	for half := range 2 {
		xx, yx := s.halves[half].centred(g)
		seen, want := s.halves[1-half].centred(g)
		err := parallel(threads, len(dampings), func(_, k int) error {
			r, err := newRidge(xx, d, dampings[k], s.base(s.halves[half], g))
			if err != nil || r == nil {
				return err
			}
			for c := range len(w) / d {
				v := make([]float64, d)
				for i, x := range r.wanted(yx[c*d:(c+1)*d], w[c*d:(c+1)*d]) {
					v[r.order[i]] = x
				}
				for i, x := range v {
					errs[k] += x * (dot(seen[i*d:(i+1)*d], v) - 2*want[c*d+i])
				}
			}
			return nil
		})
		if err != nil {
			return 0, err
		}
	}
	best := 0
	for k, e := range errs {
		if e < errs[best] {
			best = k
		}
	}
	return dampings[best], nil
}

// solve chooses levels and scales of group g; w is its weights.
func (s *moments) solve(g int, p *packed, w []float32, threads int) error {
	d := s.l.depth
	per := len(w) / d
	damping := float64(firmDamping)
	if p.scheme != Int8 {
		var err error
		if damping, err = s.damping(g, w, threads); err != nil {
			return err
		}
	}
	xx, yx := s.centred(g)
	r, err := newRidge(xx, d, damping, s.base(s.sums, g))
	if err != nil {
		return err
	}
	if r == nil {
		return nil
	}
	return parallel(threads, per, func(_, i int) error {
		s.channel(r, p, g*per+i, w[i*d:(i+1)*d], yx[i*d:(i+1)*d])
		return nil
	})
}

// correct sets the biases so that the mean outputs are those of the float model (empirical bias correction: Nagel et al., "Data-free
// quantization through weight equalization and bias correction", 2019).
func (s *moments) correct(p *packed) {
	d, n := s.l.depth, float64(s.n)
	for c := range s.l.oc {
		g := c / (s.l.oc / s.l.groups)
		var sum float64
		for k, q := range p.values[c*d : (c+1)*d] {
			sum += float64(q) * (s.xAt[g*d+k] + s.x[g*d+k]/n)
		}
		p.bias[c] = float32(s.yAt[c] + s.y[c]/n - float64(p.scale[c])*sum)
	}
}

// channel chooses levels and scale of output channel c, whose float weights are w and whose output's covariances with the inputs
// are yx.
func (s *moments) channel(r *ridge, p *packed, c int, w []float32, yx []float64) {
	d := len(w)
	want := r.wanted(yx, w)
	importance, wanted := make([]float32, d), make([]float32, d)
	for i, v := range want {
		wanted[i], importance[i] = float32(v), float32(r.h[i*d+i])
	}
	t := &lattice{n: d, h: r.h, f: r.f, levels: p.levels}
	scale := searchScale(wanted, importance, t.levels, scaleFor(wanted, t.levels))
	q := make([]float32, d)
	p.scale[c] = max(float32(t.fit(q, want, float64(scale))), leastWeightScale)
	for i, k := range r.order {
		p.values[c*d+k] = q[i]
	}
}

// sqnr returns the ratio of the variance of the layer's float outputs to the mean squared error of the quantized ones, in decibels.
func (s *moments) sqnr(p *packed) float64 {
	d, per := s.l.depth, s.l.oc/s.l.groups
	var signal, noise float64
	for g := range s.l.groups {
		xx, yx := s.centred(g)
		for i := range per {
			c := g*per + i
			mean := s.y[c] / float64(s.n)
			variance := s.yy[c]/float64(s.n) - mean*mean
			e := variance
			q := p.values[c*d : (c+1)*d]
			scale := float64(p.scale[c])
			for a, v := range q {
				if v == 0 {
					continue
				}
				var row float64
				for b, u := range q {
					row += xx[a*d+b] * float64(u)
				}
				e += scale * float64(v) * (scale*row - 2*yx[i*d+a])
			}
			signal += variance
			noise += max(e, 0)
		}
	}
	return decibels(signal, noise)
}
