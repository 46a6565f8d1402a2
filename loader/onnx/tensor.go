package onnx

import (
	"encoding/binary"
	"fmt"

	"github.com/octet-ml/octet/graph"
	"google.golang.org/protobuf/encoding/protowire"
)

// tensorProto is TensorProto. Typed data stay encoded until the tensor is wanted: parts are the fields that hold them.
type tensorProto struct {
	name     string
	dims     []int64
	dataType int64
	segment  bool
	raw      []byte
	hasRaw   bool
	parts    []field
	external map[string]string // nil unless data_location is EXTERNAL
	location int64
}

// TensorProto.DataType values and the element types they are; strings, complex numbers and float8 are missing.
var dataTypes = map[int64]graph.DType{
	1: graph.Float32, 2: graph.Uint8, 3: graph.Int8, 4: graph.Uint16, 5: graph.Int16, 6: graph.Int32, 7: graph.Int64,
	9: graph.Bool, 10: graph.Float16, 11: graph.Float64, 12: graph.Uint32, 13: graph.Uint64, 16: graph.BFloat16,
	21: graph.Uint4, 22: graph.Int4,
}

// dataTypeNames names the data types without a graph.DType, for messages.
var dataTypeNames = map[int64]string{
	0: "undefined", 8: "string", 14: "complex64", 15: "complex128", 17: "float8e4m3fn", 18: "float8e4m3fnuz", 19: "float8e5m2",
	20: "float8e5m2fnuz", 23: "float4e2m1", 24: "float8e8m0", 25: "uint2", 26: "int2",
}

// dtypeOf returns the element type of a TensorProto.DataType.
func dtypeOf(dataType int64) (graph.DType, error) {
	if d, ok := dataTypes[dataType]; ok {
		return d, nil
	}
	if name, ok := dataTypeNames[dataType]; ok {
		return graph.Invalid, unsupportedf("data type %s", name)
	}
	return graph.Invalid, unsupportedf("data type number %d", dataType)
}

