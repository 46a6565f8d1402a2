package i8

import (
	"encoding/binary"
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/octet-ml/octet/int8/internal/kerneltest"
	"github.com/octet-ml/octet/internal/cpu"
)

// convCase is a convolution with all its operands.
type convCase struct {
	w        Weights
	g        Geometry
	e        Epilogue
	src      []byte
	residual []byte
	inZero   []byte
	count    int // occurrences in a network, for benchmarks
}

func (c *convCase) String() string {
	w, g, e := &c.w, &c.g, &c.e
	return fmt.Sprintf("%dbit/%dx%dx%dx%d/g%d_ic%d_oc%d_k%dx%d_s%v_d%v_p%v_o%dx%d_zw%d_zx%d_out%d_add%t_lut%t_run%v_pitch%d",
		w.Bits, g.N, g.H, g.W, w.Groups*w.IC, w.Groups, w.IC, w.OC, w.KH, w.KW, g.Strides, g.Dilations, g.Pads, g.OH, g.OW,
		w.Zero, e.InZero, e.Output, e.Add != nil, e.LUT != nil, c.inZero, e.Pitch)
}

// weight returns element i of the flat weights.
func (c *convCase) weight(i int) int32 {
	if c.w.Bits == 8 {
		return int32(int8(c.w.Data[i]))
	}
	return int32(c.w.Table[c.w.Data[i/2]>>(4*(i%2))&15])
}

// accumulator is the obvious sum for one output.
func (c *convCase) accumulator(n, oy, ox, o int) int32 {
	w, g := &c.w, &c.g
	group := o / (w.OC / w.Groups)
	zero := c.e.InZero
	if c.inZero != nil {
		zero = int32(c.inZero[0])
	}
	var acc int32
	if c.e.Bias != nil {
		acc = c.e.Bias[o]
	}
	for ky := range w.KH {
		for kx := range w.KW {
			y, x := oy*g.Strides[0]+ky*g.Dilations[0]-g.Pads[0], ox*g.Strides[1]+kx*g.Dilations[1]-g.Pads[1]
			if y < 0 || y >= g.H || x < 0 || x >= g.W {
				continue
			}
			for i := range w.IC {
				v := int32(c.src[((n*g.H+y)*g.W+x)*w.Groups*w.IC+group*w.IC+i])
				acc += (v - zero) * (c.weight(((o*w.KH+ky)*w.KW+kx)*w.IC+i) - w.Zero)
			}
		}
	}
	return acc
}

func rne(v float32) float64 { return math.RoundToEven(float64(v)) }

func clampU8(v float64, lo, hi uint8) uint8 {
	return uint8(max(float64(lo), min(float64(hi), v)))
}

// output is the obvious epilogue of one accumulator: the bytes of element at.
func (c *convCase) output(dst []byte, acc int32, o, at int) {
	e := &c.e
	if e.Output == OutI32 {
		binary.NativeEndian.PutUint32(dst[4*at:], uint32(acc))
		return
	}
	v := float32(float32(acc) * e.Multiplier[o%len(e.Multiplier)])
	if e.Output == OutF32 {
		binary.NativeEndian.PutUint32(dst[4*at:], math.Float32bits(max(e.LoF, min(v, e.HiF))))
		return
	}
	q := clampU8(rne(v)+float64(e.OutZero), e.Lo, e.Hi)
	if a := e.Add; a != nil {
		left := float32(float32(int32(q)-a.AZero) * a.AScale)
		right := float32(float32(int32(c.residual[at])-a.BZero) * a.BScale)
		q = clampU8(rne(left+right)+float64(a.OutZero), a.Lo, a.Hi)
	}
	if e.LUT != nil {
		q = e.LUT[q]
	}
	dst[at] = q
}

// reference computes the whole output in plain loops.
func (c *convCase) reference() []byte {
	g, elem := &c.g, 1
	if c.e.Output != OutU8 {
		elem = 4
	}
	dst := make([]byte, g.N*g.OH*g.OW*c.w.OC*elem)
	at := 0
	for n := range g.N {
		for y := range g.OH {
			for x := range g.OW {
				for o := range c.w.OC {
					c.output(dst, c.accumulator(n, y, x, o), o, at)
					at++
				}
			}
		}
	}
	return dst
}

// outSize is the usual output size.
func outSize(in, k, stride, dilation, before, after int) int {
	return (in+before+after-(k-1)*dilation-1)/stride + 1
}

