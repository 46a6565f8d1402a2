package f32

// SoftmaxRow writes e^(src-max)/Σe^(src-max) to dst, which has src's length and may be src.
//
// The exponentials are float64 and are added in order. A row with a NaN or +Inf gives NaN throughout.
func SoftmaxRow(dst, src []float32) {
	dst = dst[:len(src)]
	top, sum := rowSum(src)
	for i, v := range src {
		dst[i] = float32(exp(float64(v)-top) / sum)
	}
}

// LogSoftmaxRow writes src - max - lnΣe^(src-max) to dst, which has src's length and may be src.
//
// The exponentials are float64 and are added in order. A row with a NaN or +Inf gives NaN throughout.
func LogSoftmaxRow(dst, src []float32) {
	dst = dst[:len(src)]
	top, sum := rowSum(src)
	ln := log(sum)
	for i, v := range src {
		dst[i] = float32((float64(v) - top) - ln)
	}
}

// rowSum returns the greatest element and the sum of e^(element-greatest).
func rowSum(src []float32) (top, sum float64) {
	for i, v := range src {
		if i == 0 || float64(v) > top {
			top = float64(v)
		}
	}
	for _, v := range src {
		sum += exp(float64(v) - top)
	}
	return top, sum
}
