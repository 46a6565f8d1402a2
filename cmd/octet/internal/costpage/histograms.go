package costpage

import (
	"fmt"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"

	"github.com/octet-ml/octet/bench/figure"
	"github.com/octet-ml/octet/quantize/cost"
)

// mostMarked is how many levels of weights are marked one by one.
const mostMarked = 40

// shownWorst is the number of activations, and of layers, whose histograms are drawn.
const shownWorst = 3

// histograms draws the numbers of the activations and weights that are farthest apart.
func histograms(p *Page) ([]*figure.Figure, error) {
	var figures []*figure.Figure
	var values, weights []float64
	for _, v := range p.Values {
		values = append(values, v.SQNR)
	}
	for _, l := range p.Layers {
		weights = append(weights, l.SQNR)
	}
	for _, i := range worst(shownWorst, values) {
		g, err := activation(i, &p.Values[i])
		if err != nil {
			return nil, err
		}
		figures = append(figures, g)
	}
	for _, i := range worst(shownWorst, weights) {
		g, err := weight(i, &p.Layers[i])
		if err != nil {
			return nil, err
		}
		figures = append(figures, g)
	}
	return figures, nil
}

// activation draws the numbers of an activation and the ends of its grid.
func activation(i int, v *cost.Value) (*figure.Figure, error) {
	caption := fmt.Sprintf("%s: %.1f dB. What A computes, in %d bins.", v.Name, v.SQNR, len(v.Numbers.Counts))
	if v.Grid != nil {
		caption += fmt.Sprintf(" The grid of B goes from %.4g to %.4g in steps of %.4g; %.2g %% lie beyond it.", v.Grid.Lo, v.Grid.Hi, v.Grid.Step, 100*v.Clipped)
	} else {
		caption += " B has floats there."
	}
	g := figure.New(fmt.Sprintf("Activation %d", i), caption, "number", "count + 1")
	least, most, top := v.Numbers.Lo, v.Numbers.Hi, 1.0
	for _, n := range v.Numbers.Counts {
		top = max(top, float64(n)+1)
	}
	if err := g.Line("A", outline(v.Numbers, 1, 1), false); err != nil {
		return nil, err
	}
	if v.Grid != nil {
		least, most = min(least, v.Grid.Lo), max(most, v.Grid.Hi)
		box := plotter.XYs{{X: v.Grid.Lo, Y: 1}, {X: v.Grid.Lo, Y: top}, {X: v.Grid.Hi, Y: top}, {X: v.Grid.Hi, Y: 1}}
		if err := g.Line("grid of B", box, false); err != nil {
			return nil, err
		}
	}
	margin := (most-least)/50 + 1e-9
	g.X.Min, g.X.Max, g.Y.Min, g.Y.Max = least-margin, most+margin, 1, max(top, 10)
	figure.Logarithmic(&g.Y)
	g.Y.Tick.Marker = decades{}
	g.RoomForLegend(2)
	return g, nil
}

// weight draws the weights of a layer and the levels that they have in B.
func weight(i int, l *cost.Layer) (*figure.Figure, error) {
	x := "steps of the channel's scale"
	caption := fmt.Sprintf("%s: %.1f dB, %d bits. Weights for each step: A's as they are, B's at its levels.", l.Name, l.SQNR, l.BitsB)
	if l.Levels == nil {
		x, caption = "weight", fmt.Sprintf("%s: %.1f dB. A's weights; B has floats there.", l.Name, l.SQNR)
	}
	g := figure.New(fmt.Sprintf("Weights of layer %d", i), caption, x, "weights")
	width := (l.Weights.Hi - l.Weights.Lo) / float64(max(len(l.Weights.Counts), 1))
	if l.Levels == nil || width <= 0 {
		width = 1
	}
	var levels plotter.XYs
	for _, level := range l.Levels {
		levels = append(levels, plotter.XY{X: float64(level.Value), Y: float64(level.Count)})
	}
	if err := g.Line("A", outline(l.Weights, 1/width, 0), false); err != nil {
		return nil, err
	}
	if levels != nil {
		if err := g.Line("B", levels, len(levels) <= mostMarked); err != nil {
			return nil, err
		}
	}
	g.Y.Min = 0
	g.RoomForLegend(2)
	return g, nil
}

// outline returns the outline of bins, each count multiplied and with something added.
func outline(b cost.Bins, times, plus float64) plotter.XYs {
	width := (b.Hi - b.Lo) / float64(max(len(b.Counts), 1))
	points := plotter.XYs{{X: b.Lo, Y: plus}}
	for i, n := range b.Counts {
		y := float64(n)*times + plus
		points = append(points, plotter.XY{X: b.Lo + float64(i)*width, Y: y}, plotter.XY{X: b.Lo + float64(i+1)*width, Y: y})
	}
	return append(points, plotter.XY{X: b.Hi, Y: plus})
}

// decades are ticks at every power of ten, or at each third where there are many.
type decades struct{}

// Ticks returns the ticks between two values.
func (decades) Ticks(least, most float64) []plot.Tick {
	var ticks []plot.Tick
	for e, v := 0, 1.0; v <= most; e, v = e+1, v*10 {
		t := plot.Tick{Value: v}
		if most < 1e5 || e%3 == 0 {
			t.Label = fmt.Sprintf("1e%d", e)
		}
		if v >= least {
			ticks = append(ticks, t)
		}
	}
	return ticks
}
