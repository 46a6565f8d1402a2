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
			copy(dst, poolTap(a, u, 0, 0, c, dst))
			for i := range a.KH {
				for j := range a.KW {
					maxInto(dst, poolTap(a, u, i, j, c, dst))
				}
			}
			if lo == 0 && hi == 255 {
				continue
			}
			for k, v := range dst {
				dst[k] = min(max(v, lo), hi)
			}
		}
	}
}

func averagePool(a *kernel.PoolArgs) {
	for u := range a.Units {
		for c := uintptr(0); c < a.W; c += poolBlock {
			dst := bytesAt(unsafe.Add(a.Dst, u*a.DstUnit+c), min(poolBlock, a.W-c))
			sum := windowSums(a, u, c, dst)
			for k := range dst {
				dst[k] = uint8(clampRound(float32(float32(sum[k]-a.Bias)*a.Mult), a.Lo, a.Hi) + a.OutZero)
			}
		}
	}
}

// windowSums returns the sums over the window of unit u, for the len(dst) channels from c on.
func windowSums(a *kernel.PoolArgs, u, c uintptr, dst []byte) (sum [poolBlock]int32) {
	var wide wideSums
	taps := 0
	for i := range a.KH {
		for j := range a.KW {
			src := poolTap(a, u, i, j, c, dst)
			wide.add(src)
			for k := len(src) &^ 7; k < len(src); k++ {
				sum[k] += int32(src[k])
			}
			if taps++; taps%256 == 0 {
				wide.flush(&sum)
			}
		}
	}
	wide.flush(&sum)
	return sum
}

// poolTap returns the bytes of tap (i, j) of unit u, for the len(dst) channels from c on.
func poolTap(a *kernel.PoolArgs, u, i, j, c uintptr, dst []byte) []byte {
	return bytesAt(unsafe.Add(a.Src, u*a.SrcUnit+i*a.RowStride+j*a.ColStride+c), uintptr(len(dst)))
}
