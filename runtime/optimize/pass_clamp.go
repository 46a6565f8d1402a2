package optimize

import (
	"math"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/ops"
)

// absorbClamp makes Relu, Relu6 and Clip with constant bounds part of the node that they alone follow.
func absorbClamp(g *graph.Graph) error {
	count := uses(g)
	e := newEditor(g)
	for _, n := range g.Nodes {
		e.enter(n)
		if !e.absorbClamp(n, count) {
			e.keep(n)
		}
	}
	e.finish()
	return nil
}

// absorbClamp reports whether n became part of the node before it.
func (e *editor) absorbClamp(n *graph.Node, count map[*graph.Value]int) bool {
	lo, hi, ok := clampOf(n)
	if !ok {
		return false
	}
	x, y := n.Inputs[0], n.Outputs[0]
	p := x.Producer
	if p == nil || count[x] != 1 || x.DType != y.DType || !x.Quant.Equal(y.Quant) || x.DType != graph.Float32 && x.Quant == nil {
		return false
	}
	op, err := ops.Lookup(p.Op)
	if err != nil || op.WithClamp == nil || p.Attrs == nil || p.Outputs[0] != x {
		return false
	}
	a, ok := op.WithClamp(p.Attrs, lo, hi)
	if !ok {
		return false
	}
	p.Attrs = a
	e.replace(y, x)
	count[x] = count[y]
	return true
}

// clampOf returns the interval that n cuts its input to, false where it does something else.
func clampOf(n *graph.Node) (lo, hi float32, ok bool) {
	lo, hi = float32(math.Inf(-1)), float32(math.Inf(1))
	switch n.Op {
	case "Relu":
		return 0, hi, true
	case "Relu6":
		return 0, 6, true
	case "Clip":
		for i, bound := range []*float32{&lo, &hi} {
			v := n.Input(1 + i)
			if v == nil {
				continue
			}
			if v.Const == nil || v.Const.Len() != 1 || !v.DType.IsFloat() {
				return 0, 0, false
			}
			*bound = float32(v.Const.Float(0))
		}
		return lo, hi, lo <= hi
	}
	return 0, 0, false
}
