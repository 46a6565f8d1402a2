package ops

import (
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/octet-ml/octet/fp32"
	"github.com/octet-ml/octet/graph"
	i8 "github.com/octet-ml/octet/int8"
)

// product is a convolution or dense layer in the form that packages i8 and f32 take: NHWC, weights OHWI.
type product struct {
	geometry           i8.Geometry
	oc, kh, kw, ic     int
	group              int
	clamp              Clamp
	sum                *SumQuant
	function           *ByteFunction
	x, w, bias, add, y *graph.Value
	zero               *graph.Value // input 4, the zero point of x at run time, or nil
}

func lowerConv(t *Target, n *graph.Node) (*Lowered, error) {
	a := attrs[Conv](n)
	if a.Layout != NHWC {
		return lowerReference(t, n)
	}
	d, err := newConvDims(n)
	if err != nil {
		return nil, err
	}
	p := &product{
		geometry: i8.Geometry{N: d.n, H: d.in[0], W: d.in[1], Strides: d.strides, Dilations: d.dilations, Pads: d.pads, OH: d.out[0], OW: d.out[1]},
		oc:       d.oc, kh: d.kernel[0], kw: d.kernel[1], ic: d.ic, group: d.group, clamp: a.Clamp, sum: a.Sum, function: a.Function,
		x: n.Inputs[0], w: n.Inputs[1], bias: n.Input(2), add: n.Input(3), y: n.Outputs[0], zero: n.Input(4),
	}
	return p.lower(t, n)
}

// lower chooses the float or integer kernels; what they do not cover runs as the reference.
func (p *product) lower(t *Target, n *graph.Node) (*Lowered, error) {
	switch {
	case p.w.Const == nil || p.bias != nil && p.bias.Const == nil:
		return lowerReference(t, n)
	case p.x.DType == graph.Float32:
		return p.lowerF32(t, n)
	case p.x.DType == graph.Uint8 && p.outputFits():
		w, ok := p.weights()
		if !ok {
			return lowerReference(t, n)
		}
		return p.lowerI8(t, n, w)
	}
	return lowerReference(t, n)
}

// outputFits reports whether package i8 makes outputs of the type of y and, where there is one, reads the residual: bytes
// are unsigned, and int32 are plain accumulators.
func (p *product) outputFits() bool {
	switch p.y.DType {
	case graph.Uint8:
		return p.add == nil || p.add.DType == graph.Uint8
	case graph.Int32:
		return p.y.Quant == nil
	}
	return p.y.DType == graph.Float32
}

// weights returns the integer weights as package i8 takes them, and false where it does not take them: several zero points, or
// codes that stand for more than a byte.
func (p *product) weights() (i8.Weights, bool) {
	w := i8.Weights{Data: p.w.Const.Data, Bits: 8, OC: p.oc, KH: p.kh, KW: p.kw, IC: p.ic, Groups: p.group, Pixels: p.geometry.OH * p.geometry.OW}
	var zero int32
	if q := p.w.Quant; q != nil {
		for i := range q.Scale {
			if q.ZeroAt(i) != q.ZeroAt(0) {
				return w, false
			}
		}
		zero = q.ZeroAt(0)
	}
	switch p.w.DType {
	case graph.Int8:
		w.Zero = zero
	case graph.Uint8:
		w.Data = flipped(w.Data)
		w.Zero = zero - 128
	case graph.Int4, graph.Uint4:
		w.Bits = 4
		for code := range w.Table {
			v := code
			if p.w.DType == graph.Int4 {
				v = int(int8(code<<4) >> 4)
			}
			if p.w.Quant != nil && p.w.Quant.Table != nil {
				v = int(p.w.Quant.Table[code])
			}
			if v -= int(zero); v < math.MinInt8 {
				return w, false
			}
			w.Table[code] = int8(v)
		}
	default:
		return w, false
	}
	return w, true
}

// flipped returns uint8 weights less 128, as int8: the same bytes with the top bit inverted.
func flipped(data []byte) []byte {
	out := slices.Clone(data)
	words := graph.View[uint64](out)
	for i := range words {
		words[i] ^= 0x8080808080808080
	}
	for i := len(words) * 8; i < len(out); i++ {
		out[i] ^= 0x80
	}
	return out
}

// packKey names packed weights: the tensor, how it is cut, and how its integers are read.
type packKey struct {
	tensor         *graph.Tensor
	oc, kh, kw, ic int
	group          int
	zero           int32
	table          [16]int8
	float          bool
	winograd       bool
}

func (p *product) key() packKey {
	return packKey{tensor: p.w.Const, oc: p.oc, kh: p.kh, kw: p.kw, ic: p.ic, group: p.group}
}

