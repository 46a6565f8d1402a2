package main

import (
	"maps"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/octet-ml/octet/internal/testkit"
	"github.com/octet-ml/octet/quantize"
	"github.com/octet-ml/octet/quantize/qat"
)

// bars returns n digits whose class is the position of a bright bar on a noisy ground.
func bars(n int, rng *rand.Rand) *dataset {
	d := &dataset{images: make([]uint8, n*pixels), labels: make([]uint8, n)}
	for i := range n {
		d.labels[i] = uint8(rng.IntN(classes))
		for j := range pixels {
			p := rng.IntN(60)
			if row := j / side; row/2 == int(d.labels[i])+2 {
				p += 180
			}
			d.images[i*pixels+j] = uint8(p)
		}
	}
	return d
}

// prepared returns a trainer with all digits of data set as its batch.
func prepared(t *testing.T, p *qat.Params, c qat.Config, data *dataset) *trainer {
	t.Helper()
	trainer, err := newTrainer(p, c, data.len())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { trainer.close() })
	for i := range data.len() {
		trainer.set(i, data.labels[i], func(dst []float32) { normalize(dst, data.image(i)) })
	}
	return trainer
}

// fall returns the loss before and after some steps.
func fall(t *testing.T, trainer *trainer, steps int) (first, last float32) {
	t.Helper()
	for i := range steps {
		loss, err := trainer.step(0.003)
		if err != nil {
			t.Fatal(err)
		}
		if i == 0 {
			first = loss
		}
		last = loss
	}
	return first, last
}

// TestTrainingLowersTheLoss trains in real numbers, and every quantized form from there on.
func TestTrainingLowersTheLoss(t *testing.T) {
	rng := rand.New(rand.NewPCG(uint64(testkit.Seed(t)), 0))
	data := bars(20, rng)
	p := qat.NewParams(rng)
	if first, last := fall(t, prepared(t, p, floatConfig, data), 15); !(last < first/2) {
		t.Errorf("the loss went from %g to %g, want less than half", first, last)
	}
	m, err := newMaker(p, data, data.len())
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range variants {
		if v.trained {
			if first, last := fall(t, prepared(t, m.float.Clone(), v.config, data), 20); !(last < 0.8*first) {
				t.Errorf("%s: the loss went from %g to %g, want less than four fifths", v.name, first, last)
			}
		}
	}
}

func TestTrainingIsRepeatable(t *testing.T) {
	seed := uint64(testkit.Seed(t))
	data := bars(40, rand.New(rand.NewPCG(seed, 0)))
	var runs [2]map[string][]float32
	for i := range runs {
		rng := rand.New(rand.NewPCG(seed, 0))
		p := qat.NewParams(rng)
		if err := train(p, floatConfig, data, training{epochs: 2, batch: 20, rate: 0.003}, rng, t.Output()); err != nil {
			t.Fatal(err)
		}
		m, err := newMaker(p, data, data.len())
		if err != nil {
			t.Fatal(err)
		}
		four := qat.Config{Weights: quantize.Int4, Activations: 4}
		if err := train(m.float, four, data, training{epochs: 1, batch: 20, rate: 0.003}, rng, t.Output()); err != nil {
			t.Fatal(err)
		}
		runs[i] = m.float.Numbers()
	}
	if !maps.EqualFunc(runs[0], runs[1], slices.Equal) {
		t.Errorf("two trainings from seed %d differ", seed)
	}
}

// TestGradientMatchesDifferences holds Gorgonia's gradient of each parameter tensor against the slope of the loss along
// that gradient, which is its length only where the gradient is right: it checks the backward passes of convolution,
// broadcast bias, relu, pool and softmax.
func TestGradientMatchesDifferences(t *testing.T) {
	// A float32 loss near 3 resolves a slope of 2e-7/step; relu and pool bend the loss within a step.
	const step, tolerance = 5e-4, 0.1
	rng := rand.New(rand.NewPCG(uint64(testkit.Seed(t)), 0))
	p := qat.NewParams(rng)
	trainer := prepared(t, p, floatConfig, bars(8, rng))
	if _, err := trainer.gradients(); err != nil {
		t.Fatal(err)
	}
	var grads [][]float32
	for _, n := range trainer.learned() {
		grad, err := n.Grad()
		if err != nil {
			t.Fatal(err)
		}
		grads = append(grads, slices.Clone(grad.Data().([]float32)))
	}
	numbers := p.Numbers()
	for i, n := range trainer.learned() {
		length := 0.0
		for _, g := range grads[i] {
			length += float64(g) * float64(g)
		}
		length = math.Sqrt(length)
		slope := slopeAlong(t, trainer, numbers[n.Name()], grads[i], step/length) / length
		if math.Abs(slope-length) > tolerance*length || length == 0 {
			t.Errorf("%s: gradient has length %g, slope along it %g", n.Name(), length, slope)
		}
	}
}

// slopeAlong returns the central difference of the loss over a step of the parameters along direction.
func slopeAlong(t *testing.T, trainer *trainer, values, direction []float32, step float64) float64 {
	t.Helper()
	at := slices.Clone(values)
	defer copy(values, at)
	var loss [2]float32
	for i, sign := range []float64{-1, 1} {
		for k := range values {
			values[k] = at[k] + float32(sign*step*float64(direction[k]))
		}
		var err error
		if loss[i], err = trainer.gradients(); err != nil {
			t.Fatal(err)
		}
	}
	return float64(loss[1]-loss[0]) / (2 * step)
}
