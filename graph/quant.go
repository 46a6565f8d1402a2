package graph

import (
	"fmt"
	"math"
	"slices"
)

// Quant maps the integers of a value to real numbers: real = Scale * (q - Zero).
//
// Per tensor it has one Scale. Per channel it has one for each index of Axis. Blocked (Block > 0) it has one for each run
// of Block indices of Axis and each index of the other axes, in row-major order. With a Table the integers are 4-bit
// codes, and q is Table[code] (a codebook). A Quant is immutable once it is attached to a value; values may share it.
type Quant struct {
	Scale []float32 // positive and finite
	Zero  []int32   // as long as Scale, or nil where all are 0
	Axis  int       // of Scale and Zero; meaningless where len(Scale) is 1
	Block int       // 0, or the number of indices along Axis that share a scale
	Table *[16]int8 // nil, or the values of the 16 codes
}

// PerTensor returns the Quant with one scale and zero point.
func PerTensor(scale float32, zero int32) *Quant {
	return &Quant{Scale: []float32{scale}, Zero: []int32{zero}}
}

// IsPerTensor reports whether one scale and zero point hold for the whole tensor.
func (q *Quant) IsPerTensor() bool { return len(q.Scale) == 1 && q.Block == 0 }

// ZeroAt returns the zero point with index i.
func (q *Quant) ZeroAt(i int) int32 {
	if q.Zero == nil {
		return 0
	}
	return q.Zero[i]
}

// Equal reports whether both map every integer to the same real number. Two nil ones are equal.
func (q *Quant) Equal(p *Quant) bool {
	if q == nil || p == nil {
		return q == p
	}
	if !slices.Equal(q.Scale, p.Scale) || q.Block != p.Block || len(q.Scale) > 1 && q.Axis != p.Axis {
		return false
	}
	if (q.Table == nil) != (p.Table == nil) || q.Table != nil && *q.Table != *p.Table {
		return false
	}
	for i := range q.Scale {
		if q.ZeroAt(i) != p.ZeroAt(i) {
			return false
		}
	}
	return true
}

// Check returns an error unless q fits a value of type d and shape s.
func (q *Quant) Check(d DType, s Shape) error {
	if !d.IsInteger() {
		return fmt.Errorf("a value of type %v cannot be quantized", d)
	}
	if q.Block < 0 || q.Block > MaxElements {
		return fmt.Errorf("quantization block of %d", q.Block)
	}
	if q.Table != nil && d != Uint4 {
		return fmt.Errorf("a codebook wants type u4, got %v", d)
	}
	want, err := q.scales(s)
	if err != nil {
		return err
	}
	if len(q.Scale) != want {
		return fmt.Errorf("want %d scales, got %d", want, len(q.Scale))
	}
	if q.Zero != nil && len(q.Zero) != len(q.Scale) {
		return fmt.Errorf("%d scales and %d zero points", len(q.Scale), len(q.Zero))
	}
	for i, v := range q.Scale {
		if !(v > 0) || math.IsInf(float64(v), 0) {
			return fmt.Errorf("scale %d is %v: want a positive finite number", i, v)
		}
	}
	lo, hi := d.IntRange()
	for i, z := range q.Zero {
		if int64(z) < lo || int64(z) > hi {
			return fmt.Errorf("zero point %d is %d, outside type %v", i, z, d)
		}
	}
	return nil
}

// scales returns the number of scales that q must have for shape s.
func (q *Quant) scales(s Shape) (int, error) {
	if q.IsPerTensor() {
		return 1, nil
	}
	if q.Axis < 0 || q.Axis >= len(s) {
		return 0, fmt.Errorf("quantization axis %d is outside shape %v", q.Axis, s)
	}
	if s[q.Axis] < 0 {
		return 0, fmt.Errorf("quantization axis %d of shape %v is the batch", q.Axis, s)
	}
	if q.Block == 0 {
		return s[q.Axis], nil
	}
	blocks := s.Clone()
	blocks[q.Axis] = (blocks[q.Axis] + q.Block - 1) / q.Block
	return blocks.Elements()
}

// String returns a short form, such as "0.0235:128" or "[32 scales axis 0]".
func (q *Quant) String() string {
	switch {
	case q == nil:
		return "none"
	case q.IsPerTensor() && q.Table == nil:
		return fmt.Sprintf("%g:%d", q.Scale[0], q.ZeroAt(0))
	case q.Table != nil:
		return fmt.Sprintf("[codebook, %d scales axis %d]", len(q.Scale), q.Axis)
	case q.Block > 0:
		return fmt.Sprintf("[%d scales axis %d block %d]", len(q.Scale), q.Axis, q.Block)
	}
	return fmt.Sprintf("[%d scales axis %d]", len(q.Scale), q.Axis)
}