// fill draws the operands of a case whose shapes are set. Output sizes of 0 are computed.
func (c *convCase) fill(r *rand.Rand) {
	w, g, e := &c.w, &c.g, &c.e
	if w.Bits == 0 {
		w.Bits = 8
	}
	for i := range 2 {
		g.Strides[i], g.Dilations[i] = max(1, g.Strides[i]), max(1, g.Dilations[i])
	}
	w.Groups, g.N = max(1, w.Groups), max(1, g.N)
	e.RunZero = c.inZero != nil
	if g.OH == 0 {
		g.OH = outSize(g.H, w.KH, g.Strides[0], g.Dilations[0], g.Pads[0], g.Pads[2])
	}
	if g.OW == 0 {
		g.OW = outSize(g.W, w.KW, g.Strides[1], g.Dilations[1], g.Pads[1], g.Pads[3])
	}
	k := w.KH * w.KW * w.IC
	w.Data = randomBytes(r, (w.OC*k*w.Bits+7)/8)
	c.src = randomBytes(r, g.N*g.H*g.W*w.Groups*w.IC)
	c.residual = randomBytes(r, g.N*g.OH*g.OW*w.OC)
	if e.Bias == nil && r.IntN(4) > 0 {
		e.Bias = make([]int32, w.OC)
		for i := range e.Bias {
			e.Bias[i] = r.Int32N(20000) - 10000
		}
	}
	if e.Multiplier == nil {
		e.Multiplier = make([]float32, 1)
		if r.IntN(2) > 0 {
			e.Multiplier = make([]float32, w.OC)
		}
		for i := range e.Multiplier {
			// About the spread that makes outputs fill 0..255, with a few that saturate.
			e.Multiplier[i] = float32(math.Exp(r.Float64()*3-2) * 128 / (5000 * math.Sqrt(float64(k))))
		}
	}
	if e.Lo == 0 && e.Hi == 0 {
		e.Hi = 255
	}
	if e.LoF == 0 && e.HiF == 0 {
		e.LoF, e.HiF = float32(math.Inf(-1)), float32(math.Inf(1))
	}
}

func randomBytes(r *rand.Rand, n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(r.Uint32())
	}
	return b
}

// guarded returns a copy of b next to memory that faults: past its slack, or before it.
func guarded(t testing.TB, b []byte, slack int, where kerneltest.Where) []byte {
	t.Helper()
	out := kerneltest.Buffer(t, len(b), slack, where)
	copy(out, b)
	return out
}

// run computes the case at a level. Tiles run in random order and partition if perm is
// not nil, else all at once. Operands stand at the end or the start of what may be touched.
func (c *convCase) run(t testing.TB, k *Kernels, perm *rand.Rand) ([]byte, string) {
	t.Helper()
	where := kerneltest.Where(len(c.src) % 2)
	weights := c.w
	weights.Data = guarded(t, c.w.Data, 0, where)
	w, err := k.PackConv(weights)
	if err != nil {
		t.Fatalf("%v: pack: %v", c, err)
	}
	p, err := w.Plan(c.g, c.e)
	if err != nil {
		t.Fatalf("%v: plan: %v", c, err)
	}
	elem := 1
	if c.e.Output != OutU8 {
		elem = 4
	}
	pixels, pitch := c.g.N*c.g.OH*c.g.OW, max(c.w.OC, c.e.Pitch)
	n := ((pixels-1)*pitch + c.w.OC) * elem
	// Dst is read past its end by the residual pass, so it has slack, which must not change.
	buf := kerneltest.Buffer(t, n+Slack, 0, kerneltest.AtEnd)
	if where == kerneltest.AtStart || n%4 != 0 {
		buf = kerneltest.Buffer(t, n+Slack, 0, kerneltest.AtStart)
	}
	a := ConvArgs{Src: guarded(t, c.src, Slack, where), Dst: buf[:n:n], InZero: c.inZero}
	if c.e.Add != nil {
		a.Residual = guarded(t, c.residual, Slack, where)
	}
	guard := buf[n:]
	s, err := p.Bind(a)
	if err != nil {
		t.Fatalf("%v: bind: %v", c, err)
	}
	scratch := make([]byte, p.Scratch()+128)
	for i := range scratch {
		scratch[i] = 0x5a
	}
	if perm == nil {
		s.Run(scratch[:p.Scratch()], 0, s.Tiles())
	} else {
		var cuts []int
		for from := 0; from < s.Tiles(); from += 1 + perm.IntN(3) {
			cuts = append(cuts, from)
		}
		cuts = append(cuts, s.Tiles())
		for _, i := range perm.Perm(len(cuts) - 1) {
			s.Run(scratch[:p.Scratch()], cuts[i], cuts[i+1])
		}
	}
	for i, v := range scratch[p.Scratch():] {
		if v != 0x5a {
			t.Fatalf("%v: byte %d past the scratch is written", c, i)
		}
	}
	for i, v := range guard {
		if v != 0xa5 {
			t.Fatalf("%v: byte %d past the destination is written", c, i)
		}
	}
	if pitch == c.w.OC {
		return a.Dst, p.Kernel()
	}
	dst := make([]byte, 0, pixels*c.w.OC)
	for i := range pixels {
		dst = append(dst, a.Dst[i*pitch:][:c.w.OC]...)
		for j, v := range buf[i*pitch+c.w.OC : min((i+1)*pitch, n)] {
			if v != 0xa5 {
				t.Fatalf("%v: byte %d past pixel %d is written", c, j, i)
			}
		}
	}
	return dst, p.Kernel()
}

// eachLevel runs f for every level of this machine.
func eachLevel(t *testing.T, f func(t *testing.T, k *Kernels)) {
	for _, l := range cpu.Available() {
		k, err := Select(l)
		if err != nil {
			t.Fatal(err)
		}
		t.Run(l.String(), func(t *testing.T) { f(t, k) })
	}
}
