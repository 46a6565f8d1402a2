package onnx

import (
	"math"
	"slices"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/ops"
)

// scheme is where the Quant of a QuantizeLinear, DequantizeLinear or QLinear operand applies.
type scheme struct {
	axis  int // of scales that are a vector; may count from the end
	block int
	rank  int // of the quantized value, -1 while unknown
}

// quant returns the Quant that constant parameters mean, nil where they are not constant or cannot be a Quant: then the
// operator keeps them as inputs. d is the type of the zero point, Invalid where it is absent.
func (c *call) quant(scale, zero *graph.Value, s scheme) (q *graph.Quant, d graph.DType) {
	if zero != nil {
		d = c.info(zero).dtype
	}
	if scale == nil || scale.Const == nil || zero != nil && zero.Const == nil || !scale.DType.IsFloat() {
		return nil, d
	}
	if err := c.charge(8 * scale.Const.Len()); err != nil {
		c.fail(err)
		return nil, d
	}
	q = &graph.Quant{Scale: scale.Const.Floats()}
	for _, v := range q.Scale {
		if !(v > 0) || math.IsInf(float64(v), 0) {
			return nil, d
		}
	}
	if len(q.Scale) == 0 || s.block > 0 && len(scale.Shape) != s.rank {
		return nil, d
	}
	if len(q.Scale) > 1 || s.block > 0 {
		if s.axis < 0 && s.rank >= 0 {
			s.axis += s.rank
		}
		if s.axis < 0 || s.rank >= 0 && s.axis >= s.rank {
			return nil, d
		}
		q.Axis, q.Block = s.axis, s.block
	}
	if zero == nil {
		return q, d
	}
	if n := zero.Const.Len(); n != 1 && n != len(q.Scale) {
		return nil, d
	}
	ints, err := zero.Const.Ints()
	if err == nil && len(ints) == 1 && s.block == 0 {
		ints = slices.Repeat(ints, len(q.Scale)) // QLinearConv allows one zero point beside many scales
	}
	if err != nil || len(ints) != len(q.Scale) {
		return nil, d
	}
	lo, hi := d.IntRange()
	for _, z := range ints {
		if z < max(lo, math.MinInt32) || z > min(hi, math.MaxInt32) {
			return nil, d
		}
		q.Zero = append(q.Zero, int32(z))
	}
	return q, d
}

// linearScheme reads the attributes of QuantizeLinear and DequantizeLinear (axis since opset 13, block_size since 21).
func (c *call) linearScheme(rank int) scheme {
	s := scheme{axis: c.intAttr("axis", 1), block: c.intAttr("block_size", 0), rank: rank}
	if s.block < 0 {
		c.fail(formatErrorf("attribute \"block_size\" is %d", s.block))
	}
	return s
}

// typeAttr returns the type that attribute output_dtype names, or Invalid.
func (c *call) typeAttr() graph.DType {
	a := c.attr("output_dtype", attrInt)
	if a == nil || a.i == 0 {
		return graph.Invalid
	}
	d, err := dtypeOf(a.i)
	if err != nil {
		c.fail(err)
	}
	return d
}

// quantizeLinear converts QuantizeLinear: with constant parameters to Quantize, whose output carries them, else to the
// operator that reads them.
func quantizeLinear(c *call) error {
	to := c.typeAttr()
	x, scale, zero := c.plainInput(0), c.plainInput(1), c.plainInput(2)
	s := c.linearScheme(c.of(x).rank)
	if c.err != nil {
		return c.err
	}
	q, d := c.quant(scale, zero, s)
	switch {
	case d == graph.Invalid && to == graph.Invalid:
		d = graph.Uint8
	case d == graph.Invalid:
		d = to
	case to != graph.Invalid && to != d:
		return formatErrorf("attribute \"output_dtype\" is %v, the zero point %v", to, d)
	}
	if c.of(x).dtype == graph.Int32 {
		x = c.step("Cast", &ops.Cast{To: graph.Float32}, info{dtype: graph.Float32, rank: s.rank}, "_real", x)
	}
	c.quantize(x, d, q, scale, zero, s, c.output(0))
	return nil
}

// quantize adds the quantization of x: q where that is not nil, else by the run-time parameters.
func (c *call) quantize(x *graph.Value, d graph.DType, q *graph.Quant, scale, zero *graph.Value, s scheme, out string) {
	if !d.IsInteger() {
		c.fail(formatErrorf("zero point of type %v", d))
	}
	like := info{dtype: d, rank: s.rank}
	if q == nil {
		a := &ops.QuantizeLinear{Axis: s.axis, Block: s.block, To: d}
		c.add("QuantizeLinear", a, like, []*graph.Value{x, scale, zero}, out)
		return
	}
	y := c.add("Quantize", nil, like, []*graph.Value{x}, out).Outputs[0]
	c.declare(y, d, q)
}

