package rpc

import (
	"bytes"
	"errors"
	"math"
	"strings"
	"testing"

	"github.com/octet-ml/octet/serve/oip"
)

// Each datatype's elements become the bytes of the raw form.
func TestTypedContentsBecomeRaw(t *testing.T) {
	for _, c := range []struct {
		datatype oip.Datatype
		contents *contents
		want     []byte
	}{
		{oip.Bool, &contents{BoolContents: []bool{true, false}}, []byte{1, 0}},
		{oip.Int8, &contents{IntContents: []int32{-128, 127}}, []byte{0x80, 0x7f}},
		{oip.Int16, &contents{IntContents: []int32{-32768, 258}}, []byte{0, 0x80, 2, 1}},
		{oip.Int32, &contents{IntContents: []int32{math.MinInt32, -2}}, []byte{0, 0, 0, 0x80, 0xfe, 0xff, 0xff, 0xff}},
		{oip.Int64, &contents{Int64Contents: []int64{math.MinInt64, 1}}, []byte{0, 0, 0, 0, 0, 0, 0, 0x80, 1, 0, 0, 0, 0, 0, 0, 0}},
		{oip.Uint8, &contents{UintContents: []uint32{255, 0}}, []byte{255, 0}},
		{oip.Uint16, &contents{UintContents: []uint32{65535, 258}}, []byte{255, 255, 2, 1}},
		{oip.Uint32, &contents{UintContents: []uint32{math.MaxUint32, 1}}, []byte{255, 255, 255, 255, 1, 0, 0, 0}},
		{oip.Uint64, &contents{Uint64Contents: []uint64{math.MaxUint64, 1}}, []byte{255, 255, 255, 255, 255, 255, 255, 255, 1, 0, 0, 0, 0, 0, 0, 0}},
		{oip.FP32, &contents{Fp32Contents: []float32{1, -2}}, []byte{0, 0, 0x80, 0x3f, 0, 0, 0, 0xc0}},
		{oip.FP64, &contents{Fp64Contents: []float64{1, -2}}, []byte{0, 0, 0, 0, 0, 0, 0xf0, 0x3f, 0, 0, 0, 0, 0, 0, 0, 0xc0}},
		{oip.Bytes, &contents{BytesContents: [][]byte{[]byte("ab"), nil}}, []byte{2, 0, 0, 0, 'a', 'b', 0, 0, 0, 0}},
	} {
		if got, err := typed(c.datatype, []int64{2, 1}, c.contents); err != nil || !bytes.Equal(got, c.want) {
			t.Errorf("%s: got %x, %v, want %x", c.datatype, got, err, c.want)
		}
	}
}

func TestTypedContentsAreChecked(t *testing.T) {
	for _, c := range []struct {
		name     string
		datatype oip.Datatype
		shape    []int64
		contents *contents
		says     string
	}{
		{"no contents", oip.FP32, []int64{1}, nil, "fp32_contents has 0 elements"},
		{"too few", oip.FP32, []int64{2}, &contents{Fp32Contents: []float32{1}}, "1 elements"},
		{"too many", oip.Bytes, []int64{1}, &contents{BytesContents: [][]byte{nil, nil}}, "2 elements"},
		{"negative shape", oip.FP32, []int64{-1, -1}, &contents{Fp32Contents: []float32{1}}, "[-1 -1]"},
		{"overflowing shape", oip.FP32, []int64{1 << 31, 1 << 31, 4}, nil, "shape"},
		{"shape that overflows to 0", oip.FP32, []int64{1 << 62, 4}, nil, "shape"},
		{"wrong list", oip.Int64, []int64{1}, &contents{IntContents: []int32{1}}, "int_contents for datatype INT64: want int64_contents"},
		{"two lists", oip.Int64, []int64{1}, &contents{Int64Contents: []int64{1}, BytesContents: [][]byte{nil}}, "bytes_contents"},
		{"300 as INT8", oip.Int8, []int64{2}, &contents{IntContents: []int32{1, 300}}, "element 1 is 300, which is no INT8"},
		{"-129 as INT8", oip.Int8, []int64{1}, &contents{IntContents: []int32{-129}}, "-129"},
		{"32768 as INT16", oip.Int16, []int64{1}, &contents{IntContents: []int32{32768}}, "32768"},
		{"256 as UINT8", oip.Uint8, []int64{1}, &contents{UintContents: []uint32{256}}, "256"},
		{"65536 as UINT16", oip.Uint16, []int64{1}, &contents{UintContents: []uint32{65536}}, "65536"},
		{"FP16", oip.FP16, []int64{1}, &contents{Fp32Contents: []float32{1}}, "raw_input_contents"},
		{"BF16", oip.BF16, []int64{1}, &contents{Fp32Contents: []float32{1}}, "raw_input_contents"},
		{"no datatype", "FLOAT", []int64{1}, &contents{Fp32Contents: []float32{1}}, `"FLOAT"`},
	} {
		got, err := typed(c.datatype, c.shape, c.contents)
		if got != nil || !errors.Is(err, oip.ErrInvalid) || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: got %x, %v, want %q", c.name, got, err, c.says)
		}
	}
}
