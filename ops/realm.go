package ops

import (
	"github.com/octet-ml/octet/graph"
)

// viaFloat extends a binder for float32 to quantized and to 16-bit float operands: they are widened to real numbers,
// computed in float32 and rounded half to even, which is what an operator without integer arithmetic of its own means.
// Operands that are neither stay as they are.
//
//go:noinline // or each row of the table would get a copy
func viaFloat(b binder) binder {
	return func(n *graph.Node, in, out []*graph.Tensor) (FuncStep, error) {
		if !needsFloat(n.Inputs) && !needsFloat(n.Outputs) {
			return b(n, in, out)
		}
		return throughFloat(b, n, in, out)
	}
}

// viaFloatUnlessEqual is viaFloat for operators that only choose or move elements of data, some of their inputs: where
// every quantization is the same, integers are moved as they are.
//
//go:noinline // or each row of the table would get a copy
func viaFloatUnlessEqual(b binder, data func(n *graph.Node) []*graph.Value) binder {
	return func(n *graph.Node, in, out []*graph.Tensor) (FuncStep, error) {
		if sameQuant(n, data(n)) {
			return b(n, in, out)
		}
		return throughFloat(b, n, in, out)
	}
}

// dataFirst says that only input 0 is data.
func dataFirst(n *graph.Node) []*graph.Value { return n.Inputs[:1] }

// dataAll says that every input is data.
func dataAll(n *graph.Node) []*graph.Value { return n.Inputs }

// viaHalf is viaFloat for operators that treat quantized operands themselves.
func viaHalf(b binder) binder {
	return func(n *graph.Node, in, out []*graph.Tensor) (FuncStep, error) {
		if len(in) > 0 && in[0] != nil && isHalf(in[0].DType) {
			return throughFloat(b, n, in, out)
		}
		return b(n, in, out)
	}
}

// sameQuant reports whether data, inputs of the node, and the outputs mean the same real numbers by the same integers: no
// value is quantized, or all are alike. An output that declares an integer type and no quantization goes along.
func sameQuant(n *graph.Node, data []*graph.Value) bool {
	var first *graph.Value
	floats := false
	for _, list := range [2][]*graph.Value{data, n.Outputs} {
		for _, v := range list {
			switch {
			case v == nil:
				continue
			case v.Quant == nil:
				floats = floats || v.DType.IsFloat()
				continue
			case first == nil:
				first = v
			}
			if v.DType != first.DType || !sameScales(v.Quant, first.Quant) {
				return false
			}
		}
	}
	return first == nil || !floats
}

// sameScales reports whether two quantizations have the same numbers, along whatever axes; codebooks only need the same
// table, since nothing can be rounded to a code.
func sameScales(p, q *graph.Quant) bool {
	if p.Table != nil && q.Table != nil {
		return *p.Table == *q.Table
	}
	r := *q
	r.Axis = p.Axis
	return p.Equal(&r)
}

func isHalf(d graph.DType) bool { return d == graph.Float16 || d == graph.BFloat16 }

func needsFloat(values []*graph.Value) bool {
	for _, v := range values {
		if v != nil && (v.Quant != nil || isHalf(v.DType)) {
			return true
		}
	}
	return false
}

