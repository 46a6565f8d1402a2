package main

import (
	"fmt"
	"io"
	"math"
	"math/rand/v2"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/octet-ml/octet/quantize/qat"
)

// training says how to train.
type training struct {
	epochs int     // passes over the data
	batch  int     // digits per step
	rate   float64 // Adam's first learning rate; it falls to nearly zero along a cosine
}

// stepRate is the learning rate of quantization steps, as a multiple of the weights' one: they are moved by momentum, in proportion to
// their gradient, as LSQ's scale of it is meant.
const stepRate = 3

// trainer takes gradient steps on one network.
type trainer struct {
	net      *network
	target   *G.Node // [batch 10], one-hot
	loss     G.Value
	machine  G.VM
	weights  *G.AdamSolver
	steps    *G.Momentum
	pixels   []float32
	expected []float32
}

// newTrainer returns a trainer of a network over p whose loss is the mean cross-entropy of the softmax. The caller closes it.
func newTrainer(p *qat.Params, c qat.Config, batch int) (*trainer, error) {
	c.Train = true
	net, err := newNetwork(p, c, batch)
	if err != nil {
		return nil, err
	}
	t := &trainer{
		net:      net,
		target:   G.NewMatrix(net.graph, tensor.Float32, G.WithShape(batch, classes), G.WithName("target")),
		weights:  G.NewAdamSolver(),
		steps:    G.NewMomentum(G.WithMomentum(0.9)),
		pixels:   make([]float32, batch*pixels),
		expected: make([]float32, batch*classes),
	}
	cost, err := crossEntropy(net.logits, t.target)
	if err != nil {
		return nil, err
	}
	G.Read(cost, &t.loss)
	if _, err = G.Grad(cost, t.learned()...); err != nil {
		return nil, fmt.Errorf("gradient: %w", err)
	}
	t.machine = G.NewTapeMachine(net.graph, G.BindDualValues(t.learned()...))
	return t, nil
}

// learned returns all nodes that have a gradient.
func (t *trainer) learned() G.Nodes { return append(t.net.Parameters(), t.net.Steps()...) }

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
	if err := t.net.set(t.pixels); err != nil {
		return 0, err
	}
	target := tensor.New(tensor.WithShape(t.net.batch, classes), tensor.WithBacking(t.expected))
	if err := G.Let(t.target, target); err != nil {
		return 0, err
	}
	if err := t.machine.RunAll(); err != nil {
		return 0, err
	}
	return t.loss.Data().(float32), nil
}

// step runs the batch that was set, moves what is learned along the gradient, and returns the loss before that.
func (t *trainer) step(rate float64) (float32, error) {
	loss, err := t.gradients()
	if err != nil {
		return 0, err
	}
	G.WithLearnRate(rate)(t.weights)
	G.WithLearnRate(stepRate * rate)(t.steps)
	if err := t.weights.Step(G.NodesToValueGrads(t.net.Parameters())); err != nil {
		return 0, err
	}
	if len(t.net.Steps()) == 0 {
		return loss, nil
	}
	return loss, t.steps.Step(G.NodesToValueGrads(t.net.Steps()))
}

// train trains p on data in a network by c, and writes a line per epoch to log; rng decides order and augmentation.
func train(p *qat.Params, c qat.Config, data *dataset, how training, rng *rand.Rand, log io.Writer) error {
	t, err := newTrainer(p, c, how.batch)
	if err != nil {
		return err
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
				return fmt.Errorf("epoch %d, step %d: %w", epoch+1, s, err)
			}
			sum += float64(loss)
		}
		fmt.Fprintf(log, "epoch %2d of %d: mean loss %.4f\n", epoch+1, how.epochs, sum/float64(perEpoch))
	}
	return nil
}
