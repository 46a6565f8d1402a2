package ops

import (
	"github.com/octet-ml/octet/fp32"
	"github.com/octet-ml/octet/graph"
	i8 "github.com/octet-ml/octet/int8"
)

// kernelBroadcast returns how the operands of a binary node fit kernels that repeat their second operand over the first, and
// whether they have to be exchanged for that.
func kernelBroadcast(n *graph.Node) (s i8.Broadcast, exchange, ok bool) {
	y := n.Outputs[0]
	if volume(y.Shape) == 0 {
		return s, false, false
	}
	g := newGrid(y.Shape, n.Inputs[0].Shape, n.Inputs[1].Shape)
	k := 1
	if !g.dense(0) {
		k = 0
	}
	if len(g.dims) > 3 || !g.dense(1-k) {
		return s, false, false
	}
	sizes, strides := [3]int{1, 1, 1}, [3]int{}
	if volume(y.Shape) == 1 {
		strides = [3]int{1, 1, 1} // nothing is repeated
	}
	copy(sizes[3-len(g.dims):], g.dims)
	copy(strides[3-len(g.dims):], g.strides[k])
	return i8.Broadcast{
		Outer: sizes[0], Mid: sizes[1], Inner: sizes[2], O: strides[0], M: strides[1], C: strides[2],
	}, k == 0, true
}

var f32Operations = map[string][2]f32.BinaryOp{ // as it is, and with exchanged operands
	"Add": {f32.Add, f32.Add}, "Sub": {f32.Sub, f32.ReverseSub}, "Mul": {f32.Mul, f32.Mul}, "Div": {f32.Div, f32.ReverseDiv},
	"Max": {f32.Max, f32.Max}, "Min": {f32.Min, f32.Min}, "Sum": {f32.Add, f32.Add},
}

// lowerArithmetic uses kernels where the types and the broadcast fit them, and plain loops otherwise.
func lowerArithmetic(t *Target, n *graph.Node) (*Lowered, error) {
	a, b, y := n.Inputs[0], n.Inputs[1], n.Outputs[0]
	s, exchange, ok := kernelBroadcast(n)
	switch {
	case !ok:
	case a.DType == graph.Float32 && b.DType == graph.Float32 && y.DType == graph.Float32:
		return lowerF32Binary(t, n, s, exchange, attrs[Arithmetic](n).Clamp), nil
	case quantArithmetic(n) && a.DType == graph.Uint8 && b.DType == graph.Uint8 && y.DType == graph.Uint8:
		return lowerU8Binary(t, n, s, exchange), nil
	}
	return arithmetic.lower(t, n)
}

func lowerF32Binary(t *Target, n *graph.Node, s i8.Broadcast, exchange bool, clamp Clamp) *Lowered {
	lo, hi := clamp.Bounds()
	op := f32Operations[n.Op][boolInt(exchange)]
	plan := t.F32.Binary(op, f32.Broadcast(s), lo, hi)
	return &Lowered{Kernel: plan.Kernel(), Bind: func(buf Buffers) (Step, error) {
		a, b := alignFloats(operand(n, buf, 0)), alignFloats(operand(n, buf, 1))
		if exchange {
			a, b = b, a
		}
		step, err := plan.Bind(a, b, buf.Out[0])
		if err != nil {
			return nil, err
		}
		return step, nil
	}}
}

// operand returns the bytes of input i: the buffer, or those of a constant.
func operand(n *graph.Node, b Buffers, i int) []byte {
	if i < len(b.In) && b.In[i] != nil {
		return b.In[i]
	}
	if v := n.Input(i); v != nil && v.Const != nil {
		return v.Const.Data
	}
	return nil
}

// alignFloats returns data, or a copy where it does not start at a multiple of four bytes, as constants in a file may not.
func alignFloats(data []byte) []byte {
	if graph.Aligned(data, 4) {
		return data
	}
	return append(make([]byte, 0, len(data)+f32.Slack), data...)
}

func lowerU8Binary(t *Target, n *graph.Node, s i8.Broadcast, exchange bool) *Lowered {
	p := sumOf(n)
	add := i8.AddParams{
		AScale: p.aScale, BScale: p.bScale, AZero: p.aZero, BZero: p.bZero, OutZero: p.yZero, Lo: uint8(p.lo), Hi: uint8(p.hi),
	}
	if exchange {
		add.AScale, add.BScale, add.AZero, add.BZero = add.BScale, add.AScale, add.BZero, add.AZero
	}
	plan := t.I8.Add(add, s)
	if n.Op == "Mul" {
		plan = t.I8.Mul(i8.MulParams{
			Scale: productScale(n), AZero: add.AZero, BZero: add.BZero, OutZero: add.OutZero, Lo: add.Lo, Hi: add.Hi,
		}, s)
	}
	return &Lowered{Kernel: plan.Kernel(), Bind: func(buf Buffers) (Step, error) {
		a, b := operand(n, buf, 0), operand(n, buf, 1)
		if exchange {
			a, b = b, a
		}
		step, err := plan.Bind(a, b, buf.Out[0])
		if err != nil {
			return nil, err
		}
		return step, nil
	}}
}

// lowerFold uses the kernels of two float operands, and plain loops otherwise.
func lowerFold(t *Target, n *graph.Node) (*Lowered, error) {
	if _, known := f32Operations[n.Op]; known && len(n.Inputs) == 2 && n.Outputs[0].DType == graph.Float32 {
		s, exchange, ok := kernelBroadcast(n)
		if ok && n.Inputs[0].DType == graph.Float32 && n.Inputs[1].DType == graph.Float32 {
			return lowerF32Binary(t, n, s, exchange, Clamp{}), nil
		}
	}
	return viaFloat(bindFold).lower(t, n)
}
