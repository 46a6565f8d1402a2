package bench

import (
	"fmt"
	"math"
	"slices"

	"github.com/octet-ml/octet/graph"
)

// tolerance is by how much an output may differ from Octet's, relative to the largest output: sums of some thousand float32 products
// in another order, over 50 layers, and Winograd's algorithm differ by a hundredth of that; a wrong operator by far more.
const tolerance = 1e-3

// checkAgainst runs the cell once and compares its outputs with Octet's of the same graph and inputs. What the engine does not know of
// the network it takes from Octet. An Octet runner of the same graph and batch among the others serves; else one is made for it.
func (r *runner) checkAgainst(ours octet, others []*runner) error {
	k := slices.IndexFunc(others, func(o *runner) bool { return o.Engine == nil && o.Graph == r.Graph && o.Batch == r.Batch })
	var reference *runner
	if k >= 0 {
		reference = others[k]
	} else {
		c := r.Cell
		c.Engine, c.Sessions = nil, 1
		var err error
		if reference, err = newRunner(c, ours); err != nil {
			return fmt.Errorf("reference: %w", err)
		}
		defer reference.close()
	}
	if r.facts.MACs == 0 {
		r.facts.MACs = reference.facts.MACs
	}
	for _, i := range []Instance{r.instances[0], reference.instances[0]} {
		if err := i.Run(); err != nil {
			return err
		}
	}
	return agree(r.instances[0].Outputs(), reference.instances[0].Outputs())
}

// agree returns an error that wraps ErrDisagree unless the outputs are nearly what is wanted.
func agree(got, want []*graph.Tensor) error {
	if len(got) != len(want) {
		return fmt.Errorf("%w: %d outputs, want %d", ErrDisagree, len(got), len(want))
	}
	for k, w := range want {
		g := got[k]
		if !g.Shape.Equal(w.Shape) {
			return fmt.Errorf("%w: output %d: shape %v, want %v", ErrDisagree, k, g.Shape, w.Shape)
		}
		largest := 0.0
		for i := range w.Len() {
			largest = max(largest, math.Abs(w.Float(i)))
		}
		for i := range w.Len() {
			if x, y := g.Float(i), w.Float(i); !(math.Abs(x-y) <= tolerance*largest) {
				return fmt.Errorf("%w: output %d at %d: %g, want %g, where the largest is %g", ErrDisagree, k, i, x, y, largest)
			}
		}
	}
	return nil
}
