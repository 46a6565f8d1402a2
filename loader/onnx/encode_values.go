package onnx

import (
	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/ops"
)

// ref returns the name of v as it is stored, writing an initializer where v is a constant; "" where v is nil.
func (e *encoder) ref(v *graph.Value) string {
	if v == nil {
		return ""
	}
	name, ok := e.names[v]
	if !ok {
		name = v.Name
		e.names[v] = name
		if v.Const != nil {
			e.initializer(name, v.Const)
		}
	}
	return name
}

// refs returns the names of values as they are stored.
func (e *encoder) refs(list []*graph.Value) []string {
	out := make([]string, len(list))
	for i, v := range list {
		out[i] = e.ref(v)
	}
	return out
}

// outputs returns the names of a node's outputs.
func outputs(n *graph.Node) []string {
	out := make([]string, len(n.Outputs))
	for i, v := range n.Outputs {
		if v != nil {
			out[i] = v.Name
		}
	}
	return out
}

// real returns the name of v as real numbers: dequantized where it is quantized.
func (e *encoder) real(v *graph.Value) (string, error) {
	if v == nil || v.Quant == nil {
		return e.ref(v), nil
	}
	if name, ok := e.reals[v]; ok {
		return name, nil
	}
	name := e.fresh(v.Name + "_dequantized")
	e.reals[v] = name
	return name, e.dequantize(v, v.Quant, name, name)
}

// dequantize writes DequantizeLinear of v by q, for a codebook after the Gather that looks its codes up, for 4-bit constants
// with scales along one axis after a Cast to bytes.
func (e *encoder) dequantize(v *graph.Value, q *graph.Quant, name, out string) error {
	x := e.ref(v)
	if d := bytesOf[v.DType]; d != graph.Invalid && v.Const != nil && q.Table == nil && q.Block == 0 {
		x = e.step("Cast", v.Name+"_bytes", []string{x}, attribute{"to", int(dataTypeOf[d])})
		v = &graph.Value{Name: v.Name, DType: d, Shape: v.Shape}
	}
	if q.Table == nil {
		in, attrs, err := e.parameters(v, q)
		if err != nil {
			return err
		}
		e.emit("DequantizeLinear", name, append([]string{x}, in...), []string{out}, attrs...)
		return nil
	}
	if q.Block > 0 || q.Zero != nil {
		return unsupportedf("%q: a codebook with blocks or zero points", v.Name)
	}
	table := graph.NewTensor(graph.Int8, 16)
	for i, t := range q.Table {
		table.SetInt(i, int64(t))
	}
	codes := e.step("Cast", v.Name+"_codes", []string{x}, attribute{"to", int(dataTypeOf[graph.Int32])})
	ints := e.step("Gather", v.Name+"_looked_up", []string{e.constant(v.Name+"_table", table), codes}, attribute{"axis", 0})
	plain := *q
	plain.Table = nil
	in, attrs, err := e.parameters(&graph.Value{Name: v.Name, DType: graph.Int8, Shape: v.Shape}, &plain)
	if err != nil {
		return err
	}
	e.emit("DequantizeLinear", name, append([]string{ints}, in...), []string{out}, attrs...)
	return nil
}

// bytesOf maps the types of 4 bits to those of 8 that hold the same numbers.
var bytesOf = map[graph.DType]graph.DType{graph.Int4: graph.Int8, graph.Uint4: graph.Uint8}

// parameters writes scale and zero point of q as constants and returns their names and the attributes that go with them. The
// zero point tells the type, except of int32, whose zero point is 0.
func (e *encoder) parameters(v *graph.Value, q *graph.Quant) (in []string, attrs []attribute, err error) {
	switch v.DType {
	case graph.Int4, graph.Uint4, graph.Int16, graph.Uint16:
		e.need(21)
	case graph.Int8, graph.Uint8, graph.Int32:
	default:
		return nil, nil, unsupportedf("%q: quantized %v", v.Name, v.DType)
	}
	var s graph.Shape
	if !q.IsPerTensor() {
		e.need(13)
		attrs = append(attrs, attribute{"axis", q.Axis})
		s = graph.Shape{len(q.Scale)}
	}
	if q.Block > 0 {
		e.need(21)
		attrs = append(attrs, attribute{"block_size", q.Block})
		if v.Shape == nil {
			return nil, nil, unsupportedf("%q: blocks of a value of unknown shape", v.Name)
		}
		s = v.Shape.Clone()
		s[q.Axis] = (s[q.Axis] + q.Block - 1) / q.Block
	}
	in = []string{e.constant(v.Name+"_scale", graph.Float32s(q.Scale, s...))}
	if v.DType == graph.Int32 {
		for i := range q.Scale {
			if q.ZeroAt(i) != 0 {
				return nil, nil, unsupportedf("%q: zero point of an int32 value", v.Name)
			}
		}
		return in, attrs, nil
	}
	return append(in, e.zeros(v.Name, v.DType, q, s)), attrs, nil
}

