package tflite_test

import (
	"encoding/binary"
	"math"

	flatbuffers "github.com/google/flatbuffers/go"
)

// Values of TensorType.
const (
	typeFloat32 = 0
	typeFloat16 = 1
	typeInt32   = 2
	typeUint8   = 3
	typeInt64   = 4
	typeString  = 5
	typeBool    = 6
	typeInt16   = 7
	typeInt8    = 9
	typeInt4    = 17
)

// tensor is a Tensor to write; data make it a constant.
type tensor struct {
	name      string
	kind      byte
	shape     []int32
	signature []int32
	data      []byte
	scale     []float32
	zero      []int64
	axis      int32
	variable  bool
	sparse    bool
}

// fields are the fields of an options table: byte, bool, int32, float32 or []int32, by number.
type fields map[int]any

// operator is an Operator to write.
type operator struct {
	code    int
	custom  string
	in, out []int32
	kind    byte
	options fields
}

// model is a Model to write.
type model struct {
	tensors   []tensor
	operators []operator
	in, out   []int32
	meta      []byte // of TFLITE_METADATA
	runtime   string
}

// bytes returns the model as a flatbuffer.
func (m model) bytes() []byte {
	b := flatbuffers.NewBuilder(1024)
	buffers := []flatbuffers.UOffsetT{writeTable(b, fields{})}
	var tensors, codes, operators []flatbuffers.UOffsetT
	for _, t := range m.tensors {
		buffer := uint32(0)
		if t.data != nil {
			buffer = uint32(len(buffers))
			buffers = append(buffers, writeTable(b, fields{0: b.CreateByteVector(t.data)}))
		}
		quant := fields{6: t.axis}
		if t.scale != nil {
			quant[2] = writeVector(b, 4, t.scale, func(x float32) { b.PrependFloat32(x) })
		}
		if t.zero != nil {
			quant[3] = writeVector(b, 8, t.zero, func(x int64) { b.PrependInt64(x) })
		}
		f := fields{0: ints(b, t.shape), 1: t.kind, 2: buffer, 3: b.CreateString(t.name), 4: writeTable(b, quant), 5: t.variable}
		if t.signature != nil {
			f[7] = ints(b, t.signature)
		}
		if t.sparse {
			f[6] = writeTable(b, fields{})
		}
		tensors = append(tensors, writeTable(b, f))
	}
	for i, o := range m.operators {
		code := fields{0: byte(min(o.code, 127)), 3: int32(o.code)}
		if o.custom != "" {
			code[1] = b.CreateString(o.custom)
		}
		codes = append(codes, writeTable(b, code))
		f := fields{0: uint32(i), 1: ints(b, o.in), 2: ints(b, o.out)}
		if o.options != nil {
			f[3], f[4] = o.kind, writeOptions(b, o.options)
		}
		operators = append(operators, writeTable(b, f))
	}
	graph := writeTable(b, fields{0: tables(b, tensors), 1: ints(b, m.in), 2: ints(b, m.out), 3: tables(b, operators), 4: b.CreateString("main")})
	root := fields{0: uint32(3), 1: tables(b, codes), 2: tables(b, []flatbuffers.UOffsetT{graph}), 3: b.CreateString("made by hand")}
	var metadata []flatbuffers.UOffsetT
	for _, e := range []struct{ name, data string }{{"min_runtime_version", m.runtime}, {"TFLITE_METADATA", string(m.meta)}} {
		if e.data != "" {
			metadata = append(metadata, writeTable(b, fields{0: b.CreateString(e.name), 1: uint32(len(buffers))}))
			buffers = append(buffers, writeTable(b, fields{0: b.CreateByteVector([]byte(e.data))}))
		}
	}
	root[4], root[6] = tables(b, buffers), tables(b, metadata)
	b.FinishWithFileIdentifier(writeTable(b, root), []byte("TFL3"))
	return b.FinishedBytes()
}

// writeTable writes a table; offsets are UOffsetT.
func writeTable(b *flatbuffers.Builder, f fields) flatbuffers.UOffsetT {
	b.StartObject(12)
	for id := range 12 {
		switch v := f[id].(type) {
		case byte:
			b.PrependByteSlot(id, v, 0)
		case bool:
			b.PrependBoolSlot(id, v, false)
		case int32:
			b.PrependInt32Slot(id, v, math.MinInt32)
		case uint32:
			b.PrependUint32Slot(id, v, math.MaxUint32)
		case uint64:
			b.PrependUint64Slot(id, v, 0)
		case float32:
			b.PrependFloat32Slot(id, v, -12345)
		case flatbuffers.UOffsetT:
			b.PrependUOffsetTSlot(id, v, 0)
		case nil:
		default:
			panic("field of unknown type")
		}
	}
	return b.EndObject()
}

// writeOptions writes an options table, whose vectors are []int32.
func writeOptions(b *flatbuffers.Builder, f fields) flatbuffers.UOffsetT {
	g := fields{}
	for id, v := range f {
		if list, ok := v.([]int32); ok {
			v = ints(b, list)
		}
		g[id] = v
	}
	return writeTable(b, g)
}

func writeVector[T any](b *flatbuffers.Builder, size int, v []T, prepend func(T)) flatbuffers.UOffsetT {
	b.StartVector(size, len(v), size)
	for i := len(v) - 1; i >= 0; i-- {
		prepend(v[i])
	}
	return b.EndVector(len(v))
}

func ints(b *flatbuffers.Builder, v []int32) flatbuffers.UOffsetT {
	return writeVector(b, 4, v, func(x int32) { b.PrependInt32(x) })
}

func tables(b *flatbuffers.Builder, v []flatbuffers.UOffsetT) flatbuffers.UOffsetT {
	return writeVector(b, 4, v, func(x flatbuffers.UOffsetT) { b.PrependUOffsetT(x) })
}

// Data of constants.

func f32(v ...float32) []byte {
	out := []byte{}
	for _, x := range v {
		out = binary.LittleEndian.AppendUint32(out, math.Float32bits(x))
	}
	return out
}

func i32(v ...int32) []byte {
	out := []byte{}
	for _, x := range v {
		out = binary.LittleEndian.AppendUint32(out, uint32(x))
	}
	return out
}

func i8(v ...int8) []byte {
	out := make([]byte, len(v))
	for i, x := range v {
		out[i] = byte(x)
	}
	return out
}
