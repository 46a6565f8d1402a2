package onnx

import (
	"math"

	"google.golang.org/protobuf/encoding/protowire"
)

// field is one field of a protobuf message.
type field struct {
	num   protowire.Number
	typ   protowire.Type
	bits  uint64 // of varint and fixed types
	bytes []byte // of the bytes type; aliases the file
}

// eachField calls visit for every field of a message, in order. what names the message in errors.
func eachField(what string, data []byte, visit func(f field) error) error {
	for len(data) > 0 {
		num, typ, n := protowire.ConsumeTag(data)
		if n < 0 {
			return formatErrorf("%s: %w", what, protowire.ParseError(n))
		}
		data = data[n:]
		f := field{num: num, typ: typ}
		switch typ {
		case protowire.VarintType:
			f.bits, n = protowire.ConsumeVarint(data)
		case protowire.Fixed32Type:
			var v uint32
			v, n = protowire.ConsumeFixed32(data)
			f.bits = uint64(v)
		case protowire.Fixed64Type:
			f.bits, n = protowire.ConsumeFixed64(data)
		case protowire.BytesType:
			f.bytes, n = protowire.ConsumeBytes(data)
		default:
			return formatErrorf("%s: field %d has wire type %d, which onnx does not use", what, num, typ)
		}
		if n < 0 {
			return formatErrorf("%s: field %d: %w", what, num, protowire.ParseError(n))
		}
		data = data[n:]
		if err := visit(f); err != nil {
			return err
		}
	}
	return nil
}

// want returns an error unless the field has the wire type. The set methods below store the value in any case and return it.
func (f field) want(typ protowire.Type) error {
	if f.typ != typ {
		return formatErrorf("field %d: wire type %d, want %d", f.num, f.typ, typ)
	}
	return nil
}

func (f field) setBytes(dst *[]byte) error {
	*dst = f.bytes
	return f.want(protowire.BytesType)
}

func (f field) setString(dst *string) error {
	*dst = string(f.bytes)
	return f.want(protowire.BytesType)
}

func (f field) setInt(dst *int64) error {
	*dst = int64(f.bits)
	return f.want(protowire.VarintType)
}

func (f field) setFloat(dst *float32) error {
	*dst = math.Float32frombits(uint32(f.bits))
	return f.want(protowire.Fixed32Type)
}

// appendString appends a repeated string field.
func (f field) appendString(dst *[]string, limit int) error {
	if len(*dst) >= limit {
		return limitErrorf("field %d: more than %d strings", f.num, limit)
	}
	*dst = append(*dst, string(f.bytes))
	return f.want(protowire.BytesType)
}

// eachNumber calls visit for the numbers of a repeated field of type typ, packed or not.
func (f field) eachNumber(typ protowire.Type, visit func(bits uint64) error) error {
	if f.typ == typ {
		return visit(f.bits)
	}
	if err := f.want(protowire.BytesType); err != nil {
		return err
	}
	for data := f.bytes; len(data) > 0; {
		var v uint64
		var n int
		switch typ {
		case protowire.VarintType:
			v, n = protowire.ConsumeVarint(data)
		case protowire.Fixed32Type:
			var w uint32
			w, n = protowire.ConsumeFixed32(data)
			v = uint64(w)
		default:
			v, n = protowire.ConsumeFixed64(data)
		}
		if n < 0 {
			return formatErrorf("field %d: %w", f.num, protowire.ParseError(n))
		}
		data = data[n:]
		if err := visit(v); err != nil {
			return err
		}
	}
	return nil
}

// appendInts appends the numbers of a repeated varint field.
func (f field) appendInts(dst *[]int64, limit int) error {
	return f.eachNumber(protowire.VarintType, func(bits uint64) error {
		if len(*dst) >= limit {
			return limitErrorf("field %d: more than %d numbers", f.num, limit)
		}
		*dst = append(*dst, int64(bits))
		return nil
	})
}

// appendFloats appends the numbers of a repeated float field.
func (f field) appendFloats(dst *[]float32, limit int) error {
	return f.eachNumber(protowire.Fixed32Type, func(bits uint64) error {
		if len(*dst) >= limit {
			return limitErrorf("field %d: more than %d numbers", f.num, limit)
		}
		*dst = append(*dst, math.Float32frombits(uint32(bits)))
		return nil
	})
}
