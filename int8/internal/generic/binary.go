package generic

import (
	"unsafe"

	"github.com/octet-ml/octet/int8/internal/kernel"
)

func add(a *kernel.BinaryArgs) {
	p := *a.Params
	for r := range a.Rows {
		dst, x, y := binaryRow(a, r)
		for i := range dst {
			t := float32(float32(int32(x[i])-p.AZero) * p.AScale)
			u := float32(float32(int32(y[uintptr(i)*a.BCol])-p.BZero) * p.BScale)
			dst[i] = uint8(clampRound(t+u, p.Lo, p.Hi) + p.OutZero)
		}
	}
}

func mul(a *kernel.BinaryArgs) {
	p := *a.Params
	for r := range a.Rows {
		dst, x, y := binaryRow(a, r)
		for i := range dst {
			// |a-AZero| and |b-BZero| ≤ 255: the product fits 17 bits and converts exactly.
			v := (int32(x[i]) - p.AZero) * (int32(y[uintptr(i)*a.BCol]) - p.BZero)
			dst[i] = uint8(clampRound(float32(float32(v)*p.AScale), p.Lo, p.Hi) + p.OutZero)
		}
	}
}

// binaryRow returns row r of dst, a and b; b ends with the last element that the row uses.
func binaryRow(a *kernel.BinaryArgs, r uintptr) (dst, x, y []byte) {
	if a.N == 0 {
		return nil, nil, nil
	}
	return bytesAt(unsafe.Add(a.Dst, r*a.Row), a.N),
		bytesAt(unsafe.Add(a.A, r*a.Row), a.N),
		bytesAt(unsafe.Add(a.B, r*a.BRow), (a.N-1)*a.BCol+1)
}
