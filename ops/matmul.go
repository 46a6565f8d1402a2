package ops

import (
	"github.com/octet-ml/octet/graph"
)

// gemmDims returns m, k and n of a Gemm node; m has the sign of the batch.
func gemmDims(node *graph.Node) (m, k, n int, err error) {
	a, x, w := attrs[Gemm](node), node.Inputs[0].Shape, node.Inputs[1].Shape
	if len(x) != 2 || len(w) != 2 {
		return 0, 0, 0, shapeErrorf("operands %v and %v: want two axes each", x, w)
	}
	m, k = x[0], x[1]
	if a.TransA {
		m, k = k, m
	}
	kb, n := w[0], w[1]
	if a.TransB {
		kb, n = n, kb
	}
	if k != kb {
		return 0, 0, 0, shapeErrorf("operands %v and %v: inner sizes %d and %d differ", x, w, k, kb)
	}
	return m, k, n, nil
}

func inferGemm(node *graph.Node) error {
	m, _, n, err := gemmDims(node)
	if err != nil {
		return err
	}
	s := graph.Shape{m, n}
	if c := node.Input(2); c != nil {
		if b, err := graph.BroadcastShapes(s, c.Shape); err != nil || !b.Equal(s) {
			return shapeErrorf("C %v does not broadcast to %v", c.Shape, s)
		}
	}
	a := attrs[Gemm](node)
	o := operands{x: node.Inputs[0], w: node.Inputs[1], rows: m, columns: n, axis: 1 - int(boolInt(a.TransB))}
	if err := o.infer(node, s); err != nil {
		return err
	}
	c := node.Input(2)
	switch {
	case o.x.DType.IsFloat():
		if c != nil && !c.DType.IsFloat() {
			return typeErrorf("C beside float data: got %v", c.DType)
		}
	case a.Alpha != 1 || a.Beta != 1:
		return unsupportedf("alpha %v and beta %v on integers: want 1", a.Alpha, a.Beta)
	case c != nil && c.DType != graph.Int32:
		return typeErrorf("C beside integers: want i32 at the scale of the product, got %v", c.DType)
	}
	return nil
}

func referenceGemm(node *graph.Node, in, out []*graph.Tensor) error {
	m, k, n, err := gemmDims(node)
	if err != nil {
		return err
	}
	a := attrs[Gemm](node)
	ra, ca := k, 1
	if a.TransA {
		ra, ca = 1, m
	}
	rb, cb := n, 1
	if a.TransB {
		rb, cb = 1, k
	}
	c := optional(in, 2)
	var cStrides []int
	if c != nil {
		cStrides = broadcastStrides(c.Shape, graph.Shape{m, n})
	}
	if !in[0].DType.IsFloat() {
		return gemmIntegers(node, in, out[0], [3]int{m, k, n}, [4]int{ra, ca, rb, cb}, cStrides)
	}
	for i := range m {
		for j := range n {
			var sum float64
			for l := range k {
				sum += float64(in[0].Float(i*ra+l*ca) * in[1].Float(l*rb+j*cb))
			}
			sum = float64(float64(a.Alpha) * sum)
			if c != nil {
				sum += float64(float64(a.Beta) * c.Float(i*cStrides[0]+j*cStrides[1]))
			}
			out[0].SetFloat(i*n+j, sum)
		}
	}
	return nil
}

// gemmIntegers is Gemm on integers: the factors alpha and beta are 1 and C is int32 at the scale of the product.
func gemmIntegers(node *graph.Node, in []*graph.Tensor, out *graph.Tensor, mkn [3]int, strides [4]int, cStrides []int) error {
	w := node.Inputs[1]
	epilogue, err := newContraction(node.Inputs[0], w, nil, nil, node.Outputs[0], mkn[2], Clamp{}, nil, nil)
	if err != nil {
		return err
	}
	column := func(i int) int { return i % w.Shape[1] }
	if attrs[Gemm](node).TransB {
		column = func(i int) int { return i / w.Shape[1] }
	}
	ints := weightInts(w, in[1], column)
	zero := dataZero(node.Inputs[0], nil, 0)
	c := optional(in, 2)
	for i := range mkn[0] {
		for j := range mkn[2] {
			var acc int32
			for l := range mkn[1] {
				acc += (int32(in[0].Int(i*strides[0]+l*strides[1])) - zero) * ints[l*strides[2]+j*strides[3]]
			}
			if c != nil {
				acc += int32(c.Int(i*cStrides[0] + j*cStrides[1]))
			}
			epilogue.store(out, i*mkn[2]+j, j, acc, nil)
		}
	}
	return nil
}

