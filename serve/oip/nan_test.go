package oip

import (
	"encoding/binary"
	"math"
	"testing"

	"github.com/octet-ml/octet/graph"
)

// What is no number is found wherever it stands, whatever its sign and its fraction; the greatest numbers and infinities are none.
func TestHasNaN(t *testing.T) {
	numbers := []uint32{0, 1 << 31, 0x7f7fffff, 0xff7fffff, 0x7f800000, 0xff800000, 1, 0x807fffff, math.Float32bits(1)}
	for n := 1; n <= 21; n++ {
		data := make([]byte, 4*n)
		for i := range n {
			binary.LittleEndian.PutUint32(data[4*i:], numbers[i%len(numbers)])
		}
		x := &graph.Tensor{DType: graph.Float32, Shape: graph.Shape{n}, Data: data}
		if hasNaN(x) {
			t.Errorf("%d numbers: found a NaN where there is none", n)
		}
		for i := range n {
			old := binary.LittleEndian.Uint32(data[4*i:])
			for _, bits := range []uint32{0x7f800001, 0xff800001, 0x7fffffff, 0xffffffff, 0x7fc00000} {
				binary.LittleEndian.PutUint32(data[4*i:], bits)
				if !hasNaN(x) {
					t.Errorf("%d numbers: %#x at %d was not found", n, bits, i)
				}
			}
			binary.LittleEndian.PutUint32(data[4*i:], old)
		}
	}
}
