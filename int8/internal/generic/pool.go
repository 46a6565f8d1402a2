package generic

import (
	"unsafe"

	"github.com/octet-ml/octet/int8/internal/kernel"
)

// poolBlock is the number of channels that a pass over a window takes at once.
const poolBlock = 64

func maxPool(a *kernel.PoolArgs) {
	lo, hi := uint8(a.LoB), uint8(a.HiB)
	for u := range a.Units {
		for c := uintptr(0); c < a.W; c += poolBlock {
			dst := bytesAt(unsafe.Add(a.Dst, u*a.DstUnit+c), min(poolBlock, a.W-c))
			clear(dst)
			for i := range a.KH {
				for j := range a.KW {
					src := bytesAt(unsafe.Add(a.Src, u*a.SrcUnit+i*a.RowStride+j*a.ColStride+c), uintptr(len(dst)))
					for k, v := range src {
						dst[k] = max(dst[k], v)
					}
				}
			}
			for k, v := range dst {
				dst[k] = min(max(v, lo), hi)
			}
		}
	}
}

func averagePool(a *kernel.PoolArgs) {
	var sum [poolBlock]int32
	for u := range a.Units {
		for c := uintptr(0); c < a.W; c += poolBlock {
			dst := bytesAt(unsafe.Add(a.Dst, u*a.DstUnit+c), min(poolBlock, a.W-c))
			clear(sum[:])
			for i := range a.KH {
				for j := range a.KW {
					src := bytesAt(unsafe.Add(a.Src, u*a.SrcUnit+i*a.RowStride+j*a.ColStride+c), uintptr(len(dst)))
					for k, v := range src {
						sum[k&(poolBlock-1)] += int32(v)
					}
				}
			}
			for k := range dst {
				dst[k] = uint8(clampRound(float32(float32(sum[k]-a.Bias)*a.Mult), a.Lo, a.Hi) + a.OutZero)
			}
		}
	}
}