// dequantizeLinear converts DequantizeLinear: with constant parameters to Dequantize of an input that carries them, else to
// the operator that reads them. Parameters of float16 give a float16 output.
func dequantizeLinear(c *call) error {
	to := c.typeAttr()
	scale, zero := c.plainInput(1), c.plainInput(2)
	x := c.input(0)
	s := c.linearScheme(c.info(x).rank)
	if c.err != nil {
		return c.err
	}
	if to == graph.Invalid {
		to = c.info(scale).dtype
	}
	if code, table := c.codebook(x); code != nil && s.block == 0 {
		s.rank = len(code.Shape)
		q, _ := c.quant(scale, zero, s)
		if _, none := c.zeroQuant(zero, 0); q != nil && none {
			q.Table, q.Zero = table, nil
			v, err := c.quantized(code, graph.Uint4, q)
			if err != nil {
				return err
			}
			c.leftovers = append(c.leftovers, c.codebookNodes(x)...)
			return c.dequantize(v, to)
		}
	}
	if code := c.widened(x); code != nil && s.block == 0 {
		s.rank = len(code.Shape)
		if q, _ := c.quant(scale, zero, s); q != nil && fits(q, code.DType) {
			v, err := c.quantized(code, code.DType, q)
			if err != nil {
				return err
			}
			c.leftovers = append(c.leftovers, x.Producer)
			return c.dequantize(v, to)
		}
	}
	q, d := c.quant(scale, zero, s)
	if q != nil {
		v, err := c.quantized(x, d, q)
		if err != nil {
			return err
		}
		return c.dequantize(v, to)
	}
	x = c.plain(x)
	a := &ops.QuantizeLinear{Axis: s.axis, Block: s.block}
	c.add("DequantizeLinear", a, info{dtype: to, rank: s.rank}, []*graph.Value{x, scale, zero}, c.output(0))
	return nil
}

// dequantize adds the Dequantize of x, with a Cast to a type other than float32.
func (c *call) dequantize(x *graph.Value, to graph.DType) error {
	out := info{dtype: graph.Float32, rank: c.info(x).rank}
	if to == graph.Float32 || to == graph.Invalid {
		c.add("Dequantize", nil, out, []*graph.Value{x}, c.output(0))
		return nil
	}
	y := c.step("Dequantize", nil, out, "_real", x)
	out.dtype = to
	c.add("Cast", &ops.Cast{To: to}, out, []*graph.Value{y}, c.output(0))
	return nil
}

// codebook recognises x as Gather(int8 table of 16, Cast(constant uint4 codes)) and returns codes and table, or nil: the
// exchange form of weights that a codebook maps to int8.
func (c *call) codebook(x *graph.Value) (*graph.Value, *[16]int8) {
	n := x.Producer
	if n == nil || n.Op != "Gather" || n.Attrs.(*ops.Gather).Axis != 0 {
		return nil, nil
	}
	t, code := n.Inputs[0], n.Inputs[1]
	if t.Const == nil || t.DType != graph.Int8 || !t.Shape.Equal(graph.Shape{16}) {
		return nil, nil
	}
	if p := code.Producer; p != nil && p.Op == "Cast" {
		code = p.Inputs[0]
	}
	if code.Const == nil || code.DType != graph.Uint4 {
		return nil, nil
	}
	if c.uses[code.Name] == 1 {
		c.info(code).raw = false // the Cast that goes is the only reader
	}
	var table [16]int8
	for i := range table {
		table[i] = int8(t.Const.Int(i))
	}
	return code, &table
}

// widened recognises x as Cast(constant of 4 bits) to the type of 8 bits that holds the same numbers and returns the constant,
// or nil.
func (c *call) widened(x *graph.Value) *graph.Value {
	n := x.Producer
	if n == nil || n.Op != "Cast" {
		return nil
	}
	code := n.Inputs[0]
	if code.Const == nil || bytesOf[code.DType] == graph.Invalid || bytesOf[code.DType] != n.Attrs.(*ops.Cast).To {
		return nil
	}
	if c.uses[code.Name] == 1 {
		c.info(code).raw = false // the Cast that goes is the only reader
	}
	return code
}

// fits reports whether the zero points of q are numbers of type d.
func fits(q *graph.Quant, d graph.DType) bool {
	lo, hi := int32(-8), int32(7)
	if d == graph.Uint4 {
		lo, hi = 0, 15
	}
	for i := range q.Scale {
		if z := q.ZeroAt(i); z < lo || z > hi {
			return false
		}
	}
	return true
}

// codebookNodes returns the nodes between the codes of a codebook and x, in order.
func (c *call) codebookNodes(x *graph.Value) []*graph.Node {
	gather := x.Producer
	if cast := gather.Inputs[1].Producer; cast != nil {
		return []*graph.Node{cast, gather}
	}
	return []*graph.Node{gather}
}

// dynamicQuantizeLinear converts DynamicQuantizeLinear: outputs y, its scale and its zero point.
func dynamicQuantizeLinear(c *call) error {
	x := c.plainInput(0)
	names := append([]string{}, c.n.outputs...)
	for len(names) < 3 {
		names = append(names, "")
	}
	n := c.add("DynamicQuantizeLinear", nil, info{dtype: graph.Uint8, rank: c.of(x).rank}, []*graph.Value{x}, names...)
	c.describe(n.Outputs[1], info{dtype: graph.Float32})
	c.describe(n.Outputs[2], info{dtype: graph.Uint8})
	return nil
}
