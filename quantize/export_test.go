package quantize

import "github.com/octet-ml/octet/graph"

// TimedNode is a node of a form: Layer is the place of the layer in the graph that its time counts for, -1 where that is none.
type TimedNode struct {
	*graph.Node
	Layer int
}

// WithClock returns the options with times of nodes, in milliseconds, in the place of measured ones. Round is the number of the round.
func WithClock(o Options, clock func(n TimedNode, round int) float64) Options {
	o.clock = func(forms []*graph.Graph) ([]runTimes, error) {
		var out []runTimes
		for _, g := range forms {
			t := runTimes{Layers: make(map[int][]float64)}
			for round := range leastRounds {
				layers := make(map[int]float64)
				whole := 0.0
				for _, n := range g.Nodes {
					at, ok := timedLayer(n.Name)
					if !ok {
						at = -1
					}
					ms := clock(TimedNode{n, at}, round)
					whole += ms
					layers[at] += ms
				}
				t.Whole = append(t.Whole, whole)
				for l, ms := range layers {
					t.Layers[l] = append(t.Layers[l], ms)
				}
			}
			out = append(out, t)
		}
		return out, nil
	}
	return o
}
