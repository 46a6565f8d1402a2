package oip

import "github.com/octet-ml/octet/graph"

// Datatype is the protocol's name of an element type.
type Datatype string

// The protocol's element types.
const (
	Bool   Datatype = "BOOL"
	Uint8  Datatype = "UINT8"
	Uint16 Datatype = "UINT16"
	Uint32 Datatype = "UINT32"
	Uint64 Datatype = "UINT64"
	Int8   Datatype = "INT8"
	Int16  Datatype = "INT16"
	Int32  Datatype = "INT32"
	Int64  Datatype = "INT64"
	FP16   Datatype = "FP16"
	BF16   Datatype = "BF16"
	FP32   Datatype = "FP32"
	FP64   Datatype = "FP64"
	Bytes  Datatype = "BYTES"
)

// datatypes are the element types with their types in graphs.
var datatypes = map[Datatype]graph.DType{
	Bool: graph.Bool, Uint8: graph.Uint8, Uint16: graph.Uint16, Uint32: graph.Uint32, Uint64: graph.Uint64,
	Int8: graph.Int8, Int16: graph.Int16, Int32: graph.Int32, Int64: graph.Int64,
	FP16: graph.Float16, BF16: graph.BFloat16, FP32: graph.Float32, FP64: graph.Float64,
}

// DType returns the element type in graphs; Invalid for Bytes and for what is no datatype.
func (d Datatype) DType() graph.DType { return datatypes[d] }

// Size returns the bytes of an element; 0 for Bytes, whose elements have no fixed size, and for what is no datatype.
func (d Datatype) Size() int { return d.DType().Bits() / 8 }

// DatatypeOf returns the protocol's name of an element type, "" where it has none: 4-bit integers.
func DatatypeOf(t graph.DType) Datatype {
	for name, d := range datatypes {
		if d == t {
			return name
		}
	}
	return ""
}
