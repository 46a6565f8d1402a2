package generic

import (
	"encoding/binary"
	"unsafe"

	"github.com/octet-ml/octet/int8/internal/kernel"
)

// bytesAt returns the n bytes at p; the caller's contract says that they are there.
func bytesAt(p unsafe.Pointer, n uintptr) []byte { return unsafe.Slice((*byte)(p), n) }

func lookup(a *kernel.LookupArgs) {
	dst, src := bytesAt(a.Dst, a.N), bytesAt(a.Src, a.N)
	t := &a.Table.Plain
	dst = dst[:len(src)]
	for len(src) >= 8 {
		s, d := src[:8], dst[:8]
		x := binary.LittleEndian.Uint64(s)
		y := uint64(t[uint8(x)]) | uint64(t[uint8(x>>8)])<<8 | uint64(t[uint8(x>>16)])<<16 | uint64(t[uint8(x>>24)])<<24 |
			uint64(t[uint8(x>>32)])<<32 | uint64(t[uint8(x>>40)])<<40 | uint64(t[uint8(x>>48)])<<48 | uint64(t[x>>56])<<56
		binary.LittleEndian.PutUint64(d, y)
		src, dst = src[8:], dst[8:]
	}
	for i, v := range src {
		dst[i] = t[v]
	}
}

func lookupF32(a *kernel.LookupF32Args) {
	dst, src := bytesAt(a.Dst, 4*a.N), bytesAt(a.Src, a.N)
	t := a.Table
	for i, v := range src {
		binary.LittleEndian.PutUint32(dst[4*i:4*i+4], t[v])
	}
}
