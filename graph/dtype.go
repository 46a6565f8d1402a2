package graph

import "fmt"

// DType is the type of a tensor's elements.
type DType uint8

// The element types. Int4 and Uint4 are packed two to a byte, the element with the even index in the low nibble.
const (
	Invalid DType = iota
	Float32
	Float16
	BFloat16
	Float64
	Int8
	Uint8
	Int16
	Uint16
	Int32
	Uint32
	Int64
	Uint64
	Bool
	Int4
	Uint4
	numDTypes
)

var dtypes = [numDTypes]struct {
	name     string
	bits     int
	min, max int64
}{
	Invalid: {"invalid", 0, 0, 0},
	Float32: {"f32", 32, 0, 0}, Float16: {"f16", 16, 0, 0}, BFloat16: {"bf16", 16, 0, 0}, Float64: {"f64", 64, 0, 0},
	Int8: {"i8", 8, -128, 127}, Uint8: {"u8", 8, 0, 255},
	Int16: {"i16", 16, -1 << 15, 1<<15 - 1}, Uint16: {"u16", 16, 0, 1<<16 - 1},
	Int32: {"i32", 32, -1 << 31, 1<<31 - 1}, Uint32: {"u32", 32, 0, 1<<32 - 1},
	Int64: {"i64", 64, -1 << 63, 1<<63 - 1}, Uint64: {"u64", 64, 0, 1<<63 - 1},
	Bool: {"bool", 8, 0, 1}, Int4: {"i4", 4, -8, 7}, Uint4: {"u4", 4, 0, 15},
}

// String returns the short name, such as "f32" or "u8".
func (d DType) String() string {
	if d >= numDTypes {
		return fmt.Sprintf("dtype(%d)", uint8(d))
	}
	return dtypes[d].name
}

// ParseDType returns the type with the given short name.
func ParseDType(name string) (DType, error) {
	for d := Float32; d < numDTypes; d++ {
		if dtypes[d].name == name {
			return d, nil
		}
	}
	return Invalid, fmt.Errorf("unknown data type %q", name)
}

// Valid reports whether d is one of the element types.
func (d DType) Valid() bool { return d > Invalid && d < numDTypes }

// Bits returns the size of one element in bits: 4 to 64.
func (d DType) Bits() int { return dtypes[d].bits }

// Bytes returns the number of bytes that n elements take, 4-bit ones rounded up to a whole byte.
func (d DType) Bytes(n int) int { return (n*dtypes[d].bits + 7) / 8 }

// IsFloat reports whether d is a floating-point type.
func (d DType) IsFloat() bool { return d >= Float32 && d <= Float64 }

// IsInteger reports whether d is a signed or unsigned integer type; Bool is not.
func (d DType) IsInteger() bool { return d >= Int8 && d <= Uint64 || d == Int4 || d == Uint4 }

// IsSigned reports whether d is a signed integer type.
func (d DType) IsSigned() bool { return d.IsInteger() && dtypes[d].min < 0 }

// IntRange returns the least and the greatest value of an integer type; that of Uint64 is cut at the greatest int64.
func (d DType) IntRange() (lo, hi int64) { return dtypes[d].min, dtypes[d].max }
