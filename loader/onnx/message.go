package onnx

import (
	"math"

	"github.com/octet-ml/octet/graph"
	"google.golang.org/protobuf/encoding/protowire"
)

// message is an encoded protobuf message under construction: pieces in order, so that the data of tensors need not be
// copied into every message around them.
type message struct {
	parts [][]byte
	open  bool // the last piece belongs to the message and may grow
	size  int
}

// grow appends bytes that build adds to a piece of the message's own.
func (m *message) grow(build func(b []byte) []byte) {
	if !m.open {
		m.parts, m.open = append(m.parts, nil), true
	}
	last := &m.parts[len(m.parts)-1]
	before := len(*last)
	*last = build(*last)
	m.size += len(*last) - before
}

// integer appends a varint field.
func (m *message) integer(num protowire.Number, v int64) {
	m.grow(func(b []byte) []byte {
		return protowire.AppendVarint(protowire.AppendTag(b, num, protowire.VarintType), uint64(v))
	})
}

// float appends a float field.
func (m *message) float(num protowire.Number, v float32) {
	m.grow(func(b []byte) []byte {
		return protowire.AppendFixed32(protowire.AppendTag(b, num, protowire.Fixed32Type), math.Float32bits(v))
	})
}

// text appends a string field.
func (m *message) text(num protowire.Number, v string) {
	m.grow(func(b []byte) []byte {
		return protowire.AppendString(protowire.AppendTag(b, num, protowire.BytesType), v)
	})
}

// length appends the tag and the length of a field of n bytes that are appended next.
func (m *message) length(num protowire.Number, n int) {
	m.grow(func(b []byte) []byte {
		return protowire.AppendVarint(protowire.AppendTag(b, num, protowire.BytesType), uint64(n))
	})
}

// data appends a field of bytes, which the message aliases.
func (m *message) data(num protowire.Number, v []byte) {
	m.length(num, len(v))
	if len(v) > 0 {
		m.parts, m.open = append(m.parts, v), false
		m.size += len(v)
	}
}

// message appends a nested message.
func (m *message) message(num protowire.Number, v message) {
	m.length(num, v.size)
	if len(v.parts) > 0 {
		m.parts, m.open = append(m.parts, v.parts...), false
		m.size += v.size
	}
}

// bytes returns the encoding in one piece.
func (m *message) bytes() []byte {
	out := make([]byte, 0, m.size)
	for _, p := range m.parts {
		out = append(out, p...)
	}
	return out
}

// attribute is an AttributeProto.
type attribute struct {
	name  string
	value any // int, float32, string, []int, []float32 or *graph.Tensor
}

// message encodes the attribute.
func (a attribute) message() message {
	var m message
	m.text(1, a.name)
	kind := int64(0)
	switch v := a.value.(type) {
	case int:
		kind = attrInt
		m.integer(3, int64(v))
	case float32:
		kind = attrFloat
		m.float(2, v)
	case string:
		kind = attrString
		m.text(4, v)
	case []int:
		kind = attrInts
		for _, x := range v {
			m.integer(8, int64(x))
		}
	case []float32:
		kind = attrFloats
		for _, x := range v {
			m.float(7, x)
		}
	case *graph.Tensor:
		kind = attrTensor
		m.message(5, tensorMessage("", v))
	}
	m.integer(20, kind)
	return m
}

// dataTypeOf is the TensorProto.DataType of each element type.
var dataTypeOf = func() map[graph.DType]int64 {
	m := make(map[graph.DType]int64)
	for number, d := range dataTypes {
		m[d] = number
	}
	return m
}()

// tensorMessage is a TensorProto with raw data.
func tensorMessage(name string, t *graph.Tensor) message {
	var m message
	for _, d := range t.Shape {
		m.integer(1, int64(d))
	}
	m.integer(2, dataTypeOf[t.DType])
	if name != "" {
		m.text(8, name)
	}
	m.data(9, t.Data)
	return m
}

// valueMessage is a ValueInfoProto; a nil shape is left out, as is the type where it is not known. A batch dimension is the
// parameter N.
func valueMessage(name string, d graph.DType, s graph.Shape) (message, error) {
	var m message
	m.text(1, name)
	if d == graph.Invalid {
		return m, nil
	}
	var tensor, typ message
	tensor.integer(1, dataTypeOf[d])
	if s != nil {
		var shape message
		for i, n := range s {
			var dim message
			switch {
			case n == graph.Batch:
				dim.text(2, "N")
			case n < 0:
				return m, unsupportedf("%q: dimension %d is %d times the batch", name, i, -n)
			default:
				dim.integer(1, int64(n))
			}
			shape.message(1, dim)
		}
		tensor.message(2, shape)
	}
	typ.message(1, tensor)
	m.message(2, typ)
	return m, nil
}
