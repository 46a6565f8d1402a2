package opstest

import (
	"fmt"
	"testing"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/ops"
)

// Permute fails the test unless the node, if it can be permuted by perm, gives for permuted data the permuted outputs of the
// original one. It reports whether the node can.
func Permute(t *testing.T, c Case, perm []int) bool {
	t.Helper()
	ok, err := permute(c, perm)
	if err != nil {
		t.Errorf("%s %s by %v: %v", c.Op, c.Name, perm, err)
	}
	return ok
}

func permute(c Case, perm []int) (bool, error) {
	n, err := c.Node()
	if err != nil {
		return false, err
	}
	want, err := ops.Evaluate(n, c.data())
	if err != nil {
		return false, err
	}
	op, err := ops.Lookup(c.Op)
	if err != nil || op.Permute == nil {
		return false, err
	}
	var data []bool
	for i, v := range n.Inputs {
		data = append(data, v != nil && (op.Data == nil || op.Data(n, i)) && len(v.Shape) == len(perm))
	}
	if !op.Permute(n, perm) {
		return false, nil
	}
	in := c.data()
	for i, v := range n.Inputs {
		switch {
		case v == nil:
			continue
		case i < len(data) && data[i]:
			in[i] = ops.PermuteTensor(in[i], perm)
			w := *v
			w.Shape, w.Quant = in[i].Shape, ops.PermuteQuant(v.Quant, perm)
			if w.Const != nil {
				w.Const = in[i]
			}
			n.Inputs[i] = &w
		case v.Const != nil && i < len(in):
			in[i] = v.Const
		case v.Const != nil:
			in = append(in, v.Const)
		}
	}
	if err := ops.Infer(n); err != nil {
		return true, fmt.Errorf("after: %w", err)
	}
	in = in[:len(n.Inputs)]
	got, err := ops.Evaluate(n, in)
	if err != nil {
		return true, fmt.Errorf("after: %w", err)
	}
	for i, w := range want {
		if w == nil {
			continue
		}
		p := w
		if len(w.Shape) == len(perm) {
			p = ops.PermuteTensor(w, perm)
		}
		if err := Same(got[i], p, Tolerance); err != nil {
			return true, fmt.Errorf("output %d: %w", i, err)
		}
	}
	return true, nil
}

// Bound returns the values of a node inferred with an unbound batch and then bound to size n, for comparison with those of
// the same node inferred with batch n at once. unbound tells which inputs have the batch as their first axis.
func Bound(c Case, n int, unbound func(i int) bool) (late, early []graph.Shape, err error) {
	node := c.bare()
	for i, v := range node.Inputs {
		if v != nil && unbound(i) {
			v.Shape[0] = -v.Shape[0]
		}
	}
	if err := ops.Infer(node); err != nil {
		return nil, nil, err
	}
	for _, v := range node.Outputs {
		late = append(late, v.Shape.Bind(n))
		v.Shape = v.Shape.Bind(n)
	}
	for _, v := range node.Inputs {
		if v != nil {
			v.Shape = v.Shape.Bind(n)
		}
	}
	if err := ops.Infer(node); err != nil {
		return nil, nil, fmt.Errorf("bound to %d: %w", n, err)
	}
	for _, v := range node.Outputs {
		early = append(early, v.Shape)
	}
	return late, early, nil
}
