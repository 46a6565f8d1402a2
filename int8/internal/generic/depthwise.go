package generic

import (
	"unsafe"

	"github.com/octet-ml/octet/int8/internal/kernel"
)

const (
	depthwiseNC   = 32
	depthwiseLane = 8 // channels whose sums are in registers at once
)

func depthwiseFamily() kernel.DepthwiseFamily {
	f := kernel.DepthwiseFamily{
		Rows: []kernel.Depthwise{{Name: "u8s8_depthwise_32c1__generic", Words: true, Func: depthwise}},
		NC:   depthwiseNC, TR: 1, Order: kernel.PlainOrder(depthwiseNC), Work: 1 << 16,
	}
	return f
}

// depthwise computes kernel.DepthwiseArgs, depthwiseLane channels of a pixel at a time.
func depthwise(a *kernel.DepthwiseArgs) {
	cols := int(a.Cols)
	offs := unsafe.Slice(a.Offs, int(a.Taps))
	bias := unsafe.Slice(a.Bias, depthwiseNC)
	for y := range a.Rows {
		for x := range a.Width {
			in := unsafe.Add(unsafe.Pointer(a.In), y*a.InRow+x*a.InPixel)
			out := unsafe.Add(unsafe.Pointer(a.Out), y*a.OutRow+x*a.OutPixel)
			for c := 0; c < cols; c += depthwiseLane {
				acc := [depthwiseLane]int32(bias[c:])
				depthwiseDot(unsafe.Add(in, c), offs, pointer(a.W, c), &acc)
				depthwiseStore(a, out, c, acc[:min(depthwiseLane, cols-c)])
			}
		}
	}
}

// depthwiseDot adds to acc[c] the products of byte c at p+offs[t] with byte c of row t of the weights, rows of depthwiseNC bytes.
func depthwiseDot(p unsafe.Pointer, offs []int32, w unsafe.Pointer, acc *[depthwiseLane]int32) {
	s0, s1, s2, s3, s4, s5, s6, s7 := acc[0], acc[1], acc[2], acc[3], acc[4], acc[5], acc[6], acc[7]
	for t, o := range offs {
		x, y := (*[depthwiseLane]uint8)(unsafe.Add(p, o)), (*[depthwiseLane]int8)(unsafe.Add(w, t*depthwiseNC))
		s0 += int32(x[0]) * int32(y[0])
		s1 += int32(x[1]) * int32(y[1])
		s2 += int32(x[2]) * int32(y[2])
		s3 += int32(x[3]) * int32(y[3])
		s4 += int32(x[4]) * int32(y[4])
		s5 += int32(x[5]) * int32(y[5])
		s6 += int32(x[6]) * int32(y[6])
		s7 += int32(x[7]) * int32(y[7])
	}
	*acc = [depthwiseLane]int32{s0, s1, s2, s3, s4, s5, s6, s7}
}

// depthwiseStore writes the sums of channels c and following of the pixel at out.
func depthwiseStore(a *kernel.DepthwiseArgs, out unsafe.Pointer, c int, acc []int32) {
	if a.Output == kernel.OutI32 {
		copy(unsafe.Slice((*int32)(unsafe.Add(out, 4*c)), len(acc)), acc)
		return
	}
	dst := unsafe.Slice((*byte)(unsafe.Add(out, c)), len(acc))
	mult := unsafe.Slice(at(a.Mult, c), len(acc))
	for n, v := range acc {
		dst[n] = requantize(v, mult[n], a.HiF, a.Zero, a.Lo)
	}
}
