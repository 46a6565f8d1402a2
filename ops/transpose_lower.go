package ops

import (
	"github.com/octet-ml/octet/graph"
	i8 "github.com/octet-ml/octet/int8"
)

// matrices returns the transposition of matrices that a permutation of a tensor of shape s is, and false where it is none: two
// runs of axes change places, perhaps behind axes that stay.
func matrices(s graph.Shape, perm []int) (i8.Matrices, bool) {
	var sizes []int // of runs of axes that stay together, in the order of the result
	var first []int // axis of each
	last := -1
	for _, p := range perm {
		if s[p] == 1 {
			continue
		}
		if k := len(sizes) - 1; k >= 0 && follows(s, last, p) {
			sizes[k] *= s[p]
		} else {
			sizes, first = append(sizes, s[p]), append(first, p)
		}
		last = p
	}
	switch {
	case len(sizes) == 2 && first[1] < first[0]:
		return i8.Matrices{Count: 1, Rows: sizes[1], Cols: sizes[0]}, true
	case len(sizes) == 3 && first[0] < first[2] && first[2] < first[1]:
		return i8.Matrices{Count: sizes[0], Rows: sizes[2], Cols: sizes[1]}, true
	}
	return i8.Matrices{}, false
}

// follows reports whether there is no axis longer than 1 between axes a and b.
func follows(s graph.Shape, a, b int) bool {
	if b < a {
		return false
	}
	return graph.Shape(s[a+1:b]).Size() == 1
}

// readsFloat is Operator.ReadsFloat of Transpose: the kernels quantize matrices of few rows as they transpose them.
func readsFloat(n *graph.Node) bool {
	perm, err := permutation(n, len(n.Inputs[0].Shape))
	if err != nil || len(perm) == 0 || !perTensorByte(n.Outputs[0]) {
		return false
	}
	m, ok := matrices(n.Inputs[0].Shape.Bind(1), perm)
	return ok && m.Rows <= i8.MaxQuantizedRows
}

// lowerTranspose uses kernels for matrices of bytes, made of float32 or not, and plain loops otherwise.
func lowerTranspose(t *Target, n *graph.Node) (*Lowered, error) {
	x, y := n.Inputs[0], n.Outputs[0]
	perm, err := permutation(n, len(x.Shape))
	if err != nil {
		return nil, err
	}
	m, ok := matrices(x.Shape, perm)
	switch {
	case !ok:
	case x.DType.Bits() == 8 && sameQuant(n, n.Inputs):
		if p, err := t.I8.Transpose(m); err == nil {
			return &Lowered{Kernel: p.Kernel(), Bind: func(b Buffers) (Step, error) { return p.Bind(b.In[0], b.Out[0]) }}, nil
		}
	case x.DType == graph.Float32 && y.DType == graph.Float32 && m.Rows == 3:
		if p, err := t.F32.Interleave3(m.Count, m.Cols); err == nil {
			return &Lowered{Kernel: p.Kernel(), Bind: func(b Buffers) (Step, error) { return p.Bind(b.In[0], b.Out[0]) }}, nil
		}
	case x.DType == graph.Float32 && perTensorByte(y):
		if p, err := t.I8.QuantizeTransposed(quantizeParams(y), m); err == nil {
			return &Lowered{Kernel: p.Kernel(), Scratch: p.Scratch(), Bind: func(b Buffers) (Step, error) { return p.Bind(b.In[0], b.Out[0]) }}, nil
		}
	}
	return transpose.lower(t, n)
}