func (p *product) lowerI8(t *Target, n *graph.Node, w i8.Weights) (*Lowered, error) {
	c, err := newContraction(p.x, p.w, p.bias, p.add, p.y, p.oc, p.clamp, p.sum, p.function)
	if err != nil {
		return nil, err
	}
	key := p.key()
	key.zero, key.table = w.Zero, w.Table
	pack, err := packed(t.Packs, key, func() (*i8.ConvWeights, error) { return t.I8.PackConv(w) })
	if errors.Is(err, i8.ErrShape) {
		return lowerReference(t, n) // no weights, or more to an accumulator than the kernels take
	}
	if err != nil {
		return nil, fmt.Errorf("weights: %w", err)
	}
	return p.planI8(t, n, pack, c.epilogue(p.x))
}

// planI8 binds packed weights to the geometry and an epilogue.
func (p *product) planI8(t *Target, n *graph.Node, pack *i8.ConvWeights, e i8.Epilogue) (*Lowered, error) {
	g, whole := p.geometry, e
	rows := p.splitRows(&g, &e)
	plan, err := pack.Plan(g, e)
	if errors.Is(err, i8.ErrRange) || errors.Is(err, i8.ErrShape) {
		// Accumulators may wrap around, which the kernels do not promise to do alike, or there is nothing to compute.
		return lowerReference(t, n)
	}
	if err != nil {
		return nil, err
	}
	proved, all := pack.Proved()
	l := &Lowered{Kernel: plan.Kernel(), Scratch: plan.Scratch(), Weights: pack.Bytes(), Proved: float64(proved) / float64(max(all, 1)), Bind: func(b Buffers) (Step, error) {
		args := i8.ConvArgs{Src: b.In[0], Dst: b.Out[0]}
		if p.add != nil {
			args.Residual = b.In[3]
		}
		if e.RunZero {
			args.InZero = b.In[4]
		}
		return bindRows(plan, args, rows)
	}}
	if rows == 1 && e.Output == i8.OutU8 {
		l.Pitched = func(pitch int) (*Lowered, error) {
			wide := whole
			wide.Pitch = pitch
			return p.planI8(t, n, pack, wide)
		}
	}
	return l, nil
}

// epilogue returns the contraction as package i8 takes it; x is the data.
func (c *contraction) epilogue(x *graph.Value) i8.Epilogue {
	e := i8.Epilogue{Bias: c.bias, Multiplier: c.multiplier, Lo: 0, Hi: 255}
	if x.Quant != nil {
		e.InZero = x.Quant.ZeroAt(0)
	}
	switch c.out {
	case graph.Int32:
		e.Output = i8.OutI32
	case graph.Float32:
		e.Output, e.LoF, e.HiF = i8.OutF32, c.loF, c.hiF
	default:
		e.Output, e.OutZero, e.Lo, e.Hi = i8.OutU8, c.zero, uint8(c.lo), uint8(c.hi)
	}
	if c.table != nil {
		e.LUT = (*[256]uint8)(c.table)
	}
	if s := c.sum; s != nil {
		e.Add = &i8.AddParams{AScale: s.aScale, BScale: s.bScale, AZero: s.aZero, BZero: s.bZero, OutZero: s.yZero, Lo: uint8(s.lo), Hi: uint8(s.hi)}
	}
	return e
}

func (p *product) lowerF32(t *Target, n *graph.Node) (*Lowered, error) {
	w := f32.Weights{Data: graph.View[float32](p.w.Const.Data), OC: p.oc, KH: p.kh, KW: p.kw, IC: p.ic, Groups: p.group}
	w.Winograd = t.F32.Winograd(w, f32.Geometry(p.geometry))
	key := p.key()
	key.float, key.winograd = true, w.Winograd
	pack, err := packed(t.Packs, key, func() (*f32.ConvWeights, error) { return t.F32.PackConv(w) })
	if errors.Is(err, f32.ErrWeights) {
		return lowerReference(t, n) // no weights
	}
	if err != nil {
		return nil, fmt.Errorf("weights: %w", err)
	}
	var e f32.Epilogue
	e.Lo, e.Hi = p.clamp.Bounds()
	e.Residual = p.add != nil
	if p.bias != nil {
		e.Bias = p.bias.Const.Floats()
	}
	plan, err := pack.Plan(f32.Geometry(p.geometry), e)
	if errors.Is(err, f32.ErrGeometry) {
		return lowerReference(t, n) // nothing to compute
	}
	if err != nil {
		return nil, err
	}
	return &Lowered{Kernel: plan.Kernel(), Scratch: plan.Scratch(), Weights: pack.Bytes(), Bind: func(b Buffers) (Step, error) {
		args := f32.ConvArgs{Src: b.In[0], Dst: b.Out[0]}
		if p.add != nil {
			args.Residual = b.In[3]
		}
		return plan.Bind(args)
	}}, nil
}
