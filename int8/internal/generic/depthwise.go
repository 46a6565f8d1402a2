package generic

import (
	"unsafe"

	"github.com/octet-ml/octet/int8/internal/kernel"
)

const depthwiseNC = 32

func depthwiseFamily() kernel.DepthwiseFamily {
	f := kernel.DepthwiseFamily{
		Rows: []kernel.Depthwise{{Name: "u8s8_depthwise_32c1__generic", Words: true, Func: depthwise}},
		NC:   depthwiseNC, TR: 1, Order: kernel.PlainOrder(depthwiseNC), Work: 1 << 16,
	}
	return f
}

// depthwise computes kernel.DepthwiseArgs with a row of accumulators for each pixel. It reads Cols bytes a tap.
func depthwise(a *kernel.DepthwiseArgs) {
	cols := int(a.Cols)
	bias := unsafe.Slice(a.Bias, cols)
	offs := unsafe.Slice(a.Offs, int(a.Taps))
	w := unsafe.Slice((*int8)(unsafe.Pointer(a.W)), int(a.Taps)*depthwiseNC)
	var buf [depthwiseNC]int32
	acc := buf[:cols]
	for y := range a.Rows {
		for x := range a.Width {
			p := unsafe.Add(unsafe.Pointer(a.In), y*a.InRow+x*a.InPixel)
			copy(acc, bias)
			for t, o := range offs {
				src := unsafe.Slice((*byte)(unsafe.Add(p, o)), len(acc))
				wt := w[t*depthwiseNC:][:len(acc)]
				for c := range acc {
					acc[c] += int32(src[c]) * int32(wt[c])
				}
			}
			out := unsafe.Add(unsafe.Pointer(a.Out), y*a.OutRow+x*a.OutPixel)
			if a.Output == kernel.OutI32 {
				copy(unsafe.Slice((*int32)(out), cols), acc)
				continue
			}
			mult := unsafe.Slice(a.Mult, len(acc))
			dst := unsafe.Slice((*byte)(out), len(acc))
			for c, v := range acc {
				dst[c] = requantize(v, mult[c], a.HiF, a.Zero, a.Lo)
			}
		}
	}
}
