package quantize

import (
	"cmp"
	"fmt"
	"slices"
)

// sums are sums over windows x of a layer's quantized input and the float model's outputs y there.
type sums struct {
	n     int
	xx    [][]float64 // [group][depth depth]
	yx    [][]float64 // [group][oc/groups depth]
	x     []float64   // [groups*depth]
	y, yy []float64   // [oc], of y and of its square
}

// newSums returns sums of nothing.
func newSums(l *layer) *sums {
	s := &sums{x: make([]float64, l.groups*l.depth), y: make([]float64, l.oc), yy: make([]float64, l.oc)}
	for range l.groups {
		s.xx = append(s.xx, make([]float64, l.depth*l.depth))
		s.yx = append(s.yx, make([]float64, l.oc/l.groups*l.depth))
	}
	return s
}

// plus returns s + o.
func (s *sums) plus(o *sums) *sums {
	add := func(a, b []float64) []float64 {
		c := slices.Clone(a)
		for i, v := range b {
			c[i] += v
		}
		return c
	}
	t := &sums{n: s.n + o.n, x: add(s.x, o.x), y: add(s.y, o.y), yy: add(s.yy, o.yy)}
	for g := range s.xx {
		t.xx = append(t.xx, add(s.xx[g], o.xx[g]))
		t.yx = append(t.yx, add(s.yx[g], o.yx[g]))
	}
	return t
}

// centred returns the covariances of group g: of x with x, and of y with x.
func (s *sums) centred(g int) (xx, yx []float64) {
	n, d := float64(s.n), len(s.x)/len(s.xx)
	xx, yx = slices.Clone(s.xx[g]), slices.Clone(s.yx[g])
	x := s.x[g*d : (g+1)*d]
	for i := range d {
		for k := range d {
			xx[i*d+k] = xx[i*d+k]/n - x[i]/n*x[k]/n
		}
	}
	per := len(yx) / d
	for i := range per {
		for k := range d {
			yx[i*d+k] = yx[i*d+k]/n - s.y[g*per+i]/n*x[k]/n
		}
	}
	return xx, yx
}

// ridge is covariances with their diagonal raised: an order of the inputs, the covariances in that order and their factor.
type ridge struct {
	tie   float64 // what was added to the diagonal
	order []int
	h     []float64
	f     *factor
}

// newRidge returns the ridge of covariances xx for a damping, nil where the inputs are constant. base is added in any case.
func newRidge(xx []float64, d int, damping, base float64) (*ridge, error) {
	var mean float64
	for i := range d {
		mean += xx[i*d+i] / float64(d)
	}
	r := &ridge{tie: damping*mean + base}
	if !(r.tie > 0) {
		return nil, nil
	}
	xx = slices.Clone(xx)
	for i := range d {
		xx[i*d+i] += r.tie
	}
	r.order = ascending(xx, d)
	r.h = permuted(xx, r.order)
	var err error
	if r.f, err = newFactor(r.h, d); err != nil {
		return nil, fmt.Errorf("moments of the inputs: %w", err)
	}
	return r, nil
}

// wanted returns the weights, in the ridge's order, that give an output with covariances yx best, tied to weights w.
func (r *ridge) wanted(yx []float64, w []float32) []float64 {
	out := make([]float64, len(w))
	for i, k := range r.order {
		out[i] = yx[k] + r.tie*float64(w[k])
	}
	r.f.solve(out)
	return out
}

// ascending returns the order of the indices of a matrix by its diagonal.
func ascending(a []float64, n int) []int {
	order := make([]int, n)
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(i, k int) int { return cmp.Compare(a[i*n+i], a[k*n+k]) })
	return order
}

// permuted returns a symmetric matrix with row and column order[i] as row and column i.
func permuted(a []float64, order []int) []float64 {
	n := len(order)
	out := make([]float64, n*n)
	for i, r := range order {
		for k, c := range order {
			out[i*n+k] = a[r*n+c]
		}
	}
	return out
}
