package generic

import (
	"encoding/binary"
	"unsafe"

	"github.com/octet-ml/octet/int8/internal/kernel"
)

func rowSum(a *kernel.RowSumArgs) {
	dst := unsafe.Slice(a.Dst, a.Rows)
	for i := range dst {
		at := int64(i) * a.Stride
		if a.Offs != nil {
			at = int64(*(*int32)(unsafe.Add(unsafe.Pointer(a.Offs), 4*i)))
		}
		if at < 0 {
			dst[i] += int32(a.PadSum)
			continue
		}
		dst[i] += sumBytes(unsafe.Slice((*byte)(unsafe.Add(unsafe.Pointer(a.Base), at)), a.K))
	}
}

// sumBytes returns the sum of b, eight bytes at a time in four lanes of 16 bits, which hold 128 steps of 2*255.
func sumBytes(b []byte) int32 {
	const low = 0x00ff00ff00ff00ff
	var sum int32
	for len(b) >= 8 {
		n := min(len(b)/8, 128) * 8
		var lanes uint64
		for i := 0; i < n; i += 8 {
			v := binary.LittleEndian.Uint64(b[i:])
			lanes += v&low + v>>8&low
		}
		sum += int32(lanes&0xffff) + int32(lanes>>16&0xffff) + int32(lanes>>32&0xffff) + int32(lanes>>48)
		b = b[n:]
	}
	for _, v := range b {
		sum += int32(v)
	}
	return sum
}
