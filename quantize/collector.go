package quantize

import (
	"math/rand/v2"
)

// About how many windows of a layer's input are looked at, in all inputs: many, and few where groups of channels are by themselves.
const (
	manySamples = 1 << 16
	fewSamples  = 1 << 13
)

// collector gathers the samples of a chunk of inputs.
type collector struct {
	moments
	w    *windows
	each int // samples of one input
	x, y *matrix
	xx   *matrix
	yx   *matrix
	mul  *multiplier
	half int // that the next chunk belongs to
}

func newCollector(l *layer, w *windows, inputs, threads int) (*collector, error) {
	c := &collector{moments: moments{l: l, halves: [2]*sums{newSums(l), newSums(l)}}, w: w}
	many := manySamples
	if l.groups > 1 {
		many = fewSamples
	}
	c.each = min(w.positions, max(1, (many+inputs-1)/inputs))
	c.x, c.y = newMatrix(l.groups*l.depth, chunk*c.each), newMatrix(l.oc, chunk*c.each)
	c.xx, c.yx = newMatrix(l.depth, l.depth), newMatrix(l.oc/l.groups, l.depth)
	var err error
	c.mul, err = newMultiplier(threads)
	return c, err
}

// collect copies samples of one input, the at-th of its chunk.
func (c *collector) collect(x, y []float32, at int, random *rand.Rand) {
	first := at * c.each
	if c.each == c.w.positions {
		for p := range c.each {
			c.w.copy(c.x, c.y, first+p, x, y, p)
		}
		return
	}
	for i := range c.each { // one of each stretch of positions
		from, to := i*c.w.positions/c.each, (i+1)*c.w.positions/c.each
		c.w.copy(c.x, c.y, first+i, x, y, from+random.IntN(to-from))
	}
}

// add adds the products of the samples of n inputs.
func (c *collector) add(n int) error {
	used := n * c.each
	if c.xAt == nil {
		c.xAt, c.yAt = means(c.x, used), means(c.y, used)
	}
	for i, m := range []*matrix{c.x, c.y} {
		subtract(m, [][]float64{c.xAt, c.yAt}[i], used)
	}
	s := c.halves[c.half]
	c.half = 1 - c.half
	s.n += used
	for i := range c.x.rows {
		for _, v := range c.x.row(i)[:used] {
			s.x[i] += float64(v)
		}
	}
	for i := range c.y.rows {
		for _, v := range c.y.row(i)[:used] {
			s.y[i] += float64(v)
			s.yy[i] += float64(v) * float64(v)
		}
	}
	per := c.l.oc / c.l.groups
	for g := range c.l.groups {
		x, y := c.x.slice(g*c.l.depth, (g+1)*c.l.depth), c.y.slice(g*per, (g+1)*per)
		if err := c.products(c.xx, x, x); err != nil {
			return err
		}
		accumulate(s.xx[g], c.xx.data)
		if err := c.products(c.yx, y, x); err != nil {
			return err
		}
		accumulate(s.yx[g], c.yx.data)
	}
	return nil
}

// means returns the means of the first n columns of the rows.
func means(m *matrix, n int) []float64 {
	out := make([]float64, m.rows)
	for i := range out {
		for _, v := range m.row(i)[:n] {
			out[i] += float64(v)
		}
		out[i] = float64(float32(out[i] / float64(n)))
	}
	return out
}

// subtract subtracts at[i] from the first n columns of row i and clears the others.
func subtract(m *matrix, at []float64, n int) {
	for i, shift := range at {
		row := m.row(i)
		for k := range row[:n] {
			row[k] -= float32(shift)
		}
		clear(row[n:])
	}
}

// smallProduct is the number of elements below which a product is not worth a plan.
const smallProduct = 512

// products sets dst to a times the transpose of b.
func (c *collector) products(dst, a, b *matrix) error {
	if len(dst.data) > smallProduct {
		return c.mul.timesTransposed(dst, a, b)
	}
	for i := range a.rows {
		for k := range b.rows {
			var sum float32
			for p, v := range a.row(i) {
				sum += v * b.row(k)[p]
			}
			dst.data[i*b.rows+k] = sum
		}
	}
	return nil
}

func accumulate(dst []float64, src []float32) {
	for i, v := range src {
		dst[i] += float64(v)
	}
}
