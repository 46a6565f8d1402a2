package optimize

import (
	"fmt"

	"github.com/octet-ml/octet/graph"
)

// Rebatch returns g with a dynamic batch: a first dimension of 1 of every input becomes the batch, and so does a leading 1 in
// the shape that a Reshape is given, when shapes are inferred. A graph whose inputs have a dynamic dimension already is
// returned as it is; one with an input whose first dimension is neither is an error.
func Rebatch(g *graph.Graph) (*graph.Graph, error) {
	for _, v := range g.Inputs {
		if !v.Shape.Static() {
			return g, nil
		}
	}
	g = g.Clone()
	for _, v := range g.Inputs {
		if v.Const != nil {
			continue
		}
		if len(v.Shape) == 0 || v.Shape[0] != 1 {
			return nil, fmt.Errorf("input %q of shape %v has no batch dimension", v.Name, v.Shape)
		}
		v.Shape[0] = graph.Batch
	}
	return g, nil
}
