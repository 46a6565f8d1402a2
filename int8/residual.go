package i8

// AddParams describes the addition of two quantized values, in this order of roundings:
//
//	y = clamp(roundHalfEven(float32(float32(a-AZero)*AScale) + float32(float32(b-BZero)*BScale)) + OutZero, Lo, Hi)
//
// AScale is sa/sy and BScale sb/sy; the zero points are 0..255.
type AddParams struct {
	AScale, BScale        float32
	AZero, BZero, OutZero int32
	Lo, Hi                uint8
}
