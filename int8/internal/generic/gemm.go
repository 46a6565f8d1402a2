package generic

import (
	"unsafe"

	"github.com/octet-ml/octet/int8/internal/kernel"
)

const (
	gemmMR = 8
	gemmNR = 8
)

func gemmRow() kernel.Gemm {
	g := kernel.Gemm{
		Name: "u8s8_gemm_8x8c1__generic", MR: gemmMR, NR: gemmNR, KR: 1, Partial: true,
		Order: kernel.PlainOrder(gemmNR), Func: make([]func(*kernel.GemmArgs), gemmMR+1),
	}
	for h := 1; h <= gemmMR; h++ {
		g.Func[h] = func(a *kernel.GemmArgs) { gemm(a, h) }
	}
	return g
}

// gemm computes tiles of h rows as kernel.GemmArgs says, two rows at a time.
func gemm(a *kernel.GemmArgs, h int) {
	taps, k, cols := int(a.Taps), int(a.K), int(a.Cols)
	bias := unsafe.Slice(a.Bias, gemmNR)
	var rows [gemmMR]*byte
	for i := range int(a.Tiles) {
		var acc [gemmMR][gemmNR]int32
		for m := range h {
			copy(acc[m][:], bias)
			if a.RowBias != nil {
				r := *at(a.RowBias, i*h+m)
				for n := range acc[m] {
					acc[m][n] += r
				}
			}
		}
		for t := range taps {
			for m := range h {
				rows[m] = row(a, i, t, m, h)
			}
			bt := at(a.B, t*k*gemmNR)
			m := 0
			for ; m+1 < h; m += 2 {
				dot2x8(rows[m], rows[m+1], bt, k, &acc[m], &acc[m+1])
			}
			if m < h {
				dot1x8(rows[m], bt, k, &acc[m])
			}
		}
		for m := range h {
			store(a, (*byte)(unsafe.Add(unsafe.Pointer(a.C), int64(i*h+m)*a.LDC)), acc[m][:cols])
		}
	}
}

func at[T any](p *T, i int) *T {
	return (*T)(unsafe.Add(unsafe.Pointer(p), uintptr(i)*unsafe.Sizeof(*p)))
}

// row returns the first byte of row m of tile i at tap t, for tiles of h rows.
func row(a *kernel.GemmArgs, i, t, m, h int) *byte {
	if a.Offs == nil {
		return (*byte)(unsafe.Add(unsafe.Pointer(a.Base), int64(i*h+m)*a.RowStride))
	}
	if o := *at(a.Offs, (i*int(a.Taps)+t)*h+m); o >= 0 {
		return (*byte)(unsafe.Add(unsafe.Pointer(a.Base), o))
	}
	return a.Pad
}

// store writes one row of accumulators to c as a.Output says.
func store(a *kernel.GemmArgs, c *byte, acc []int32) {
	switch a.Output {
	case kernel.OutU8:
		mult := unsafe.Slice(a.Mult, len(acc))
		dst := unsafe.Slice(c, len(acc))
		for n, v := range acc {
			dst[n] = requantize(v, mult[n], a.HiF, a.Zero, a.Lo)
		}
	case kernel.OutI32:
		copy(unsafe.Slice((*int32)(unsafe.Pointer(c)), len(acc)), acc)
	case kernel.OutF32:
		mult := unsafe.Slice(a.Mult, len(acc))
		dst := unsafe.Slice((*float32)(unsafe.Pointer(c)), len(acc))
		for n, v := range acc {
			dst[n] = clamp(float32(v)*mult[n], a.LoF, a.HiF)
		}
	}
}