// broadcastStrides returns, for each axis of shape to, the element stride of a tensor of shape s, 0 where it is broadcast.
func broadcastStrides(s, to graph.Shape) []int {
	out := make([]int, len(to))
	stride := 1
	for i := len(s) - 1; i >= 0; i-- {
		if s[i] != 1 {
			out[len(to)-len(s)+i] = stride
		}
		stride *= s[i]
	}
	return out
}

// matMulDims are the sizes of a MatMul with NumPy's rules for operands of one axis.
type matMulDims struct {
	lead    graph.Shape // broadcast leading axes
	m, k, n int
	a, b    graph.Shape // operands with at least two axes
	out     graph.Shape
}

func newMatMulDims(n *graph.Node) (*matMulDims, error) {
	a, b := n.Inputs[0].Shape, n.Inputs[1].Shape
	if len(a) == 0 || len(b) == 0 {
		return nil, shapeErrorf("operands %v and %v: want at least one axis", a, b)
	}
	d := &matMulDims{a: a, b: b}
	if len(a) == 1 {
		d.a = graph.Shape{1, a[0]}
	}
	if len(b) == 1 {
		d.b = graph.Shape{b[0], 1}
	}
	ra, rb := len(d.a), len(d.b)
	d.m, d.k, d.n = d.a[ra-2], d.a[ra-1], d.b[rb-1]
	if d.k != d.b[rb-2] {
		return nil, shapeErrorf("operands %v and %v: inner sizes %d and %d differ", a, b, d.k, d.b[rb-2])
	}
	var err error
	if d.lead, err = graph.BroadcastShapes(d.a[:ra-2], d.b[:rb-2]); err != nil {
		return nil, shapeErrorf("%w", err)
	}
	d.out = d.lead.Clone()
	if len(a) > 1 {
		d.out = append(d.out, d.m)
	}
	if len(b) > 1 {
		d.out = append(d.out, d.n)
	}
	return d, nil
}

func inferMatMul(n *graph.Node) error {
	d, err := newMatMulDims(n)
	if err != nil {
		return err
	}
	o := operands{
		x: n.Inputs[0], w: n.Inputs[1], xZero: n.Input(2), wZero: n.Input(3),
		rows: d.m, columns: d.n, axis: len(d.b) - 1,
	}
	return o.infer(n, d.out)
}

func referenceMatMul(n *graph.Node, in, out []*graph.Tensor) error {
	d, err := newMatMulDims(n)
	if err != nil {
		return err
	}
	integer := !in[0].DType.IsFloat()
	var epilogue *contraction
	var aInts, bInts []int32
	if integer {
		if epilogue, err = newContraction(n.Inputs[0], n.Inputs[1], nil, nil, n.Outputs[0], d.n, Clamp{}, nil, nil); err != nil {
			return err
		}
		aInts, bInts = matMulInts(n.Inputs[0], in[0], optional(in, 2), len(d.a)-2), matMulInts(n.Inputs[1], in[1], optional(in, 3), len(d.b)-1)
	}
	sa, sb := broadcastStrides(d.a[:len(d.a)-2], d.lead), broadcastStrides(d.b[:len(d.b)-2], d.lead)
	index := make([]int, len(d.lead))
	for block := range d.lead.Size() {
		ai, bi := 0, 0
		rest := block
		for i := len(index) - 1; i >= 0; i-- {
			index[i], rest = rest%d.lead[i], rest/d.lead[i]
			ai += index[i] * sa[i] * d.m * d.k
			bi += index[i] * sb[i] * d.k * d.n
		}
		for e := range d.m * d.n {
			row, col := e/d.n, e%d.n
			to := block*d.m*d.n + e
			if integer {
				var acc int32
				for l := range d.k {
					acc += aInts[ai+row*d.k+l] * bInts[bi+l*d.n+col]
				}
				epilogue.store(out[0], to, col, acc, nil)
				continue
			}
			var sum float64
			for l := range d.k {
				sum += float64(in[0].Float(ai+row*d.k+l) * in[1].Float(bi+l*d.n+col))
			}
			out[0].SetFloat(to, sum)
		}
	}
	return nil
}

// matMulInts returns the integers of an operand less its zero points: those of its Quant, or of the run-time tensor zero, one
// or one for each index of the axis.
func matMulInts(v *graph.Value, t, zero *graph.Tensor, axis int) []int32 {
	inner := 1
	for _, s := range t.Shape[min(axis+1, len(t.Shape)):] {
		inner *= s
	}
	length := 1
	if axis < len(t.Shape) {
		length = t.Shape[axis]
	}
	channel := func(i int) int { return i / inner % length }
	if zero == nil {
		return weightInts(v, t, channel)
	}
	out := make([]int32, t.Len())
	for i := range out {
		z := 0
		if zero.Len() > 1 {
			z = channel(i)
		}
		out[i] = int32(t.Int(i)) - int32(zero.Int(z))
	}
	return out
}
