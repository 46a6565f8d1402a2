package main

import (
	"fmt"
	"math"
)

// affine maps a uint8 to a real number: real = scale * (q - zeroPoint).
type affine struct {
	scale     float32
	zeroPoint uint8
}

// affineFor returns the map whose 256 steps span r, with real 0 at an integer.
func affineFor(r interval) affine {
	scale := (r.hi - r.lo) / 255
	if scale == 0 {
		return affine{scale: 1}
	}
	return affine{scale: scale, zeroPoint: clampUint8(math.RoundToEven(float64(-r.lo / scale)))}
}

// quantLayer is one quantized layer: y = clamp(roundHalfEven(float32(acc) * multiplier) + out.zeroPoint), where acc is
// the exact int32 sum of weights times inputs plus bias. The inputs' zero point is 0.
type quantLayer struct {
	name       string
	shape      []int     // [oc ic kh kw] of a convolution, [oc ic] of the dense layer
	weights    []int8    // symmetric, -127..127
	scale      []float32 // [oc], of the weights
	bias       []int32   // [oc], at in.scale * scale
	multiplier []float32 // [oc], in.scale * scale / out.scale
	in, out    affine
}

// quantNet is the quantized network; layer i+1 reads what layer i writes.
type quantNet [3]quantLayer

// quantize returns the int8 network of l for activations in the ranges seen: per tensor and asymmetric, weights per
// output channel and symmetric.
func quantize(l *layers, seen *observed) (*quantNet, error) {
	image := affine{scale: float32(1) / 255}
	outs := [3]affine{affineFor(seen.relu1), affineFor(seen.relu2), affineFor(seen.logits)}
	var q quantNet
	in := image
	for i := range l {
		src := l[i]
		if i == 2 {
			src = transposed(src)
		}
		if in.zeroPoint != 0 {
			return nil, fmt.Errorf("%s: input has zero point %d, want 0", src.name, in.zeroPoint)
		}
		var err error
		if q[i], err = quantizeLayer(src, in, outs[i]); err != nil {
			return nil, fmt.Errorf("%s: %w", src.name, err)
		}
		in = outs[i]
	}
	return &q, nil
}

// transposed returns the dense layer with weights [oc ic] instead of [ic oc].
func transposed(l layer) layer {
	ic, oc := l.shape[0], l.shape[1]
	t := layer{name: l.name, shape: []int{oc, ic}, weights: make([]float32, len(l.weights)), bias: l.bias}
	for i := range ic {
		for o := range oc {
			t.weights[o*ic+i] = l.weights[i*oc+o]
		}
	}
	return t
}

// quantizeLayer quantizes weights [oc ...] and bias.
func quantizeLayer(l layer, in, out affine) (quantLayer, error) {
	oc := l.shape[0]
	per := len(l.weights) / oc
	q := quantLayer{
		name: l.name, shape: l.shape, weights: make([]int8, len(l.weights)), scale: make([]float32, oc),
		bias: make([]int32, oc), multiplier: make([]float32, oc), in: in, out: out,
	}
	for o := range oc {
		row := l.weights[o*per : (o+1)*per]
		q.scale[o] = symmetricScale(row)
		for i, w := range row {
			q.weights[o*per+i] = int8(min(max(math.RoundToEven(float64(w/q.scale[o])), -127), 127))
		}
		biasScale := in.scale * q.scale[o]
		bias := math.RoundToEven(float64(l.bias[o]) / float64(biasScale))
		// |acc| <= per * 255 * 127 + |bias| must fit int32.
		if limit := float64(math.MaxInt32 - per*255*127); math.Abs(bias) > limit || math.IsNaN(bias) {
			return q, fmt.Errorf("channel %d: bias %g does not fit int32 at scale %g", o, l.bias[o], biasScale)
		}
		q.bias[o] = int32(bias)
		q.multiplier[o] = biasScale / out.scale
	}
	return q, nil
}

// symmetricScale returns the scale that puts the largest magnitude of v at 127, or 1 where all are zero.
func symmetricScale(v []float32) float32 {
	var largest float32
	for _, x := range v {
		largest = max(largest, x, -x)
	}
	if largest == 0 {
		return 1
	}
	return largest / 127
}

// clampUint8 returns x, a whole number, moved into 0..255.
func clampUint8(x float64) uint8 { return uint8(min(max(x, 0), 255)) }
