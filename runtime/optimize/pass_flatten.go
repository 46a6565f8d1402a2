package optimize

import (
	"slices"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/ops"
)

// absorbFlatten makes dense layers with constant integer weights take flattened data in the order in which these are stored: the
// columns of the weights are put in that order, once. Sums of integers do not depend on it.
func absorbFlatten(g *graph.Graph) error {
	count := uses(g)
	e := newEditor(g)
	for _, n := range g.Nodes {
		e.enter(n)
		if err := e.absorbFlatten(n, count); err != nil {
			return err
		}
		e.keep(n)
	}
	e.finish()
	return nil
}

func (e *editor) absorbFlatten(n *graph.Node, count map[*graph.Value]int) error {
	a, ok := n.Attrs.(*ops.Dense)
	if !ok || n.Inputs[1].Const == nil || !n.Inputs[1].DType.IsInteger() {
		return nil
	}
	x, w := n.Inputs[0], n.Inputs[1]
	src, perm := movedRows(x, count)
	if src == nil || len(x.Shape) != 2 && !a.Flatten {
		return nil
	}
	inverse := make([]int, len(perm))
	s := graph.Shape{w.Shape[0]}
	for i, p := range perm {
		inverse[p] = i
		if i > 0 {
			s = append(s, src.Shape[p])
		}
	}
	turned := ops.PermuteTensor(&graph.Tensor{DType: w.DType, Shape: s, Data: w.Const.Data}, inverse)
	c := graph.NewConst(e.name(w.Name+"@"+n.Outputs[0].Name), &graph.Tensor{DType: w.DType, Shape: w.Shape, Data: turned.Data})
	c.Quant = w.Quant
	flat, err := e.add("Reshape", &ops.Reshape{To: graph.Shape{src.Shape[0], w.Shape[1]}}, x.Name+".stored", src, src)
	if err != nil {
		return err
	}
	n.Inputs = slices.Clone(n.Inputs)
	n.Inputs[0], n.Inputs[1] = flat, c
	if a.Flatten {
		d := *a
		d.Flatten = false
		n.Attrs = &d
	}
	return nil
}

// movedRows returns the value whose examples, the indices of its first axis, have the elements of those of x, which is made of it
// by a Transpose with the given permutation and by views, none of them for another reader; nil where there is none.
func movedRows(x *graph.Value, count map[*graph.Value]int) (src *graph.Value, perm []int) {
	v := x
	for {
		if count[v] != 1 || v.Producer == nil || !v.Quant.Equal(x.Quant) || v.DType != x.DType {
			return nil, nil
		}
		p := v.Producer
		if t, ok := p.Attrs.(*ops.Transpose); ok && p.Op == "Transpose" {
			src, perm = p.Inputs[0], t.Perm
			break
		}
		op, err := ops.Lookup(p.Op)
		if err != nil || !op.View {
			return nil, nil
		}
		v = p.Inputs[0]
	}
	if len(perm) == 0 || perm[0] != 0 || src.Const != nil || src.DType != x.DType || !src.Quant.Equal(x.Quant) ||
		src.Quant == nil || !src.Quant.IsPerTensor() || len(x.Shape) == 0 || x.Shape[0] != src.Shape[0] {
		return nil, nil
	}
	return src, perm
}
