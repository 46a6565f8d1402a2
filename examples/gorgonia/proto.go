package main

import (
	"encoding/binary"
	"math"

	"google.golang.org/protobuf/encoding/protowire"
)

// Element types of TensorProto.DataType in https://github.com/onnx/onnx/blob/main/onnx/onnx.proto, where every field
// number of this file stands.
const (
	onnxFloat = 1
	onnxUint8 = 2
	onnxInt8  = 3
	onnxInt32 = 6
)

// message is an encoded protobuf message under construction.
type message []byte

// integer appends a varint field.
func (m *message) integer(field protowire.Number, v int64) {
	*m = protowire.AppendTag(*m, field, protowire.VarintType)
	*m = protowire.AppendVarint(*m, uint64(v))
}

// bytes appends a field of bytes or a nested message.
func (m *message) bytes(field protowire.Number, v []byte) {
	*m = protowire.AppendTag(*m, field, protowire.BytesType)
	*m = protowire.AppendBytes(*m, v)
}

// text appends a string field.
func (m *message) text(field protowire.Number, v string) { m.bytes(field, []byte(v)) }

// integersAttr is an AttributeProto that holds several integers.
func integersAttr(name string, v ...int) message {
	var m message
	m.text(1, name)
	for _, x := range v {
		m.integer(8, int64(x))
	}
	m.integer(20, 7)
	return m
}

// integerAttr is an AttributeProto that holds one integer.
func integerAttr(name string, v int) message {
	var m message
	m.text(1, name)
	m.integer(3, int64(v))
	m.integer(20, 2)
	return m
}

// nodeProto is a NodeProto with one output, whose name is the node's too.
func nodeProto(op, output string, inputs []string, attrs ...message) message {
	var m message
	for _, in := range inputs {
		m.text(1, in)
	}
	m.text(2, output)
	m.text(3, output)
	m.text(4, op)
	for _, a := range attrs {
		m.bytes(5, a)
	}
	return m
}

// tensorProto is a TensorProto of little-endian raw data; no dims make a scalar.
func tensorProto(name string, dtype int64, raw []byte, dims ...int) message {
	var m message
	for _, d := range dims {
		m.integer(1, int64(d))
	}
	m.integer(2, dtype)
	m.text(8, name)
	m.bytes(9, raw)
	return m
}

// valueProto is a ValueInfoProto of float32 [N dims...], N being the batch.
func valueProto(name string, dims ...int) message {
	var batch, shape, tensorType, typ, m message
	batch.text(2, "N")
	shape.bytes(1, batch)
	for _, d := range dims {
		var dim message
		dim.integer(1, int64(d))
		shape.bytes(1, dim)
	}
	tensorType.integer(1, onnxFloat)
	tensorType.bytes(2, shape)
	typ.bytes(1, tensorType)
	m.text(1, name)
	m.bytes(2, typ)
	return m
}

// rawFloats, rawInts and rawInt8s are little-endian raw data.
func rawFloats(v ...float32) []byte {
	var b []byte
	for _, x := range v {
		b = binary.LittleEndian.AppendUint32(b, math.Float32bits(x))
	}
	return b
}

func rawInts(v []int32) []byte {
	var b []byte
	for _, x := range v {
		b = binary.LittleEndian.AppendUint32(b, uint32(x))
	}
	return b
}

func rawInt8s(v []int8) []byte {
	b := make([]byte, len(v))
	for i, x := range v {
		b[i] = byte(x)
	}
	return b
}
