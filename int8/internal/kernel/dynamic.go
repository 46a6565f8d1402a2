package kernel

import "unsafe"

// ExtentArgs asks for the least and the greatest of Src[i] for i < N and 0, in Dst. A NaN is passed over; a zero is +0.
type ExtentArgs struct {
	Dst *[2]float32
	Src unsafe.Pointer // float32 little endian
	N   uintptr
}

// ScaleArgs asks for Rows rows of N columns without gaps:
//
//	Dst[r*N+c] = clamp(float32(float32(Src[r*N+c]) * float32(Scale*Weights[c])) + Bias[c], Lo, Hi)
//
// where a NaN stays a NaN. Dst may be Src.
type ScaleArgs struct {
	Dst, Src      unsafe.Pointer // float32; int32, little endian
	Weights, Bias *float32       // N of them
	Rows, N       uintptr
	Scale, Lo, Hi float32
}
