package main

import "math"

// requantize turns the accumulator of output channel o into the layer's output.
func (l *quantLayer) requantize(acc int32, o int) uint8 {
	y := math.RoundToEven(float64(float32(acc) * l.multiplier[o]))
	return clampUint8(y + float64(l.out.zeroPoint))
}

// convolve applies the layer, a valid kernel x kernel convolution and its relu, to src [ic size size].
// The relu is the clamp at zero point 0. It returns [oc size-4 size-4].
func (l *quantLayer) convolve(src []uint8, size int) []uint8 {
	oc, ic := l.shape[0], l.shape[1]
	out := size - kernel + 1
	dst := make([]uint8, oc*out*out)
	for o := range oc {
		for y := range out {
			for x := range out {
				acc := l.bias[o]
				for i := range ic {
					for ky := range kernel {
						row := src[(i*size+y+ky)*size+x:][:kernel]
						weights := l.weights[((o*ic+i)*kernel+ky)*kernel:][:kernel]
						for kx, w := range weights {
							acc += int32(row[kx]) * int32(w)
						}
					}
				}
				dst[(o*out+y)*out+x] = l.requantize(acc, o)
			}
		}
	}
	return dst
}

// dense applies the layer to src [ic] and returns [oc].
func (l *quantLayer) dense(src []uint8) []uint8 {
	oc, ic := l.shape[0], l.shape[1]
	dst := make([]uint8, oc)
	for o := range oc {
		acc := l.bias[o]
		for i, w := range l.weights[o*ic : (o+1)*ic] {
			acc += int32(src[i]) * int32(w)
		}
		dst[o] = l.requantize(acc, o)
	}
	return dst
}

// maxPool returns the largest of each 2x2 of src [c size size], as [c size/2 size/2]; size is even.
func maxPool(src []uint8, c, size int) []uint8 {
	half := size / 2
	dst := make([]uint8, c*half*half)
	for i := range c {
		for y := range half {
			for x := range half {
				at := (i*size+2*y)*size + 2*x
				dst[(i*half+y)*half+x] = max(src[at], src[at+1], src[at+size], src[at+size+1])
			}
		}
	}
	return dst
}

// logits runs the quantized network on one digit of bytes and returns its quantized logits [10].
func (q *quantNet) logits(image []uint8) []uint8 {
	x := maxPool(q[0].convolve(image, side), oc1, side1)
	x = maxPool(q[1].convolve(x, pool1), oc2, side2)
	return q[2].dense(x)
}

// probabilities returns the softmax of quantized logits.
func (q *quantNet) probabilities(logits []uint8) []float64 {
	largest := logits[argmax(logits)]
	p := make([]float64, len(logits))
	sum := 0.0
	for i, v := range logits {
		p[i] = math.Exp(float64(q[2].out.scale) * (float64(v) - float64(largest)))
		sum += p[i]
	}
	for i := range p {
		p[i] /= sum
	}
	return p
}

// correct counts the digits of data that the quantized network gets right.
func (q *quantNet) correct(data *dataset) int {
	n := 0
	for i := range data.len() {
		if argmax(q.logits(data.image(i))) == int(data.labels[i]) {
			n++
		}
	}
	return n
}