// zeros writes the zero points of q as a constant of type d and shape s.
func (e *encoder) zeros(name string, d graph.DType, q *graph.Quant, s graph.Shape) string {
	t := &graph.Tensor{DType: d, Shape: s, Data: make([]byte, d.Bytes(len(q.Scale)))}
	for i := range q.Scale {
		t.SetInt(i, int64(q.ZeroAt(i)))
	}
	return e.constant(name+"_zero_point", t)
}

// stage is a node between the float operator of a graph node and its output: it writes what makes out of in.
type stage func(in, out string) error

// sink is where the float operator of a graph node writes its output 0, and what follows it.
type sink struct {
	e      *encoder
	y      *graph.Value
	name   string
	stages []stage
}

// result returns the sink of a node: its value itself, or a temporary that the stages follow, nil ones left out, and the
// quantization of a quantized value.
func (e *encoder) result(n *graph.Node, stages ...stage) sink {
	k := sink{e: e, y: n.Outputs[0]}
	if k.y == nil {
		return k
	}
	for _, s := range stages {
		if s != nil {
			k.stages = append(k.stages, s)
		}
	}
	if k.y.Quant != nil {
		k.stages = append(k.stages, func(in, out string) error { return e.quantize(k.y, in, out, out) })
	}
	k.name = k.next(0)
	return k
}

// next returns the name of what enters stage i.
func (k sink) next(i int) string {
	if i == len(k.stages) {
		return k.y.Name
	}
	return k.e.fresh(k.y.Name + "_result")
}

// finish writes the stages.
func (k sink) finish() error {
	in := k.name
	for i, s := range k.stages {
		out := k.next(i + 1)
		if err := s(in, out); err != nil {
			return err
		}
		in = out
	}
	return nil
}

// clamp is the stage that cuts to an interval, nil where it cuts nothing.
func (e *encoder) clamp(c ops.Clamp) stage {
	if !c.On {
		return nil
	}
	return func(in, out string) error {
		if c.Lo == 0 && c.Hi == inf {
			e.emit("Relu", out, []string{in}, []string{out})
			return nil
		}
		bound := func(suffix string, v float32) string {
			if v == inf || v == -inf {
				return ""
			}
			return e.constant(out+suffix, graph.Float32s([]float32{v}))
		}
		e.emit("Clip", out, []string{in, bound("_min", c.Lo), bound("_max", c.Hi)}, []string{out})
		return nil
	}
}

// channelsLast is the stage that goes from NCHW back to the layout, nil where that is NCHW.
func (e *encoder) channelsLast(layout ops.Layout) stage {
	if layout == ops.NCHW {
		return nil
	}
	return func(in, out string) error {
		e.emit("Transpose", out, []string{in}, []string{out}, attribute{"perm", []int{0, 2, 3, 1}})
		return nil
	}
}

// quantize writes the QuantizeLinear of name to the quantization of y.
func (e *encoder) quantize(y *graph.Value, name, node, out string) error {
	if y.Quant.Table != nil {
		return unsupportedf("%q: quantization to a codebook", y.Name)
	}
	in, attrs, err := e.parameters(y, y.Quant)
	if err != nil {
		return err
	}
	if len(in) < 2 {
		return unsupportedf("%q: quantization to %v", y.Name, y.DType)
	}
	e.emit("QuantizeLinear", node, append([]string{name}, in...), []string{out}, attrs...)
	return nil
}

// picture returns x, in NCHW as real numbers.
func (e *encoder) picture(x *graph.Value, layout ops.Layout) (string, error) {
	name, err := e.real(x)
	if err == nil && layout == ops.NHWC {
		name = e.step("Transpose", x.Name+"_nchw", []string{name}, attribute{"perm", []int{0, 3, 1, 2}})
	}
	return name, err
}
