package costpage

import (
	"slices"

	"gonum.org/v1/plot/plotter"

	"github.com/octet-ml/octet/bench/figure"
)

// stack puts series of bars on top of each other, without those that are nothing.
type stack struct {
	g     *figure.Figure
	unit  float64
	below *plotter.BarChart
	n     int
}

func newStack(g *figure.Figure, unit float64) *stack { return &stack{g: g, unit: unit} }

// add adds a series.
func (s *stack) add(name string, values []float64) error {
	if slices.Max(values) == 0 {
		return nil
	}
	for i := range values {
		values[i] /= s.unit
	}
	b, err := s.g.Stack(name, values, s.below)
	if err != nil {
		return err
	}
	s.below = b
	s.n++
	return nil
}
