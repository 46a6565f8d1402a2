package quantize

import (
	"fmt"
	"slices"

	"github.com/octet-ml/octet/graph"
)

// Levels returns the levels of a scheme that is not Float. Those of Int4KMeans are the codebook of the weights w [oc depth] of a
// layer; the other schemes' do not depend on weights, which may then be nil. The caller owns the result.
func (s Scheme) Levels(w []float32, oc int) Levels { return slices.Clone(levelsOf(s, w, oc)) }

// Integers returns the levels lo to hi.
func Integers(lo, hi int) Levels { return integers(lo, hi) }

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
	depth := len(w) / oc
	if perTensor {
		scale := searchScale(w, nil, g.Levels, scaleFor(w, g.Levels))
		for c := range g.Scale {
			g.Scale[c] = scale
		}
		return g
	}
	for c := range oc {
		row := w[c*depth : (c+1)*depth]
		g.Scale[c] = searchScale(row, nil, g.Levels, scaleFor(row, g.Levels))
	}
	return g
}

// pack returns the weights of a layer rounded to the grid.
func (g Grid) pack(l *layer) (*packed, error) {
	if len(g.Scale) != l.oc || len(g.Levels) == 0 || g.Scheme >= Float {
		return nil, fmt.Errorf("%w: grid of %v with %d levels and %d scales for %d output channels", ErrOption, g.Scheme, len(g.Levels), len(g.Scale), l.oc)
	}
	w := l.weights()
	p := &packed{scheme: g.Scheme, levels: g.Levels, values: make([]float32, len(w)), scale: g.Scale, bias: l.bias()}
	for i, v := range w {
		scale := g.Scale[i/l.depth]
		if !(scale > 0) {
			return nil, fmt.Errorf("%w: channel %d: scale %v", ErrOption, i/l.depth, scale)
		}
		p.values[i] = g.Levels.Nearest(v / scale)
	}
	return p, nil
}

// Assemble returns the quantized form of a float graph whose grids and ranges were decided elsewhere, as by training (package
// qat): weights has the grid of each convolution and dense layer that is to work on integers, by the name of the node, and activations
// the uint8 quantization of every value that is quantized, by its name; a dense layer without one there keeps real sums. Where a clamp becomes part of the node before it, the value
// keeps the name that it has before the clamp. Errors wrap ErrQuantized, ErrNothing or ErrOption.
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
	e := m.emitter(packs, activations)
	e.told = true
	out, _, err := e.emit()
	return out, err
}

// Observe runs a float model on calibration inputs and returns what it saw of every activation that a quantized form may have to
// quantize, by name. It uses the Inputs, Seed, Threads and Cancelled of the options. Errors are those of Quantize.
func Observe(g *graph.Graph, data Data, o Options) (map[string]*Observed, error) {
	j, err := newJob(g, data, o)
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
