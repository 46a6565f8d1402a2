package ops

import (
	"math"

	"github.com/octet-ml/octet/graph"
)

// A contraction is what Conv, Dense and MatMul on integers share: how int32 accumulators of output channel c become the
// output's elements.
type contraction struct {
	multiplier []float32 // per channel or one; sx*sw[c], divided by the output's scale where that is quantized
	bias       []int32   // nil or per channel
	out        graph.DType
	zero       int32
	lo, hi     int64   // clamp of a quantized output or, with a sum, of the intermediate result
	loF, hiF   float32 // clamp of a float output
	sum        *sumParams
	table      []byte // of the function applied last, or nil
}

// sumParams is the residual sum after a contraction: a is its rounded result, b the residual.
type sumParams struct {
	aScale, bScale      float32 // over the output's scale
	aZero, bZero, yZero int32
	lo, hi              int64
}

// add returns clamp(RoundHalfEven(float32(a-aZero)*aScale + float32(b-bZero)*bScale) + yZero), each product rounded.
func (p *sumParams) add(a, b int64) int64 {
	x := float32(float32(a-int64(p.aZero)) * p.aScale)
	y := float32(float32(b-int64(p.bZero)) * p.bScale)
	return saturate(float64(RoundHalfEven(x+y))+float64(p.yZero), p.lo, p.hi)
}

// newContraction derives the epilogue of a node from the quantization of its values: x and w its data and weights, bias and
// residual perhaps nil, y its output, channels the number of output channels; clamp, sum and function are its attributes.
func newContraction(x, w, bias, residual, y *graph.Value, channels int, clamp Clamp, sum *SumQuant, function *ByteFunction) (*contraction, error) {
	c := &contraction{out: y.DType}
	if function != nil {
		if err := function.check(y); err != nil {
			return nil, err
		}
		c.table, y = function.Table.Data, function.argument(y)
	}
	scale, err := productScales(x.Quant, w.Quant, channels)
	if err != nil {
		return nil, err
	}
	if bias != nil {
		if bias.Const == nil || bias.DType != graph.Int32 || bias.Const.Len() != channels {
			return nil, typeErrorf("bias of an integer product: want %d constant i32, got %v%v", channels, bias.DType, bias.Shape)
		}
		c.bias = make([]int32, channels)
		for i := range c.bias {
			c.bias[i] = int32(bias.Const.Int(i))
		}
	}
	switch {
	case y.DType == graph.Int32 && y.Quant == nil:
		if clamp.On || residual != nil {
			return nil, unsupportedf("clamp or residual on int32 accumulators")
		}
	case y.DType == graph.Float32:
		if residual != nil {
			return nil, unsupportedf("residual on a float output of integer data")
		}
		if scale == nil {
			return nil, typeErrorf("float output wants quantized inputs")
		}
		c.multiplier = scale
		c.loF, c.hiF = clamp.Bounds()
	case y.Quant != nil && y.Quant.IsPerTensor():
		return c, c.quantized(scale, residual, y, clamp, sum)
	default:
		return nil, typeErrorf("output of an integer product: want int32, float32 or per-tensor quantized, got %v", y.DType)
	}
	return c, nil
}

// quantized sets up a quantized output.
func (c *contraction) quantized(scale []float32, residual, y *graph.Value, clamp Clamp, sum *SumQuant) error {
	if scale == nil {
		return typeErrorf("quantized output wants quantized inputs")
	}
	own, ownClamp := y.Quant, clamp
	if residual != nil {
		if sum == nil || residual.Quant == nil || !residual.Quant.IsPerTensor() {
			return typeErrorf("residual of a quantized product wants per-tensor quantization and a Sum")
		}
		own, ownClamp = graph.PerTensor(sum.Scale, sum.Zero), sum.Clamp
		c.sum = &sumParams{
			aScale: sum.Scale / y.Quant.Scale[0], bScale: residual.Quant.Scale[0] / y.Quant.Scale[0],
			aZero: sum.Zero, bZero: residual.Quant.ZeroAt(0), yZero: y.Quant.ZeroAt(0),
		}
		c.sum.lo, c.sum.hi = quantBounds(clamp, y.DType, y.Quant)
	}
	c.zero = own.ZeroAt(0)
	c.lo, c.hi = quantBounds(ownClamp, y.DType, own)
	c.multiplier = make([]float32, len(scale))
	for i, s := range scale {
		c.multiplier[i] = s / own.Scale[0]
		if !(c.multiplier[i] > 0) || math.IsInf(float64(c.multiplier[i]), 0) {
			return typeErrorf("requantization multiplier %v of channel %d is not a positive finite number", c.multiplier[i], i)
		}
	}
	return nil
}

// productScales returns sx*sw[c]: one factor or one for each output channel, nil where x or w has no quantization.
func productScales(x, w *graph.Quant, channels int) ([]float32, error) {
	if x == nil || w == nil {
		return nil, nil
	}
	if !x.IsPerTensor() {
		return nil, typeErrorf("data quantized per channel")
	}
	if w.Block > 0 || !w.IsPerTensor() && len(w.Scale) != channels {
		return nil, typeErrorf("weights: want 1 or %d scales, got %d (block %d)", channels, len(w.Scale), w.Block)
	}
	out := make([]float32, len(w.Scale))
	for i, s := range w.Scale {
		out[i] = x.Scale[0] * s
	}
	return out, nil
}

// store writes the element with index i of out, of output channel ch, from its exact accumulator without bias.
func (c *contraction) store(out *graph.Tensor, i, ch int, acc int32, residual *graph.Tensor) {
	if c.bias != nil {
		acc += c.bias[ch]
	}
	if c.multiplier == nil {
		out.SetInt(i, int64(acc))
		return
	}
	m := c.multiplier[0]
	if len(c.multiplier) > 1 {
		m = c.multiplier[ch]
	}
	if c.out == graph.Float32 {
		out.SetFloat(i, float64(min(max(float32(acc)*m, c.loF), c.hiF)))
		return
	}
	q := requantize(acc, m, c.zero, c.lo, c.hi)
	if c.sum != nil {
		q = c.sum.add(q, residual.Int(i))
	}
	if c.table != nil {
		q = int64(c.table[q])
	}
	out.SetInt(i, q)
}

// weightInts returns the integers of a weight tensor less their zero points, codes looked up in the codebook; channel(i) is
// the output channel of element i.
func weightInts(w *graph.Value, t *graph.Tensor, channel func(i int) int) []int32 {
	out := make([]int32, t.Len())
	for i := range out {
		v := int32(t.Int(i))
		if q := w.Quant; q != nil {
			if q.Table != nil {
				v = int32(q.Table[v])
			}
			if q.IsPerTensor() {
				v -= q.ZeroAt(0)
			} else {
				v -= q.ZeroAt(channel(i))
			}
		}
		out[i] = v
	}
	return out
}

// dataZero returns the zero point of row i, an image or row of a matrix, of integer data x: of its Quant, or of the run-time
// tensor zero, which has one element or one for each row.
func dataZero(x *graph.Value, zero *graph.Tensor, i int) int32 {
	switch {
	case zero != nil:
		return int32(zero.Int(i % zero.Len()))
	case x.Quant != nil:
		return x.Quant.ZeroAt(0)
	}
	return 0
}
