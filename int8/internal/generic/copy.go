package generic

import (
	"unsafe"

	"github.com/octet-ml/octet/int8/internal/kernel"
)

func copyPieces(a *kernel.CopyArgs) {
	for i := range a.N {
		d := unsafe.Slice((*byte)(unsafe.Add(unsafe.Pointer(a.Dst), i*a.DstStep)), a.Width)
		copy(d, unsafe.Slice((*byte)(unsafe.Add(unsafe.Pointer(a.Src), i*a.SrcStep)), a.Width))
	}
}
