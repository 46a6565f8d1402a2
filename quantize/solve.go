package quantize

import (
	"errors"
	"math"
	"slices"
)

// errSingular is returned by newFactor for a matrix that is not positive definite.
var errSingular = errors.New("matrix is not positive definite")

// factor is the Cholesky factor of a symmetric matrix: lower triangular, row by row.
type factor struct {
	n int
	l []float64
}

// newFactor returns the Cholesky factor of a symmetric positive definite matrix [n n].
func newFactor(a []float64, n int) (*factor, error) {
	l := slices.Clone(a)
	for j := range n {
		row := l[j*n : j*n+j+1]
		for i := range j {
			other := l[i*n : i*n+i+1]
			row[i] = (row[i] - dot(row[:i], other[:i])) / other[i]
		}
		d := row[j] - dot(row[:j], row[:j])
		if !(d > 0) {
			return nil, errSingular
		}
		row[j] = math.Sqrt(d)
	}
	return &factor{n: n, l: l}, nil
}

// solve replaces b by the solution x of A x = b.
func (f *factor) solve(b []float64) {
	n := f.n
	for i := range n {
		row := f.l[i*n:]
		b[i] = (b[i] - dot(row[:i], b[:i])) / row[i]
	}
	for i := n - 1; i >= 0; i-- {
		b[i] /= f.l[i*n+i]
		v := b[i]
		for k, c := range f.l[i*n : i*n+i] {
			b[k] -= v * c
		}
	}
}

func dot(a, b []float64) float64 {
	var s0, s1, s2, s3 float64
	b = b[:len(a)]
	for len(a) >= 4 {
		s0 += a[0] * b[0]
		s1 += a[1] * b[1]
		s2 += a[2] * b[2]
		s3 += a[3] * b[3]
		a, b = a[4:], b[4:]
	}
	for i, v := range a {
		s0 += v * b[i]
	}
	return s0 + s1 + s2 + s3
}

// lattice is the problem of choosing levels q and a scale s for one output channel so that the error
//
//	(s q - w)ᵀ H (s q - w)
//
// of its output is least, w being the weights that give the wanted output best.
type lattice struct {
	n      int
	h      []float64 // [n n]
	f      *factor   // of h
	levels Levels
}

// fit returns levels, which it writes to q, and scale for weights w, starting with a scale. The levels come from rounding one weight
// after the other and moving each time what is not yet rounded to make up for the error (the nearest plane of Babai, "On Lovász'
// lattice reduction and the nearest lattice point problem", 1986; Frantar et al. call it GPTQ, 2022), and then from moving single
// weights to other levels while that lessens the error (coordinate descent). The scale is then fitted to the levels, and all is
// done again as long as the error shrinks.
func (p *lattice) fit(q []float32, w []float64, scale float64) float64 {
	best := math.Inf(1)
	trial, residual := make([]float32, p.n), make([]float64, p.n)
	kept := scale
	for range fitRounds {
		p.nearestPlane(trial, w, scale)
		p.residual(residual, trial, w, scale)
		p.descend(trial, residual, w, scale)
		scale = p.fitScale(trial, w, scale)
		p.residual(residual, trial, w, scale)
		p.descend(trial, residual, w, scale)
		if e := p.error(trial, residual, w, scale); e < best*(1-1e-6) {
			best, kept = e, scale
			copy(q, trial)
			continue
		}
		break
	}
	return kept
}

// The bounds of the search.
const (
	fitRounds = 4
	sweeps    = 12
)

// nearestPlane rounds the weights one after the other, the last first.
func (p *lattice) nearestPlane(q []float32, w []float64, scale float64) {
	n := p.n
	shift := make([]float64, n) // what the weights rounded so far ask of the others, by L's rows
	for i := n - 1; i >= 0; i-- {
		l := p.f.l[i*n : i*n+i+1]
		want := w[i] - shift[i]/l[i]
		q[i] = p.levels.Nearest(float32(want / scale))
		d := scale*float64(q[i]) - w[i]
		for k, c := range l[:i] {
			shift[k] += d * c
		}
	}
}

// residual sets r to H (s q - w).
func (p *lattice) residual(r []float64, q []float32, w []float64, scale float64) {
	clear(r)
	for i, v := range q {
		d := scale*float64(v) - w[i]
		if d == 0 {
			continue
		}
		for k, c := range p.h[i*p.n : (i+1)*p.n] {
			r[k] += d * c
		}
	}
}

// descend moves single weights to better levels, r being the residual.
func (p *lattice) descend(q []float32, r, w []float64, scale float64) {
	for range sweeps {
		moved := false
		for i := range q {
			h := p.h[i*p.n+i]
			best := p.levels.Nearest(float32(float64(q[i]) - r[i]/(h*scale)))
			d := scale * float64(best-q[i])
			if d == 0 || d*(2*r[i]+d*h) > -1e-12*h*scale*scale {
				continue
			}
			q[i], moved = best, true
			for k, c := range p.h[i*p.n : (i+1)*p.n] {
				r[k] += d * c
			}
		}
		if !moved {
			return
		}
	}
}

// fitScale returns the scale with the least error for given levels.
func (p *lattice) fitScale(q []float32, w []float64, scale float64) float64 {
	hq := make([]float64, p.n)
	for i, v := range q {
		if v == 0 {
			continue
		}
		for k, c := range p.h[i*p.n : (i+1)*p.n] {
			hq[k] += float64(v) * c
		}
	}
	var square, product float64
	for i, v := range q {
		square += float64(v) * hq[i]
		product += w[i] * hq[i]
	}
	if s := product / square; s > 0 && s < 4*scale && s > scale/4 {
		return s
	}
	return scale
}

// error returns the error, r being the residual.
func (p *lattice) error(q []float32, r, w []float64, scale float64) float64 {
	var e float64
	for i, v := range q {
		e += (scale*float64(v) - w[i]) * r[i]
	}
	return e
}
