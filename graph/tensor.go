package graph

import (
	"encoding/binary"
	"fmt"
	"math"
)

// Tensor is constant or run-time data: elements in row-major order, little endian, 4-bit ones two to a byte.
//
// Data may alias a model file's bytes and need not be aligned; whoever holds a tensor of a graph must not write to it.
type Tensor struct {
	DType DType
	Shape Shape // without batch dimensions
	Data  []byte
}

// NewTensor returns a zeroed tensor. The shape must be static and within MaxElements, or NewTensor panics.
func NewTensor(d DType, shape ...int) *Tensor {
	s := Shape(shape).Clone()
	return &Tensor{DType: d, Shape: s, Data: make([]byte, d.Bytes(s.Size()))}
}

// Check returns an error unless the length of Data fits the type and the shape.
func (t *Tensor) Check() error {
	if !t.DType.Valid() {
		return fmt.Errorf("tensor has no data type")
	}
	if !t.Shape.Static() {
		return fmt.Errorf("tensor of shape %v: the batch is not bound", t.Shape)
	}
	n, err := t.Shape.Elements()
	if err != nil {
		return err
	}
	if want := t.DType.Bytes(n); len(t.Data) != want {
		return fmt.Errorf("tensor %v%v: want %d bytes, got %d", t.DType, t.Shape, want, len(t.Data))
	}
	return nil
}

// Len returns the number of elements.
func (t *Tensor) Len() int { return t.Shape.Size() }

// Clone returns a copy with its own Data.
func (t *Tensor) Clone() *Tensor {
	return &Tensor{DType: t.DType, Shape: t.Shape.Clone(), Data: append([]byte(nil), t.Data...)}
}

// Float32s makes a float32 tensor from v; a shape of no dimensions with one element is a scalar.
func Float32s(v []float32, shape ...int) *Tensor {
	t := &Tensor{DType: Float32, Shape: Shape(shape).Clone(), Data: make([]byte, 0, 4*len(v))}
	for _, x := range v {
		t.Data = binary.LittleEndian.AppendUint32(t.Data, math.Float32bits(x))
	}
	return t
}

// Int64s makes an int64 tensor from v.
func Int64s(v []int64, shape ...int) *Tensor {
	t := &Tensor{DType: Int64, Shape: Shape(shape).Clone(), Data: make([]byte, 0, 8*len(v))}
	for _, x := range v {
		t.Data = binary.LittleEndian.AppendUint64(t.Data, uint64(x))
	}
	return t
}

// Int32s makes an int32 tensor from v.
func Int32s(v []int32, shape ...int) *Tensor {
	t := &Tensor{DType: Int32, Shape: Shape(shape).Clone(), Data: make([]byte, 0, 4*len(v))}
	for _, x := range v {
		t.Data = binary.LittleEndian.AppendUint32(t.Data, uint32(x))
	}
	return t
}

// Ints returns the elements of an integer or Bool tensor as int64; other types are an error. Uint64 values above the
// greatest int64 wrap.
func (t *Tensor) Ints() ([]int64, error) {
	if !t.DType.IsInteger() && t.DType != Bool {
		return nil, fmt.Errorf("want an integer tensor, got %v%v", t.DType, t.Shape)
	}
	out := make([]int64, t.Len())
	for i := range out {
		out[i] = t.Int(i)
	}
	return out, nil
}

// Int returns element i of an integer or Bool tensor.
func (t *Tensor) Int(i int) int64 {
	le := binary.LittleEndian
	switch t.DType {
	case Int8:
		return int64(int8(t.Data[i]))
	case Uint8, Bool:
		return int64(t.Data[i])
	case Int16:
		return int64(int16(le.Uint16(t.Data[2*i:])))
	case Uint16:
		return int64(le.Uint16(t.Data[2*i:]))
	case Int32:
		return int64(int32(le.Uint32(t.Data[4*i:])))
	case Uint32:
		return int64(le.Uint32(t.Data[4*i:]))
	case Int64, Uint64:
		return int64(le.Uint64(t.Data[8*i:]))
	case Uint4:
		return int64(t.Data[i/2] >> (i % 2 * 4) & 15)
	case Int4:
		return int64(int8(t.Data[i/2]>>(i%2*4)<<4) >> 4)
	}
	panic("bug: Int on a tensor of type " + t.DType.String())
}

// SetInt stores v, which must be in range, as element i of an integer or Bool tensor.
func (t *Tensor) SetInt(i int, v int64) {
	le := binary.LittleEndian
	switch t.DType {
	case Int8, Uint8, Bool:
		t.Data[i] = byte(v)
	case Int16, Uint16:
		le.PutUint16(t.Data[2*i:], uint16(v))
	case Int32, Uint32:
		le.PutUint32(t.Data[4*i:], uint32(v))
	case Int64, Uint64:
		le.PutUint64(t.Data[8*i:], uint64(v))
	case Int4, Uint4:
		shift := i % 2 * 4
		t.Data[i/2] = t.Data[i/2]&^(15<<shift) | byte(v&15)<<shift
	default:
		panic("bug: SetInt on a tensor of type " + t.DType.String())
	}
}

// Float returns element i of a tensor of any type as float64, without regard to quantization.
func (t *Tensor) Float(i int) float64 {
	le := binary.LittleEndian
	switch t.DType {
	case Float32:
		return float64(math.Float32frombits(le.Uint32(t.Data[4*i:])))
	case Float64:
		return math.Float64frombits(le.Uint64(t.Data[8*i:]))
	case Float16:
		return float64(Float16ToFloat32(le.Uint16(t.Data[2*i:])))
	case BFloat16:
		return float64(math.Float32frombits(uint32(le.Uint16(t.Data[2*i:])) << 16))
	case Uint64:
		return float64(le.Uint64(t.Data[8*i:]))
	}
	return float64(t.Int(i))
}

// SetFloat stores v as element i of a floating-point tensor, rounded half to even.
func (t *Tensor) SetFloat(i int, v float64) {
	le := binary.LittleEndian
	switch t.DType {
	case Float32:
		le.PutUint32(t.Data[4*i:], math.Float32bits(float32(v)))
	case Float64:
		le.PutUint64(t.Data[8*i:], math.Float64bits(v))
	case Float16:
		le.PutUint16(t.Data[2*i:], Float32ToFloat16(float32(v)))
	case BFloat16:
		le.PutUint16(t.Data[2*i:], Float32ToBFloat16(float32(v)))
	default:
		panic("bug: SetFloat on a tensor of type " + t.DType.String())
	}
}

// Floats returns the elements of a tensor of any type as float32, without regard to quantization.
func (t *Tensor) Floats() []float32 {
	out := make([]float32, t.Len())
	for i := range out {
		out[i] = float32(t.Float(i))
	}
	return out
}
