package generic

import (
	"encoding/binary"
	"math"

	"github.com/octet-ml/octet/int8/internal/kernel"
)

func quantize(a *kernel.QuantizeArgs) {
	dst, src := bytesAt(a.Dst, a.N), bytesAt(a.Src, 4*a.N)
	p := *a.Params
	flip := uint8(p.Flip)
	for i := range dst {
		x := math.Float32frombits(binary.LittleEndian.Uint32(src[4*i : 4*i+4]))
		if p.Inv != 0 {
			x = float32(x * p.Scale)
		} else {
			x /= p.Scale
		}
		if x != x {
			x = 0
		}
		dst[i] = uint8(clampRound(x, p.Lo, p.Hi)+p.Zero) ^ flip
	}
}
