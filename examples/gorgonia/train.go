package main

import (
	"fmt"
	"io"
	"math"
	"math/rand/v2"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// training says how to train.
type training struct {
	epochs int     // passes over the data
	batch  int     // digits per step
	rate   float64 // Adam's first learning rate; it falls to nearly zero along a cosine
	seed   uint64  // decides initialization, order and augmentation
}

// trainer takes gradient steps on one network.
type trainer struct {
	net      *network
	target   *G.Node // [batch 10], one-hot
	loss     G.Value
	machine  G.VM
	solver   *G.AdamSolver
	pixels   []float32
	expected []float32
}

// newTrainer returns a trainer of l whose loss is the mean cross-entropy of the softmax. The caller closes it.
func newTrainer(l *layers, batch int) (*trainer, error) {
	net, err := newNetwork(l, batch)
	if err != nil {
		return nil, err
	}
	t := &trainer{
		net:      net,
		target:   G.NewMatrix(net.graph, tensor.Float32, G.WithShape(batch, classes), G.WithName("target")),
		solver:   G.NewAdamSolver(),
		pixels:   make([]float32, batch*pixels),
		expected: make([]float32, batch*classes),
	}
	cost, err := crossEntropy(net.logits, t.target)
	if err != nil {
		return nil, err
	}
	G.Read(cost, &t.loss)
	if _, err = G.Grad(cost, net.params...); err != nil {
		return nil, fmt.Errorf("gradient: %w", err)
	}
	t.machine = G.NewTapeMachine(net.graph, G.BindDualValues(net.params...))
	return t, nil
}

// crossEntropy returns -mean over the batch of the log-probability of the target class.
func crossEntropy(logits, target *G.Node) (*G.Node, error) {
	logProb, err := G.LogSoftMax(logits)
	if err != nil {
		return nil, fmt.Errorf("softmax: %w", err)
	}
	picked, err := G.HadamardProd(logProb, target)
	if err != nil {
		return nil, fmt.Errorf("loss: %w", err)
	}
	rows, err := G.Sum(picked, 1)
	if err != nil {
		return nil, fmt.Errorf("loss: %w", err)
	}
	mean, err := G.Mean(rows)
	if err != nil {
		return nil, fmt.Errorf("loss: %w", err)
	}
	return G.Neg(mean)
}

// close frees the machine.
func (t *trainer) close() error { return t.machine.Close() }

// set puts digit i of the batch: its pixels are written by fill.
func (t *trainer) set(i int, label uint8, fill func(dst []float32)) {
	fill(t.pixels[i*pixels : (i+1)*pixels])
	row := t.expected[i*classes : (i+1)*classes]
	clear(row)
	row[label] = 1
}

// gradients runs the batch that was set and adds its gradients to those in the parameters' nodes, which a step clears;
// it returns the loss.
func (t *trainer) gradients() (float32, error) {
	t.machine.Reset()
	image := tensor.New(tensor.WithShape(t.net.batch, 1, side, side), tensor.WithBacking(t.pixels))
	target := tensor.New(tensor.WithShape(t.net.batch, classes), tensor.WithBacking(t.expected))
	if err := G.Let(t.net.image, image); err != nil {
		return 0, err
	}
	if err := G.Let(t.target, target); err != nil {
		return 0, err
	}
	if err := t.machine.RunAll(); err != nil {
		return 0, err
	}
	return t.loss.Data().(float32), nil
}

// step runs the batch that was set, moves the parameters along the gradient, and returns the loss before that.
func (t *trainer) step(rate float64) (float32, error) {
	loss, err := t.gradients()
	if err != nil {
		return 0, err
	}
	G.WithLearnRate(rate)(t.solver)
	return loss, t.solver.Step(G.NodesToValueGrads(t.net.params))
}

// train returns layers trained on data, and writes a line per epoch to log.
func train(data *dataset, how training, log io.Writer) (*layers, error) {
	rng := rand.New(rand.NewPCG(how.seed, 0))
	l := newLayers(rng)
	t, err := newTrainer(l, how.batch)
	if err != nil {
		return nil, err
	}
	defer t.close()
	perEpoch := data.len() / how.batch
	steps := how.epochs * perEpoch
	for epoch := range how.epochs {
		order := rng.Perm(data.len())
		sum := 0.0
		for s := range perEpoch {
			for i := range how.batch {
				digit := order[s*how.batch+i]
				t.set(i, data.labels[digit], func(dst []float32) { augment(dst, data.image(digit), rng) })
			}
			done := float64(epoch*perEpoch+s) / float64(steps)
			loss, err := t.step(how.rate * 0.5 * (1 + math.Cos(math.Pi*done)))
			if err != nil {
				return nil, fmt.Errorf("epoch %d, step %d: %w", epoch+1, s, err)
			}
			sum += float64(loss)
		}
		fmt.Fprintf(log, "epoch %2d of %d: mean loss %.4f\n", epoch+1, how.epochs, sum/float64(perEpoch))
	}
	return l, nil
}
