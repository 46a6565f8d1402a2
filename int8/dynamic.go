package i8

import (
	"fmt"
	"math"
	"unsafe"

	"github.com/octet-ml/octet/int8/internal/kernel"
)

// RowQuant is how the elements of a row become bytes: with Params, of which Scale may be infinite here, and what is stored
// about it.
type RowQuant struct {
	Params QuantizeParams
	Scale  float32
	Zero   uint8
}

// DynamicQuantizePlan quantizes rows of float32 by their own ranges. Immutable, safe for concurrent use.
type DynamicQuantizePlan struct {
	quantize, away kernel.Row[kernel.QuantizeArgs]
	measure        kernel.Row[kernel.ExtentArgs]
	rows, length   int
	rule           func(lo, hi float32) RowQuant
}

// DynamicQuantize returns the plan for rows of the given length. rule gives the way to quantize a row from its least and
// greatest element, 0 included and NaNs passed over; it must depend on them alone and be safe for concurrent use. Zero, Lo
// and Hi of its Params must be within their bounds.
func (k *Kernels) DynamicQuantize(rows, length int, rule func(lo, hi float32) RowQuant) *DynamicQuantizePlan {
	e := &k.set.Eltwise
	return &DynamicQuantizePlan{quantize: e.Quantize, away: e.QuantizeAway, measure: e.Extent, rows: rows, length: length, rule: rule}
}

// Kernel returns the name of the kernel that turns elements into bytes.
func (p *DynamicQuantizePlan) Kernel() string {
	if p.rule(-1, 1).Params.HalfAway {
		return p.away.Name
	}
	return p.quantize.Name
}

// Bind returns two steps, to be run one after the other: one finds the ranges of src (float32), the other fills dst, a byte
// for each element, and the float32 scales and the zero points, one for each row; either of the latter may be nil. It returns
// ErrBuffer for unsuitable buffers.
func (p *DynamicQuantizePlan) Bind(src, dst, scales, zeros []byte) (first, second Step, err error) {
	n := p.rows * p.length
	if p.rows < 0 || p.length < 0 || len(src) != 4*n || len(dst) != n || scales != nil && len(scales) != 4*p.rows || zeros != nil && len(zeros) != p.rows {
		return nil, nil, fmt.Errorf("i8: dynamic quantize: %w: src has %d bytes, dst %d, scales %d, zero points %d: want %d rows of %d",
			ErrBuffer, len(src), len(dst), len(scales), len(zeros), p.rows, p.length)
	}
	if err := apart("dynamic quantize", src, dst); err != nil {
		return nil, nil, err
	}
	s := &dynamicStep{plan: p, scales: scales, zeros: zeros}
	if s.parts = ceilDiv(p.length, dynamicTile); n == 0 {
		return &tiled[kernel.ExtentArgs]{run: p.measure.Run}, s, nil
	}
	s.extents = make([][2]float32, p.rows*s.parts)
	s.params = make([]kernel.QuantizeParams, len(s.extents))
	measure := make([]kernel.ExtentArgs, len(s.extents))
	s.args = make([]kernel.QuantizeArgs, len(s.extents))
	for t := range s.extents {
		row, part := t/s.parts, t%s.parts
		from := part * dynamicTile
		i, size := row*p.length+from, uintptr(min(dynamicTile, p.length-from))
		measure[t] = kernel.ExtentArgs{Dst: &s.extents[t], Src: unsafe.Pointer(&src[4*i]), N: size}
		s.args[t] = kernel.QuantizeArgs{Dst: unsafe.Pointer(&dst[i]), Src: unsafe.Pointer(&src[4*i]), N: size, Params: &s.params[t]}
	}
	return &tiled[kernel.ExtentArgs]{p.measure.Run, measure}, s, nil
}

// dynamicTile is the elements of a tile.
const dynamicTile = 16 << 10

// dynamicStep is the second step of a DynamicQuantizePlan. Tiles are parts of rows.
type dynamicStep struct {
	plan          *DynamicQuantizePlan
	parts         int // of a row
	extents       [][2]float32
	params        []kernel.QuantizeParams
	args          []kernel.QuantizeArgs
	scales, zeros []byte
}

// Tiles returns the number of parts of all rows.
func (s *dynamicStep) Tiles() int { return len(s.args) }

// Run quantizes parts from <= t < to. The first part of a row stores its scale and zero point.
func (s *dynamicStep) Run(_ []byte, from, to int) {
	for t := from; t < to; t++ {
		row := t / s.parts
		var lo, hi float32
		for _, e := range s.extents[row*s.parts : (row+1)*s.parts] {
			lo, hi = min(lo, e[0]), max(hi, e[1])
		}
		q := s.plan.rule(lo, hi)
		if t%s.parts == 0 {
			s.store(row, &q)
		}
		s.params[t] = q.Params.kernel()
		if q.Params.HalfAway {
			s.plan.away.Run(&s.args[t])
		} else {
			s.plan.quantize.Run(&s.args[t])
		}
	}
}

func (s *dynamicStep) store(row int, q *RowQuant) {
	if s.scales != nil {
		putFloat(s.scales[4*row:], q.Scale)
	}
	if s.zeros != nil {
		s.zeros[row] = q.Zero
	}
}

// putFloat stores v in little-endian order.
func putFloat(b []byte, v float32) {
	u := math.Float32bits(v)
	b[0], b[1], b[2], b[3] = byte(u), byte(u>>8), byte(u>>16), byte(u>>24)
}
