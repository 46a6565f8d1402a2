package costpage

import (
	"cmp"
	"fmt"
	"slices"

	"gonum.org/v1/plot"

	"github.com/octet-ml/octet/bench/figure"
	"github.com/octet-ml/octet/quantize/cost"
)

// The most pairs of classes in a figure, and the most letters of a name there.
const (
	shownPairs = 10
	nameLength = 13
)

// accuracy draws how many labels the models find, and which confusions changed.
func accuracy(p *Page) ([]*figure.Figure, error) {
	var figures []*figure.Figure
	if p.A.Score != nil {
		g := figure.New("Accuracy", "Share of labels that are the first answer (top-1) or among the five best (top-5), and macro-F1. Higher is better.", "", "%")
		for i, s := range []struct {
			name string
			*cost.Score
		}{{"A", p.A.Score}, {"B", p.B.Score}} {
			n := float64(s.Inputs)
			values := []float64{100 * float64(s.Top1) / n, 100 * float64(s.Top5) / n, 100 * s.MacroF1}
			if err := g.Beside(s.name, values, i, 2); err != nil {
				return nil, err
			}
		}
		g.NominalX("top-1", "top-5", "macro-F1")
		g.Y.Min, g.Y.Max = 0, 100
		g.RoomForLegend(2)
		g.Y.Tick.Marker = plot.ConstantTicks{{Value: 0, Label: "0"}, {Value: 20, Label: "20"}, {Value: 40, Label: "40"}, {Value: 60, Label: "60"}, {Value: 80, Label: "80"}, {Value: 100, Label: "100"}}
		figures = append(figures, g)
	}
	list := p.Answers.Confusions[:min(len(p.Answers.Confusions), shownPairs)]
	if len(list) == 0 {
		return figures, nil
	}
	g := figure.New("Changed confusions", "How many times more (right) or less often (left) B takes a class for another one than A does: label > answer.", "more often in B", "")
	var values []float64
	var names []string
	for _, c := range slices.Backward(list) { // the first on top
		values = append(values, float64(c.B-c.A))
		names = append(names, shorten(p.Class(c.Label))+" > "+shorten(p.Class(c.Answer)))
	}
	if err := g.Across(values); err != nil {
		return nil, err
	}
	g.NominalY(names...)
	return append(figures, g), nil
}

// shorten cuts a name that is too long for a figure.
func shorten(name string) string {
	if r := []rune(name); len(r) > nameLength {
		return string(r[:nameLength-1]) + "."
	}
	return name
}

// layers draws how close activations and weights are.
func layers(p *Page) ([]*figure.Figure, error) {
	var figures []*figure.Figure
	var values, cut, weights []float64
	for _, v := range p.Values {
		values, cut = append(values, bar(v.SQNR)), append(cut, 100*v.Clipped)
	}
	for _, l := range p.Layers {
		weights = append(weights, bar(l.SQNR))
	}
	for _, s := range []struct {
		title, caption, x, y string
		values               []float64
	}{
		{"Activations: signal to noise", "Mean square of what A computes to that of the differences in B. Higher is better; no bar: the same to the bit. Numbers as in the table.", "activation", "dB", values},
		{"Activations: clipped", "Share of what A computes that is beyond the grid of B.", "activation", "%", cut},
		{"Weights: signal to noise", "Mean square of A's weights to that of the differences in B. Higher is better; no bar: the same to the bit. Numbers as in the table.", "layer", "dB", weights},
	} {
		if len(s.values) == 0 {
			continue
		}
		g := figure.New(s.title, s.caption, s.x, s.y)
		if err := g.Beside("", s.values, 0, 1); err != nil {
			return nil, err
		}
		g.Legend = plot.NewLegend()
		g.Y.Min = min(0, slices.Min(s.values))
		if g.Y.Max <= g.Y.Min {
			g.Y.Max = g.Y.Min + 1
		}
		figures = append(figures, g)
	}
	return figures, nil
}

// bar returns how high the bar of a ratio is: nothing where there is no noise.
func bar(decibels float64) float64 {
	if decibels >= cost.MostDecibels {
		return 0
	}
	return decibels
}

// storage draws bytes and multiplications by the bits of weights.
func storage(p *Page) ([]*figure.Figure, error) {
	sides := []*cost.Side{&p.A, &p.B}
	var bits []int
	for _, s := range sides {
		for _, w := range s.Widths {
			bits = append(bits, w.Bits)
		}
	}
	slices.Sort(bits)
	bits = slices.Compact(bits)
	of := func(bits int, what func(cost.Width) int) []float64 {
		values := make([]float64, len(sides))
		for i, s := range sides {
			for _, w := range s.Widths {
				if w.Bits == bits {
					values[i] = float64(what(w))
				}
			}
		}
		return values
	}
	var figures []*figure.Figure
	for _, f := range []struct {
		title, caption, y string
		what              func(cost.Width) int
		other             func(*cost.Side) int
		unit              float64
	}{
		{"Bytes of constants", "By the bits of a weight. The rest is biases, scales and tables.", "KiB", func(w cost.Width) int { return w.Bytes }, func(s *cost.Side) int { return s.Storage.Other }, 1024},
		{"Multiplications", "For one input, by the bits of the weight.", "million", func(w cost.Width) int { return w.MACs }, nil, 1e6},
	} {
		g := figure.New(f.title, f.caption, "", f.y)
		stack := newStack(g, f.unit)
		for _, b := range bits {
			if err := stack.add(fmt.Sprintf("%d bits", b), of(b, f.what)); err != nil {
				return nil, err
			}
		}
		if f.other != nil {
			if err := stack.add("rest", []float64{float64(f.other(sides[0])), float64(f.other(sides[1]))}); err != nil {
				return nil, err
			}
		}
		g.NominalX("A", "B")
		g.Y.Min = 0
		g.RoomForLegend(stack.n)
		figures = append(figures, g)
	}
	return figures, nil
}

// worst returns the indices of the n least values, the least first.
func worst(n int, values []float64) []int {
	list := make([]int, len(values))
	for i := range list {
		list[i] = i
	}
	slices.SortStableFunc(list, func(i, j int) int { return cmp.Compare(values[i], values[j]) })
	return list[:min(n, len(list))]
}
