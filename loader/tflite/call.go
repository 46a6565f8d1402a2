package tflite

import (
	"fmt"
	"math"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/ops"
)

// call is an operator under conversion: what a row's function works on.
type call struct {
	*reader
	op   *operator
	opt  table // options, the zero table where the file has none of the row's type
	in   []*graph.Value
	out  []*graph.Value
	tail []func() // nodes that follow those of the function
}

// convert adds the graph nodes of an operator. After an error its outputs are known, but poisoned.
func (r *reader) convert(o *operator) error {
	c := &call{reader: r, op: o}
	err := c.build()
	if err == nil {
		return nil
	}
	for _, t := range o.outputs {
		if t >= 0 && t < len(r.values) {
			v := &graph.Value{Name: r.labels[t]}
			r.values[t], r.poisoned[v] = v, true
		}
	}
	return err
}

func (c *call) build() error {
	row, err := rowOf(c.op.code)
	if err != nil {
		return err
	}
	if c.op.kind == row.options {
		c.opt = c.op.options
	}
	if err := c.operands(row); err != nil {
		return err
	}
	if err := row.build(c); err != nil {
		return err
	}
	for _, f := range c.tail {
		f()
	}
	for i, v := range c.out {
		if v != nil && v.Producer == nil {
			return unsupportedf("output %d", i)
		}
	}
	return nil
}

// operands finds the inputs and declares the outputs.
func (c *call) operands(row *row) error {
	for i, t := range c.op.inputs {
		if t == -1 {
			c.in = append(c.in, nil)
			continue
		}
		v, err := c.value(t)
		if err != nil {
			return fmt.Errorf("input %d: %w", i, err)
		}
		c.in = append(c.in, v)
	}
	if len(c.in) < row.min || row.max >= 0 && len(c.in) > row.max {
		return formatErrorf("%d inputs: want %d to %d", len(c.in), row.min, row.max)
	}
	for i := range row.min {
		if c.in[i] == nil {
			return formatErrorf("input %d is absent", i)
		}
	}
	if len(c.op.outputs) == 0 {
		return formatErrorf("no output")
	}
	for i, t := range c.op.outputs {
		if t < 0 || t >= len(c.tensors) {
			return formatErrorf("output %d: tensor %d of %d", i, t, len(c.tensors))
		}
		if c.values[t] != nil {
			return formatErrorf("output %d, %q, is already an input, a constant or produced", i, c.labels[t])
		}
		v, err := c.declare(t)
		if err != nil {
			return fmt.Errorf("output %d, %q: %w", i, c.labels[t], err)
		}
		c.out = append(c.out, v)
	}
	return nil
}

// input returns input i, or nil where it is absent.
func (c *call) input(i int) *graph.Value {
	if i < len(c.in) {
		return c.in[i]
	}
	return nil
}

// inShape returns the shape that the file states for input i, outShape that for output i.
func (c *call) inShape(i int) graph.Shape  { return c.shape(c.op.inputs[i]) }
func (c *call) outShape(i int) graph.Shape { return c.shape(c.op.outputs[i]) }

// temp returns a value between the nodes that the operator becomes, with a declared type and quantization.
func (c *call) temp(suffix string, d graph.DType, q *graph.Quant) *graph.Value {
	return &graph.Value{Name: c.fresh(c.out[0].Name + suffix), DType: d, Quant: q}
}

// like is temp with the type and quantization of v.
func (c *call) like(v *graph.Value, suffix string) *graph.Value {
	return c.temp(suffix, v.DType, v.Quant)
}

// emit appends a node.
func (c *call) emit(op string, attrs any, in []*graph.Value, out ...*graph.Value) {
	name := ""
	if len(out) > 0 && out[0] != nil {
		name = out[0].Name
	}
	c.add(op, name, attrs, in, out...)
}

// then appends a node after those of the row's function.
func (c *call) then(op string, attrs any, in []*graph.Value, out *graph.Value) {
	c.tail = append(c.tail, func() { c.emit(op, attrs, in, out) })
}

// ints makes a constant vector of int64.
func (c *call) ints(suffix string, v ...int64) *graph.Value {
	return c.made(suffix, graph.Int64s(v, len(v)))
}

// scalar makes a constant scalar of the float type d.
func (c *call) scalar(suffix string, d graph.DType, x float64) *graph.Value {
	t := &graph.Tensor{DType: d, Shape: graph.Shape{}, Data: make([]byte, d.Bytes(1))}
	t.SetFloat(0, x)
	return c.made(suffix, t)
}

func (c *call) made(suffix string, t *graph.Tensor) *graph.Value {
	v := graph.NewConst(c.fresh(c.out[0].Name+suffix), t)
	c.fixed[v] = true
	return v
}

// constInts returns the elements of input i, which must be constant integers.
func (c *call) constInts(i int) ([]int64, error) {
	v := c.input(i)
	if v == nil || v.Const == nil {
		return nil, unsupportedf("input %d is not constant", i)
	}
	if !c.spend(8 * v.Const.Len()) {
		return nil, c.err
	}
	out, err := v.Const.Ints()
	if err != nil {
		return nil, formatErrorf("input %d: %w", i, err)
	}
	return out, nil
}

// constInt returns input i, which must be a constant integer with one element that fits 32 bits.
func (c *call) constInt(i int) (int, error) {
	v, err := c.constInts(i)
	if err != nil {
		return 0, err
	}
	if len(v) != 1 || v[0] < math.MinInt32 || v[0] > math.MaxInt32 {
		return 0, formatErrorf("input %d: want one number, got %d", i, len(v))
	}
	return int(v[0]), nil
}

// indices returns input i, a vector of integers, as int64, which is what shapes and axes are here.
func (c *call) indices(i int, suffix string) (*graph.Value, error) {
	v := c.input(i)
	if v.DType == graph.Int64 && len(v.Shape) == 1 {
		return v, nil
	}
	if v.Const != nil {
		list, err := c.constInts(i)
		if err != nil {
			return nil, err
		}
		return c.ints(suffix, list...), nil
	}
	return c.cast(v, graph.Int64, suffix), nil
}

// cast returns v as type d.
func (c *call) cast(v *graph.Value, d graph.DType, suffix string) *graph.Value {
	if v.DType == d {
		return v
	}
	out := c.temp(suffix, d, nil)
	c.emit("Cast", &ops.Cast{To: d}, []*graph.Value{v}, out)
	return out
}

// real returns v as float32: dequantized, or widened where it is of a smaller float type.
func (c *call) real(v *graph.Value) *graph.Value {
	if v == nil || v.DType == graph.Float32 || v.Quant == nil && !v.DType.IsFloat() {
		return v
	}
	if out := c.reals[v]; out != nil {
		return out
	}
	out := &graph.Value{Name: c.fresh(v.Name + "_real"), DType: graph.Float32}
	if v.Quant != nil {
		c.emit("Dequantize", nil, []*graph.Value{v}, out)
	} else {
		c.emit("Cast", &ops.Cast{To: graph.Float32}, []*graph.Value{v}, out)
	}
	c.reals[v] = out
	return out
}

// realOutput returns the value that nodes computing in float32 give output i as; quantizing it follows.
func (c *call) realOutput(i int) *graph.Value {
	y := c.out[i]
	if y.Quant == nil {
		return y
	}
	out := c.temp("_real", graph.Float32, nil)
	c.then("Quantize", nil, []*graph.Value{out}, y)
	return out
}
