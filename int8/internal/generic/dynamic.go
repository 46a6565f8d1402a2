package generic

import (
	"encoding/binary"
	"math"
	"unsafe"

	"github.com/octet-ml/octet/int8/internal/kernel"
)

// belowHalf is the greatest float32 below a half: x plus this, with the sign of x, and cut to a whole number, is x rounded
// half away from 0.
const belowHalf = 0.5 - 1.0/(1<<25)

func quantizeAway(a *kernel.QuantizeArgs) {
	dst, src := bytesAt(a.Dst, a.N), bytesAt(a.Src, 4*a.N)
	p := *a.Params
	flip := uint8(p.Flip)
	for i := range dst {
		x := float32(math.Float32frombits(binary.LittleEndian.Uint32(src[4*i:4*i+4])) * p.Scale)
		if x != x {
			x = 0
		}
		x += p.Offset
		if x < p.Lo {
			x = p.Lo
		}
		if x > p.Hi {
			x = p.Hi
		}
		if x < 0 {
			x -= belowHalf
		} else {
			x += belowHalf
		}
		dst[i] = uint8(int32(x)) ^ flip
	}
}

func extent(a *kernel.ExtentArgs) {
	src := bytesAt(a.Src, 4*a.N)
	var lo, hi float32
	for ; len(src) >= 4; src = src[4:] {
		x := math.Float32frombits(binary.LittleEndian.Uint32(src))
		if x < lo {
			lo = x
		}
		if x > hi {
			hi = x
		}
	}
	*a.Dst = [2]float32{lo, hi}
}

func scale(a *kernel.ScaleArgs) {
	if a.N == 0 {
		return
	}
	weights, bias := unsafe.Slice(a.Weights, a.N), unsafe.Slice(a.Bias, a.N)
	for r := range a.Rows {
		src, dst := bytesAt(unsafe.Add(a.Src, 4*r*a.N), 4*a.N), bytesAt(unsafe.Add(a.Dst, 4*r*a.N), 4*a.N)
		for c, w := range weights {
			acc := int32(binary.LittleEndian.Uint32(src[4*c : 4*c+4]))
			y := float32(float32(acc)*float32(a.Scale*w)) + bias[c]
			if y < a.Lo {
				y = a.Lo
			}
			if y > a.Hi {
				y = a.Hi
			}
			binary.LittleEndian.PutUint32(dst[4*c:4*c+4], math.Float32bits(y))
		}
	}
}
