package main

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/octet-ml/octet/internal/testkit"
)

func TestAffineSpansTheRange(t *testing.T) {
	tests := []struct {
		in   interval
		want affine
	}{
		{interval{0, 1}, affine{float32(1) / 255, 0}},
		{interval{0, 510}, affine{2, 0}},
		{interval{-255, 255}, affine{2, 128}}, // 127.5 goes to the even neighbour
		{interval{-51, 204}, affine{1, 51}},
		{interval{-255, 0}, affine{1, 255}},
		{interval{0, 0}, affine{1, 0}},
	}
	for _, test := range tests {
		if got := affineFor(test.in); got != test.want {
			t.Errorf("%v: got %v, want %v", test.in, got, test.want)
		}
	}
}

func TestWeightsAreSymmetricPerChannel(t *testing.T) {
	l := layer{name: "l", shape: []int{3, 2}, weights: []float32{1.27, -0.635, -254, 3, 0, 0}, bias: []float32{0.5, -4, 0}}
	q, err := quantizeLayer(l, affine{scale: 0.5}, affine{scale: 0.25})
	if err != nil {
		t.Fatal(err)
	}
	wantWeights := []int8{127, -64, -127, 2, 0, 0} // -63.5 and 1.5 go to the even neighbour
	for i, want := range wantWeights {
		if q.weights[i] != want {
			t.Errorf("weight %d: got %d, want %d", i, q.weights[i], want)
		}
	}
	for o, want := range []float32{1.27 / float32(127), 2, 1} {
		if q.scale[o] != want {
			t.Errorf("scale %d: got %g, want %g", o, q.scale[o], want)
		}
	}
	for o, want := range []int32{100, -4, 0} {
		if q.bias[o] != want {
			t.Errorf("bias %d: got %d, want %d", o, q.bias[o], want)
		}
	}
	if q.multiplier[1] != 4 {
		t.Errorf("multiplier: got %g, want 4", q.multiplier[1])
	}
}

func TestBiasBeyondInt32IsAnError(t *testing.T) {
	for _, bias := range []float32{1e9, float32(math.Inf(-1)), float32(math.NaN())} {
		l := layer{name: "l", shape: []int{1, 1}, weights: []float32{0.127}, bias: []float32{bias}}
		if _, err := quantizeLayer(l, affine{scale: 0.01}, affine{scale: 1}); err == nil {
			t.Errorf("bias %g: no error", bias)
		}
	}
}

func TestRequantizeRoundsHalfToEvenAndClamps(t *testing.T) {
	l := quantLayer{multiplier: []float32{0.5}, out: affine{1, 10}}
	for acc, want := range map[int32]uint8{0: 10, 1: 10, 2: 11, 3: 12, 5: 12, -1: 10, -3: 8, -40: 0, 490: 255, 5000: 255} {
		if got := l.requantize(acc, 0); got != want {
			t.Errorf("acc %d: got %d, want %d", acc, got, want)
		}
	}
}

// TestIntegerNetworkFollowsFloat quantizes a random network and compares logits with Gorgonia's, digit by digit.
func TestIntegerNetworkFollowsFloat(t *testing.T) {
	const steps = 6 // of 255, over three layers that each round
	rng := rand.New(rand.NewPCG(uint64(testkit.Seed(t)), 0))
	l := newLayers(rng)
	for i := range l {
		for o := range l[i].bias {
			l[i].bias[o] = float32(rng.NormFloat64() * 0.1)
		}
	}
	data := bars(20, rng)
	all, err := evaluate(l, data)
	if err != nil {
		t.Fatal(err)
	}
	q, err := quantize(l, all)
	if err != nil {
		t.Fatal(err)
	}
	for i := range data.len() {
		digit := &dataset{images: data.image(i), labels: data.labels[i : i+1]}
		one, err := evaluate(l, digit)
		if err != nil {
			t.Fatal(err)
		}
		out := q[2].out
		real := interval{}
		for _, v := range q.logits(digit.images) {
			real.extend([]float32{out.scale * (float32(v) - float32(out.zeroPoint))})
		}
		if d := max(abs(real.lo-one.logits.lo), abs(real.hi-one.logits.hi)); d > steps*out.scale {
			t.Errorf("digit %d: logits span %v, in float %v: off by %g, a step is %g", i, real, one.logits, d, out.scale)
		}
	}
}

func abs(x float32) float32 { return max(x, -x) }

func TestProbabilitiesSumToOneAndKeepTheOrder(t *testing.T) {
	var q quantNet
	q[2].out = affine{scale: 0.1, zeroPoint: 100}
	p := q.probabilities([]uint8{0, 250, 240, 3, 0, 0, 0, 0, 0, 100})
	sum := 0.0
	for _, x := range p {
		sum += x
	}
	if math.Abs(sum-1) > 1e-12 {
		t.Errorf("sum %g", sum)
	}
	if ratio := p[1] / p[2]; math.Abs(ratio-math.E) > 1e-6 {
		t.Errorf("ten steps of 0.1 give the ratio %g, want e", ratio)
	}
}
