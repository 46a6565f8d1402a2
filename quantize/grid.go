package quantize

import (
	"fmt"
	"maps"
	"math"
	"slices"

	"github.com/octet-ml/octet/graph"
)

// Levels returns the levels of a scheme that is not Float. Those of Int4KMeans are the codebook of the weights w [oc depth] of a
// layer; the other schemes' do not depend on weights, which may then be nil. The caller owns the result.
func (s Scheme) Levels(w []float32, oc int) Levels { return slices.Clone(levelsOf(s, w, oc)) }

// Grid is what the weights of a layer are rounded to: the nearest of the levels times the scale of their output channel.
type Grid struct {
	Scheme Scheme
	Levels Levels
	Scale  []float32 // [oc], positive
}

// FitGrid returns the grid of a scheme that is not Float on which the weights [oc depth], each rounded to the nearest, have the least
// squared error: a scale for each output channel, or with perTensor one for all.
func FitGrid(s Scheme, w []float32, oc int, perTensor bool) Grid {
	g := Grid{Scheme: s, Levels: s.Levels(w, oc), Scale: make([]float32, oc)}
	rows := oc
	if perTensor {
		rows = 1
	}
	size := len(w) / rows
	for c := range oc {
		if c >= rows {
			g.Scale[c] = g.Scale[0]
			continue
		}
		row := w[c*size : (c+1)*size]
		g.Scale[c] = searchScale(row, nil, g.Levels, scaleFor(row, g.Levels))
	}
	return g
}

// check returns an error unless g can be the grid of a layer with oc output channels.
func (g Grid) check(oc int) error {
	if g.Scheme >= Float || len(g.Scale) != oc {
		return fmt.Errorf("%w: grid of %v with %d scales for %d output channels", ErrOption, g.Scheme, len(g.Scale), oc)
	}
	for c, s := range g.Scale {
		if !(s > 0) || s-s != 0 {
			return fmt.Errorf("%w: channel %d: scale %v", ErrOption, c, s)
		}
	}
	least, most, count := float32(math.MinInt8), float32(math.MaxInt8), 1<<g.Scheme.Bits()
	if g.Scheme == Int4 {
		least, most = -8, 7
	}
	if n := len(g.Levels); n < 2 || n > count || g.Levels[0] < least || g.Levels[n-1] > most {
		return fmt.Errorf("%w: levels %v for %v", ErrOption, g.Levels, g.Scheme)
	}
	for i, l := range g.Levels {
		if l != float32(int8(l)) || i > 0 && l <= g.Levels[i-1] {
			return fmt.Errorf("%w: levels %v are not ascending integers", ErrOption, g.Levels)
		}
	}
	return nil
}

// pack returns the weights of a layer rounded to the grid.
func (g Grid) pack(l *layer) (*packed, error) {
	if err := g.check(l.oc); err != nil {
		return nil, err
	}
	w := l.weights()
	p := &packed{scheme: g.Scheme, levels: g.Levels, values: make([]float32, len(w)), scale: g.Scale, bias: l.bias()}
	for i, v := range w {
		p.values[i] = g.Levels.Nearest(v / g.Scale[i/l.depth])
	}
	return p, nil
}

// Assemble returns the quantized form of a float graph whose grids and ranges were decided elsewhere, as by training (package
// qat): weights has the grid of each convolution and dense layer that is to work on integers, by the name of the node, and activations
// the uint8 quantization of every value that is quantized, by its name, with one scale; a dense layer without one there keeps real
// sums. Where a clamp becomes part of the node before it, the value keeps the name that it has before the clamp. The result refers to
// the scales and quantizations that it was given. Errors wrap ErrQuantized, ErrNothing or ErrOption, or are those of runtime.Compile.
func Assemble(g *graph.Graph, weights map[string]Grid, activations map[string]*graph.Quant) (*graph.Graph, error) {
	m, err := newModel(g)
	if err != nil {
		return nil, err
	}
	packs := make(map[*layer]*packed)
	for _, l := range m.layers {
		grid, ok := weights[l.name()]
		if !ok {
			continue
		}
		if packs[l], err = grid.pack(l); err != nil {
			return nil, fmt.Errorf("%s: %w", l.node.Where(), err)
		}
	}
	if len(packs) != len(weights) {
		return nil, fmt.Errorf("%w: %d grids, of which %d are of layers", ErrOption, len(weights), len(packs))
	}
	for _, name := range slices.Sorted(maps.Keys(activations)) {
		if err := checkActivation(activations[name]); err != nil {
			return nil, fmt.Errorf("%w: activation %q: %w", ErrOption, name, err)
		}
	}
	e := m.emitter(packs, activations)
	e.told = true
	out, _, err := e.emit()
	return out, err
}

// checkActivation returns an error unless q can be the quantization of a uint8 activation.
func checkActivation(q *graph.Quant) error {
	if q == nil || !q.IsPerTensor() {
		return fmt.Errorf("quantization %v: want one with one scale", q)
	}
	return q.Check(graph.Uint8, nil)
}

// Observe runs a float model on calibration inputs and returns what it saw of every activation that a quantized form may have to
// quantize, by name. It uses the Inputs, Seed, Threads, Progress and Cancelled of the options. Errors are those of Quantize.
func Observe(g *graph.Graph, data Data, o Options) (map[string]*Observed, error) {
	j, err := newJob(g, data, Options{Inputs: o.Inputs, Seed: o.Seed, Threads: o.Threads, Progress: o.Progress, Cancelled: o.Cancelled})
	if err != nil {
		return nil, err
	}
	if err := j.calibrate(); err != nil {
		return nil, err
	}
	return j.observed, nil
}

// Quant returns the quantization to the integers 0 to 2^bits-1, bits from 2 to 8, with the least squared error.
func (o *Observed) Quant(bits int) *graph.Quant {
	top := float64(int(1)<<bits - 1)
	lo, hi := o.meanSquared(top)
	return affine(lo, hi, top)
}