// tensor reads a TensorProto without its elements.
func (p *parser) tensor(f field) (*tensorProto, error) {
	if p.tensors++; p.tensors > p.limits.Tensors {
		return nil, limitErrorf("more than %d tensors", p.limits.Tensors)
	}
	t := new(tensorProto)
	err := eachField("tensor", f.bytes, func(f field) error {
		switch f.num {
		case 1:
			return f.appendInts(&t.dims, p.limits.Rank)
		case 2:
			return f.setInt(&t.dataType)
		case 3:
			t.segment = true
		case 4, 5, 6, 7, 10, 11:
			if len(t.parts) >= p.limits.List {
				return limitErrorf("more than %d pieces of data", p.limits.List)
			}
			t.parts = append(t.parts, f)
		case 8:
			return f.setString(&t.name)
		case 9:
			t.hasRaw = true
			return f.setBytes(&t.raw)
		case 13:
			key, value, err := stringPair("external data", f)
			if t.external == nil {
				t.external = make(map[string]string)
			}
			if len(t.external) >= p.limits.Rank {
				return limitErrorf("more than %d entries", p.limits.Rank)
			}
			t.external[key] = value
			return err
		case 14:
			return f.setInt(&t.location)
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("tensor %q: %w", t.name, err)
	}
	return t, nil
}

// shape returns the type, shape and number of elements of the tensor.
func (t *tensorProto) shape() (graph.DType, graph.Shape, int, error) {
	d, err := dtypeOf(t.dataType)
	if err != nil {
		return 0, nil, 0, err
	}
	s := make(graph.Shape, len(t.dims))
	for i, v := range t.dims {
		if v < 0 || v > graph.MaxElements {
			return 0, nil, 0, formatErrorf("dimension %d is %d", i, v)
		}
		s[i] = int(v)
	}
	n, err := s.Elements()
	if err != nil {
		return 0, nil, 0, limitErrorf("%w", err)
	}
	return d, s, n, nil
}

// tensor returns the elements of t: aliasing the file where they are raw, else decoded or read from an external file.
func (r *reader) tensor(t *tensorProto) (*graph.Tensor, error) {
	out, err := r.elements(t)
	if err != nil {
		return nil, fmt.Errorf("tensor %q: %w", t.name, err)
	}
	return out, nil
}

// elements is tensor without the name in errors.
func (r *reader) elements(t *tensorProto) (*graph.Tensor, error) {
	d, s, n, err := t.shape()
	if err != nil {
		return nil, err
	}
	if t.segment {
		return nil, unsupportedf("tensor in segments")
	}
	out := &graph.Tensor{DType: d, Shape: s}
	size := d.Bytes(n)
	switch {
	case t.location == 1:
		out.Data, err = r.external(t.external, size)
		return out, err
	case t.location != 0:
		return nil, formatErrorf("data location %d", t.location)
	case len(t.raw) > 0 || t.hasRaw && len(t.parts) == 0:
		if len(t.raw) != size {
			return nil, formatErrorf("%v%v wants %d bytes, got %d", d, s, size, len(t.raw))
		}
		out.Data = t.raw
		return out, nil
	}
	out.Data, err = r.typed(t, d, n)
	return out, err
}

// charge counts bytes that are about to be allocated beside the file's own.
func (r *reader) charge(size int) error {
	if r.decoded += int64(size); r.decoded > r.limits.DecodedBytes {
		return limitErrorf("more than %d bytes of decoded tensors", r.limits.DecodedBytes)
	}
	return nil
}

// encoding says which field of TensorProto holds the elements of a type, how they are encoded there and how many bits of
// each number count.
type encoding struct {
	field protowire.Number
	wire  protowire.Type
	bits  int
}

var encodings = map[graph.DType]encoding{
	graph.Float32: {4, protowire.Fixed32Type, 32}, graph.Float64: {10, protowire.Fixed64Type, 64},
	graph.Int32: {5, protowire.VarintType, 32}, graph.Int16: {5, protowire.VarintType, 16}, graph.Int8: {5, protowire.VarintType, 8},
	graph.Uint16: {5, protowire.VarintType, 16}, graph.Uint8: {5, protowire.VarintType, 8}, graph.Bool: {5, protowire.VarintType, 8},
	graph.Float16: {5, protowire.VarintType, 16}, graph.BFloat16: {5, protowire.VarintType, 16},
	graph.Int4: {5, protowire.VarintType, 8}, graph.Uint4: {5, protowire.VarintType, 8},
	graph.Int64: {7, protowire.VarintType, 64}, graph.Uint32: {11, protowire.VarintType, 32}, graph.Uint64: {11, protowire.VarintType, 64},
}

// typed decodes n elements of type d from the typed fields. The first pass counts, so that nothing is allocated for
// elements that the file does not hold.
func (r *reader) typed(t *tensorProto, d graph.DType, n int) ([]byte, error) {
	e := encodings[d]
	size := d.Bytes(n)
	want := size * 8 / e.bits
	count := 0
	for _, f := range t.parts {
		if f.num != e.field {
			return nil, formatErrorf("%v elements in field %d, want %d", d, f.num, e.field)
		}
		if err := f.eachNumber(e.wire, func(uint64) error { count++; return nil }); err != nil {
			return nil, err
		}
	}
	if count != want {
		return nil, formatErrorf("%v wants %d numbers, got %d", d, want, count)
	}
	if err := r.charge(size); err != nil {
		return nil, err
	}
	data := make([]byte, 0, size)
	for _, f := range t.parts {
		err := f.eachNumber(e.wire, func(v uint64) error {
			switch e.bits {
			case 8:
				data = append(data, byte(v))
			case 16:
				data = binary.LittleEndian.AppendUint16(data, uint16(v))
			case 32:
				data = binary.LittleEndian.AppendUint32(data, uint32(v))
			default:
				data = binary.LittleEndian.AppendUint64(data, v)
			}
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	return data, nil
}
