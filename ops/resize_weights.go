package ops

import (
	"math"
)

// position returns the coordinate in the input of index i of the output, and whether it lies outside, where
// tf_crop_and_resize extrapolates (ONNX Resize-19, coordinate_transformation_mode).
func (x *resizeAxis) position(mode string, i int) (at float64, outside bool) {
	in, width := float64(x.in), float64(float64(x.in)*x.scale)
	v := float64(i)
	switch mode {
	case "align_corners":
		if width == 1 {
			return 0, false
		}
		return float64(v*(in-1)) / (width - 1), false
	case "asymmetric":
		return v / x.scale, false
	case "pytorch_half_pixel":
		if width == 1 {
			return -0.5, false
		}
	case "tf_crop_and_resize":
		span := float64((x.end - x.start) * (in - 1))
		if width == 1 {
			at = span / 2
		} else {
			at = float64(v*span) / (width - 1)
		}
		at += float64(x.start * (in - 1))
		return at, at < 0 || at > in-1
	case "half_pixel_symmetric":
		return float64(in/2*(1-float64(x.out)/width)) + ((v+0.5)/x.scale - 0.5), false
	}
	return (v+0.5)/x.scale - 0.5, false
}

// tapsOf returns, for each index of the output, count taps: indices of the input and their weights. first is the first
// weight of an index; an index outside has the input index -1 throughout.
func (x *resizeAxis) tapsOf(a *Resize) (index []int, weight []float64, count int) {
	for i := range x.out {
		at, outside := x.position(a.Coordinates, i)
		base := math.Ceil(at) - 1 // so that 0 < ratio <= 1: the pixel on the left is preferred
		w := x.weights(a, at-base)
		count = len(w)
		first := int(min(max(base, -2), float64(x.in)+1)) - count/2 + 1
		for k := range w {
			j := first + k
			if j < 0 || j >= x.in {
				if a.ExcludeOutside && a.Mode != "nearest" {
					w[k] = 0
				}
				j = min(max(j, 0), x.in-1)
			}
			if outside {
				j = -1
			}
			index = append(index, j)
		}
		if a.Mode != "nearest" {
			normalize(w)
		}
		weight = append(weight, w...)
	}
	return index, weight, count
}

// normalize makes the sum 1.
func normalize(w []float64) {
	sum := 0.0
	for _, v := range w {
		sum += v
	}
	if sum == 0 || sum == 1 {
		return
	}
	for i := range w {
		w[i] /= sum
	}
}

// weights returns the weights of the taps around a position that is ratio after the tap with index len/2 - 1.
func (x *resizeAxis) weights(a *Resize, ratio float64) []float64 {
	scale := min(x.scale, 1)
	if !a.Antialias {
		scale = 1
	}
	switch a.Mode {
	case "linear":
		return kernelWeights(1, scale, ratio, func(d float64) float64 { return max(1-d, 0) })
	case "cubic":
		return kernelWeights(2, scale, ratio, cubicKernel(float64(a.CubicA)))
	}
	right := 1.0
	switch mode := a.Nearest; {
	case ratio == 1:
	case mode == "floor", mode == "round_prefer_ceil" && ratio < 0.5, (mode == "round_prefer_floor" || mode == "") && ratio <= 0.5:
		right = 0
	}
	return []float64{1 - right, right}
}

// kernelWeights samples a kernel of the given radius, stretched where scale is less than 1.
func kernelWeights(radius, scale, ratio float64, kernel func(distance float64) float64) []float64 {
	first := int(math.Floor(-radius/scale)) + 1
	w := make([]float64, 2-2*first)
	for i := range w {
		w[i] = kernel(math.Abs(float64((float64(first+i) - ratio) * scale)))
	}
	return w
}

// cubicKernel returns the cubic convolution kernel with parameter a (Keys, IEEE Transactions on Acoustics, Speech, and
// Signal Processing 29, 1981).
func cubicKernel(a float64) func(float64) float64 {
	return func(d float64) float64 {
		switch {
		case d <= 1:
			return float64(float64(float64(float64((a+2)*d)-(a+3))*d)*d) + 1
		case d < 2:
			return float64(float64(float64(float64(float64(a*d)-float64(5*a))*d)+float64(8*a))*d) - float64(4*a)
		}
		return 0
	}
}
