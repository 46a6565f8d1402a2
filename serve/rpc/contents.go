package rpc

import (
	"encoding/binary"
	"fmt"
	"math"

	"github.com/octet-ml/octet/serve/inference"
	"github.com/octet-ml/octet/serve/oip"
)

// contents is the typed form of a tensor's elements.
type contents = inference.InferTensorContents

// field is one of the lists of contents.
type field struct {
	name string
	len  func(*contents) int
}

// The lists of contents.
var (
	boolContents   = &field{"bool_contents", func(c *contents) int { return len(c.GetBoolContents()) }}
	intContents    = &field{"int_contents", func(c *contents) int { return len(c.GetIntContents()) }}
	int64Contents  = &field{"int64_contents", func(c *contents) int { return len(c.GetInt64Contents()) }}
	uintContents   = &field{"uint_contents", func(c *contents) int { return len(c.GetUintContents()) }}
	uint64Contents = &field{"uint64_contents", func(c *contents) int { return len(c.GetUint64Contents()) }}
	fp32Contents   = &field{"fp32_contents", func(c *contents) int { return len(c.GetFp32Contents()) }}
	fp64Contents   = &field{"fp64_contents", func(c *contents) int { return len(c.GetFp64Contents()) }}
	bytesContents  = &field{"bytes_contents", func(c *contents) int { return len(c.GetBytesContents()) }}

	fields = []*field{boolContents, intContents, int64Contents, uintContents, uint64Contents, fp32Contents, fp64Contents, bytesContents}
)

// form says in which list the elements of a datatype are, and turns them into little-endian bytes. An error tells which element is
// outside of the datatype.
type form struct {
	field *field
	bytes func(*contents) ([]byte, error)
}

// forms are the datatypes with a typed form. FP16 and BF16 have none.
var forms = map[oip.Datatype]form{
	oip.Bool: {boolContents, func(c *contents) ([]byte, error) {
		return encode(c.GetBoolContents(), 1, func(dst []byte, v bool) []byte {
			if v {
				return append(dst, 1)
			}
			return append(dst, 0)
		}), nil
	}},
	oip.Int8:   {intContents, func(c *contents) ([]byte, error) { return narrow[int8](c.GetIntContents(), 1) }},
	oip.Int16:  {intContents, func(c *contents) ([]byte, error) { return narrow[int16](c.GetIntContents(), 2) }},
	oip.Int32:  {intContents, func(c *contents) ([]byte, error) { return narrow[int32](c.GetIntContents(), 4) }},
	oip.Int64:  {int64Contents, func(c *contents) ([]byte, error) { return narrow[int64](c.GetInt64Contents(), 8) }},
	oip.Uint8:  {uintContents, func(c *contents) ([]byte, error) { return narrow[uint8](c.GetUintContents(), 1) }},
	oip.Uint16: {uintContents, func(c *contents) ([]byte, error) { return narrow[uint16](c.GetUintContents(), 2) }},
	oip.Uint32: {uintContents, func(c *contents) ([]byte, error) { return narrow[uint32](c.GetUintContents(), 4) }},
	oip.Uint64: {uint64Contents, func(c *contents) ([]byte, error) { return narrow[uint64](c.GetUint64Contents(), 8) }},
	oip.FP32: {fp32Contents, func(c *contents) ([]byte, error) {
		return encode(c.GetFp32Contents(), 4, func(dst []byte, v float32) []byte {
			return binary.LittleEndian.AppendUint32(dst, math.Float32bits(v))
		}), nil
	}},
	oip.FP64: {fp64Contents, func(c *contents) ([]byte, error) {
		return encode(c.GetFp64Contents(), 8, func(dst []byte, v float64) []byte {
			return binary.LittleEndian.AppendUint64(dst, math.Float64bits(v))
		}), nil
	}},
	oip.Bytes: {bytesContents, func(c *contents) ([]byte, error) {
		size := 0
		for _, v := range c.GetBytesContents() {
			size += 4 + len(v)
		}
		dst := make([]byte, 0, size)
		for _, v := range c.GetBytesContents() {
			dst = append(binary.LittleEndian.AppendUint32(dst, uint32(len(v))), v...)
		}
		return dst, nil
	}},
}

// hasContents reports whether any list has an element.
func hasContents(c *contents) bool {
	for _, f := range fields {
		if f.len(c) > 0 {
			return true
		}
	}
	return false
}

// typed returns the elements of a tensor in typed form as the bytes that its raw form has. The list for the datatype must hold as many
// elements as the shape says, no other list any, and each element must be a number of the datatype. Errors wrap oip.ErrInvalid.
func typed(d oip.Datatype, shape []int64, c *contents) ([]byte, error) {
	form, ok := forms[d]
	if !ok {
		return nil, fmt.Errorf("%w: datatype %.20q has no typed contents: want raw_input_contents", oip.ErrInvalid, d)
	}
	for _, f := range fields {
		if f != form.field && f.len(c) > 0 {
			return nil, fmt.Errorf("%w: %s for datatype %s: want %s", oip.ErrInvalid, f.name, d, form.field.name)
		}
	}
	n := form.field.len(c)
	if want, ok := elements(shape); !ok || want != int64(n) {
		return nil, fmt.Errorf("%w: %s has %d elements, which is not what shape %v says", oip.ErrInvalid, form.field.name, n, shape)
	}
	data, err := form.bytes(c)
	if err != nil {
		return nil, fmt.Errorf("%s: %w, which is no %s", form.field.name, err, d)
	}
	return data, nil
}

// elements returns how many elements a shape has, and false where that is negative or overflows.
func elements(shape []int64) (int64, bool) {
	n := int64(1)
	for _, d := range shape {
		if d < 0 || d > math.MaxInt32 || d > 0 && n > math.MaxInt32/d {
			return 0, false
		}
		n *= d
	}
	return n, true
}

// encode appends the elements of a list, of size bytes each.
func encode[T any](list []T, size int, put func([]byte, T) []byte) []byte {
	dst := make([]byte, 0, len(list)*size)
	for _, v := range list {
		dst = put(dst, v)
	}
	return dst
}

// whole is any type of integers.
type whole interface {
	~int8 | ~int16 | ~int32 | ~int64 | ~uint8 | ~uint16 | ~uint32 | ~uint64
}

// narrow encodes integers as those of a type of size bytes. An element outside of it is an error that wraps oip.ErrInvalid.
func narrow[To, From whole](list []From, size int) ([]byte, error) {
	dst := make([]byte, len(list)*size)
	for i, v := range list {
		if From(To(v)) != v {
			return nil, fmt.Errorf("%w: element %d is %d", oip.ErrInvalid, i, v)
		}
		bits := uint64(v)
		for k := range size {
			dst[i*size+k] = byte(bits >> (8 * k))
		}
	}
	return dst, nil
}