// throughFloat runs b on a float32 twin of the node.
func throughFloat(b binder, n *graph.Node, in, out []*graph.Tensor) (FuncStep, error) {
	twin := &graph.Node{Op: n.Op, Name: n.Name, Attrs: n.Attrs}
	var before, after []func()
	var tin, tout []*graph.Tensor
	for i, v := range n.Inputs {
		w, t := v, input(in, i)
		if v != nil && t != nil && needsFloat(n.Inputs[i:i+1]) {
			real := graph.NewTensor(graph.Float32, t.Shape...)
			w = &graph.Value{Name: v.Name, DType: graph.Float32, Shape: v.Shape}
			widen := widening(v, t, real)
			if v.Const != nil {
				widen()
				w.Const = real
			} else {
				before = append(before, widen)
			}
			t = real
		}
		twin.Inputs, tin = append(twin.Inputs, w), append(tin, t)
	}
	for i, v := range n.Outputs {
		w, t := v, input(out, i)
		if v != nil && t != nil && needsFloat(n.Outputs[i:i+1]) {
			real := graph.NewTensor(graph.Float32, t.Shape...)
			w = &graph.Value{Name: v.Name, DType: graph.Float32, Shape: v.Shape}
			after = append(after, narrowing(v, real, t))
			t = real
		}
		twin.Outputs, tout = append(twin.Outputs, w), append(tout, t)
	}
	step, err := b(twin, tin, tout)
	if err != nil {
		return FuncStep{}, err
	}
	return whole(func() {
		for _, f := range before {
			f()
		}
		step.F(nil, 0, step.N)
		for _, f := range after {
			f()
		}
	}), nil
}

// widening returns the function that stores the real numbers of t, the data of v, in real.
func widening(v *graph.Value, t, real *graph.Tensor) func() {
	dst := graph.View[float32](real.Data)
	if v.Quant == nil {
		return func() {
			for i := range dst {
				dst[i] = float32(t.Float(i))
			}
		}
	}
	value := dequantizer(v.Quant, t.Shape)
	return func() {
		for i := range dst {
			dst[i] = value(t.Int(i), i)
		}
	}
}

// narrowing returns the function that stores real in t, the data of v.
func narrowing(v *graph.Value, real, t *graph.Tensor) func() {
	src := graph.View[float32](real.Data)
	if v.Quant == nil {
		return func() {
			for i, x := range src {
				t.SetFloat(i, float64(x))
			}
		}
	}
	q := v.Quant
	index := scaleIndex(t.Shape, len(q.Scale), q.Axis, q.Block)
	lo, hi := v.DType.IntRange()
	return func() {
		for i, x := range src {
			k := index(i)
			t.SetInt(i, quantizeReal(x, q.Scale[k], q.ZeroAt(k), lo, hi))
		}
	}
}

// viaBytes extends a binder that moves elements of whole bytes to 4-bit operands, which are unpacked and packed again.
//
//go:noinline // or each row of the table would get a copy
func viaBytes(b binder) binder {
	return func(n *graph.Node, in, out []*graph.Tensor) (FuncStep, error) {
		if len(in) == 0 || in[0] == nil || in[0].DType.Bits() >= 8 {
			return b(n, in, out)
		}
		narrow := in[0].DType
		unpacked := func(values []*graph.Value, ts []*graph.Tensor) (vs []*graph.Value, us []*graph.Tensor) {
			vs, us = append(vs, values...), append(us, ts...)
			for i, t := range ts {
				if t != nil && t.DType == narrow {
					us[i] = graph.NewTensor(graph.Uint8, t.Shape...)
					vs[i] = &graph.Value{Name: values[i].Name, DType: graph.Uint8, Shape: values[i].Shape, Quant: values[i].Quant}
					if values[i].Const != nil {
						vs[i].Const = us[i]
					}
				}
			}
			return vs, us
		}
		twin := &graph.Node{Op: n.Op, Name: n.Name, Attrs: n.Attrs}
		var tin, tout []*graph.Tensor
		twin.Inputs, tin = unpacked(n.Inputs, in)
		twin.Outputs, tout = unpacked(n.Outputs, out)
		copyCodes(tin, in, narrow)
		step, err := b(twin, tin, tout)
		if err != nil {
			return FuncStep{}, err
		}
		return whole(func() {
			copyCodes(tin, in, narrow)
			step.F(nil, 0, step.N)
			copyCodes(out, tout, graph.Uint8)
		}), nil
	}
}

// copyCodes copies the elements of each tensor of type d in src to the tensor of dst in its place.
func copyCodes(dst, src []*graph.Tensor, d graph.DType) {
	for i, t := range src {
		if t == nil || t == dst[i] || t.DType != d {
			continue
		}
		for k := range t.Len() {
			dst[i].SetInt(k, t.Int(k))
		}
	}
}
