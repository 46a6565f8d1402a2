package generic

import (
	"unsafe"

	"github.com/octet-ml/octet/int8/internal/kernel"
)

func expand4(a *kernel.Expand4Args) {
	n := int(a.Blocks)
	src := unsafe.Slice(a.Src, 64*n)
	dst := unsafe.Slice((*int8)(unsafe.Pointer(a.Dst)), 128*n)
	for len(src) > 0 {
		s, d := (*[64]byte)(src), (*[128]int8)(dst)
		for i, v := range s {
			d[i] = a.Table[v&15]
			d[64+i] = a.Table[v>>4]
		}
		src, dst = src[64:], dst[128:]
	}
}
