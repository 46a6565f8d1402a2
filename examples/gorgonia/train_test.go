package main

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/octet-ml/octet/internal/testkit"
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

func TestTrainingLowersTheLoss(t *testing.T) {
	rng := rand.New(rand.NewPCG(uint64(testkit.Seed(t)), 0))
	data := bars(20, rng)
	trainer, err := newTrainer(newLayers(rng), data.len())
	if err != nil {
		t.Fatal(err)
	}
	defer trainer.close()
	for i := range data.len() {
		trainer.set(i, data.labels[i], func(dst []float32) { normalize(dst, data.image(i)) })
	}
	var losses []float32
	for range 15 {
		loss, err := trainer.step(0.003)
		if err != nil {
			t.Fatal(err)
		}
		losses = append(losses, loss)
	}
	if last := losses[len(losses)-1]; !(last < losses[0]/2) {
		t.Errorf("loss went from %g to %g in %d steps, want less than half", losses[0], last, len(losses))
	}
}

func TestTrainingIsRepeatable(t *testing.T) {
	seed := uint64(testkit.Seed(t))
	data := bars(40, rand.New(rand.NewPCG(seed, 0)))
	var runs [2]*layers
	for i := range runs {
		var err error
		if runs[i], err = train(data, training{epochs: 2, batch: 20, rate: 0.003, seed: seed}, t.Output()); err != nil {
			t.Fatal(err)
		}
	}
	for i := range runs[0] {
		a, b := runs[0][i], runs[1][i]
		if !slices.Equal(a.weights, b.weights) || !slices.Equal(a.bias, b.bias) {
			t.Errorf("%s differs between two trainings from seed %d", a.name, seed)
		}
	}
}

// TestGradientMatchesDifferences holds Gorgonia's gradient of each parameter tensor against the slope of the loss along
// that gradient, which is its length only where the gradient is right: it checks the backward passes of convolution,
// broadcast bias, relu, pool and softmax.
func TestGradientMatchesDifferences(t *testing.T) {
	// A float32 loss near 3 resolves a slope of 2e-7/step; relu and pool bend the loss within a step.
	const step, tolerance = 5e-4, 0.1
	rng := rand.New(rand.NewPCG(uint64(testkit.Seed(t)), 0))
	data := bars(8, rng)
	l := newLayers(rng)
	trainer, err := newTrainer(l, data.len())
	if err != nil {
		t.Fatal(err)
	}
	defer trainer.close()
	for i := range data.len() {
		trainer.set(i, data.labels[i], func(dst []float32) { normalize(dst, data.image(i)) })
	}
	if _, err := trainer.gradients(); err != nil {
		t.Fatal(err)
	}
	var grads [][]float32
	for _, p := range trainer.net.params {
		grad, err := p.Grad()
		if err != nil {
			t.Fatal(err)
		}
		grads = append(grads, slices.Clone(grad.Data().([]float32)))
	}
	for i := range l {
		for j, values := range [][]float32{l[i].weights, l[i].bias} {
			grad := grads[2*i+j]
			length := 0.0
			for _, g := range grad {
				length += float64(g) * float64(g)
			}
			length = math.Sqrt(length)
			slope := slopeAlong(t, trainer, values, grad, step/length) / length
			if math.Abs(slope-length) > tolerance*length || length == 0 {
				t.Errorf("%s: parameter %d: gradient has length %g, slope along it %g", l[i].name, j, length, slope)
			}
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

func TestEvaluateCountsAPartialBatch(t *testing.T) {
	rng := rand.New(rand.NewPCG(uint64(testkit.Seed(t)), 0))
	l := newLayers(rng)
	data := bars(evalBatch+7, rng)
	whole, err := evaluate(l, data)
	if err != nil {
		t.Fatal(err)
	}
	first, err := evaluate(l, data.head(evalBatch))
	if err != nil {
		t.Fatal(err)
	}
	rest, err := evaluate(l, &dataset{images: data.images[evalBatch*pixels:], labels: data.labels[evalBatch:]})
	if err != nil {
		t.Fatal(err)
	}
	if whole.correct != first.correct+rest.correct {
		t.Errorf("%d right together, %d and %d apart", whole.correct, first.correct, rest.correct)
	}
	if whole.relu2.hi != max(first.relu2.hi, rest.relu2.hi) || whole.relu2.lo != 0 {
		t.Errorf("range %v together, %v and %v apart", whole.relu2, first.relu2, rest.relu2)
	}
}
