package cost

import (
	"fmt"
	"math"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/quantize"
)

// Value is an activation of A beside its counterpart in B.
type Value struct {
	Name string `json:"name"`
	// Source is its name in A where that is another one.
	Source   string  `json:"a_name,omitempty"`
	Elements int     `json:"elements"` // of one input
	SQNR     float64 `json:"sqnr_db"`  // mean square of A's numbers to that of the differences, at most 200
	Cosine   float64 `json:"cosine"`   // of the angle between the numbers of A and B
	// Clipped is the share of A's numbers that B's grid cuts.
	Clipped float64 `json:"clipped"`
	Grid    *Grid   `json:"grid,omitempty"` // of B; nil where B has floats
	// Numbers counts A's numbers.
	Numbers Bins `json:"numbers"`
}

// Grid is the numbers that a quantized activation can have: Lo to Hi in steps.
type Grid struct {
	Lo   float64 `json:"lo"`
	Hi   float64 `json:"hi"`
	Step float64 `json:"step"`
	Bits int     `json:"bits"`
}

// newGrid returns the grid of a value, nil where it has none.
func newGrid(v *graph.Value) *Grid {
	if v.Quant == nil || !v.Quant.IsPerTensor() || v.Quant.Table != nil {
		return nil
	}
	lo, hi := v.DType.IntRange()
	scale, zero := float64(v.Quant.Scale[0]), int64(v.Quant.ZeroAt(0))
	return &Grid{Lo: scale * float64(lo-zero), Hi: scale * float64(hi-zero), Step: scale, Bits: v.DType.Bits()}
}

// cut returns how many numbers lie farther beyond the grid than half a step.
func (g *Grid) cut(numbers []float32) int {
	lo, hi, n := float32(g.Lo-g.Step/2), float32(g.Hi+g.Step/2), 0
	for _, v := range numbers {
		if v < lo || v > hi {
			n++
		}
	}
	return n
}

// Bins are counts of numbers between Lo and Hi in bins of equal width.
type Bins struct {
	Lo     float64  `json:"lo"`
	Hi     float64  `json:"hi"`
	Counts []uint64 `json:"counts"`
}

// binCount is the number of bins that a report has.
const binCount = 64

// newBins returns a histogram in few bins, between the least and the greatest number.
func newBins(h *quantize.Histogram) Bins {
	b := Bins{Lo: float64(h.Min), Hi: float64(h.Max), Counts: make([]uint64, binCount)}
	width := (b.Hi - b.Lo) / binCount
	for i, n := range h.Counts {
		if n == 0 {
			continue
		}
		at := 0
		if width > 0 {
			middle := (float64(i-len(h.Counts)/2) + 0.5) * h.Width()
			at = min(max(int(math.Floor((middle-b.Lo)/width)), 0), binCount-1)
		}
		b.Counts[at] += n
	}
	return b
}

// observed is what is summed of one pair of activations.
type observed struct {
	distance
	cut int
}

// outputs returns a graph whose outputs are the given values of it.
func outputs(g *graph.Graph, values []*graph.Value) *graph.Graph {
	return &graph.Graph{Name: g.Name, Inputs: g.Inputs, Nodes: g.Nodes, Outputs: values, Metadata: g.Metadata}
}

// compareValues compares activations on some of the inputs.
func (c *comparison) compareValues() error {
	if c.o.Values < 0 {
		return nil
	}
	m, err := match(c.a, c.b)
	if err != nil {
		return err
	}
	c.report.Unmatched = append(c.report.Unmatched, m.unmatched...)
	pairs := m.pairs()
	if len(pairs) == 0 {
		c.note("no activation of one model has a counterpart of the same name and shape in the other")
		return nil
	}
	w, err := c.newWatch(m, pairs)
	if err != nil {
		return err
	}
	order := spread(c.o.Values, c.report.Inputs)
	c.report.Sampled = len(order)
	err = each(c.o.Threads, len(order), func(worker, i, at int) error { return w.visit(worker, order[i], at) }, func(i, at int) {
		for k, o := range w.seen[at] {
			w.sums[k].plus(o.distance)
			w.sums[k].cut += o.cut
		}
		c.o.Progress("activations", i+1, len(order))
	})
	if err != nil {
		return err
	}
	w.report(c.report, m.a.names)
	made := make(map[string]string) // by layers of A
	for _, p := range pairs {
		if n := p.a.Producer; n != nil {
			made[layerName(n)] = p.name
		}
	}
	for i := range c.report.Layers {
		c.report.Layers[i].Output = made[c.report.Layers[i].Name]
	}
	return nil
}

// watch is two machines whose outputs are pairs of activations, and what was seen of them.
type watch struct {
	a, b       *machine
	pairs      []pair
	grids      []*Grid
	seen       [chunk][]observed
	sums       []observed
	histograms [][]quantize.Histogram // for each worker
	x, y       [][]float32            // likewise
}

func (c *comparison) newWatch(m *matcher, pairs []pair) (*watch, error) {
	w := &watch{pairs: pairs, sums: make([]observed, len(pairs)), x: make([][]float32, c.o.Threads), y: make([][]float32, c.o.Threads)}
	var xs, ys []*graph.Value
	for _, p := range pairs {
		xs, ys = append(xs, p.a), append(ys, p.b)
		w.grids = append(w.grids, newGrid(p.b))
	}
	for range c.o.Threads {
		w.histograms = append(w.histograms, make([]quantize.Histogram, len(pairs)))
	}
	var err error
	if w.a, err = compile(c.a, outputs(m.a.graph, xs), c.o.Threads); err != nil {
		return nil, err
	}
	w.b, err = c.compileB(outputs(m.b.graph, ys))
	return w, err
}

// visit compares the pairs on input i.
func (w *watch) visit(worker, i, at int) error {
	if err := both(w.a, w.b, worker, i); err != nil {
		return err
	}
	w.seen[at] = make([]observed, len(w.pairs))
	for k := range w.pairs {
		w.x[worker] = w.a.output(worker, k, w.x[worker])
		w.y[worker] = w.b.output(worker, k, w.y[worker])
		o := &w.seen[at][k]
		o.add(w.x[worker], w.y[worker])
		if o.noise-o.noise != 0 {
			return fmt.Errorf("%w: input %d: %q has NaN or infinite numbers", ErrData, i, w.pairs[k].name)
		}
		if g := w.grids[k]; g != nil {
			o.cut = g.cut(w.x[worker])
		}
		w.histograms[worker][k].Add(w.x[worker])
	}
	return nil
}

// report writes what was seen to a report. names are those of A's activations.
func (w *watch) report(r *Report, names map[*graph.Value]string) {
	for k, p := range w.pairs {
		h := &w.histograms[0][k]
		for _, other := range w.histograms[1:] {
			h.Merge(&other[k])
		}
		s := &w.sums[k]
		v := Value{Name: p.name, Elements: p.a.Shape.Bind(1).Size(), SQNR: s.sqnr(), Cosine: s.cosine(), Grid: w.grids[k], Numbers: newBins(h)}
		v.Clipped = float64(s.cut) / float64(max(h.N, 1))
		if name := names[p.a]; name != p.name {
			v.Source = name
		}
		r.Values = append(r.Values, v)
	}
}
