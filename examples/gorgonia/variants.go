package main

import (
	"fmt"
	"io"
	"math/rand/v2"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/ops"
	"github.com/octet-ml/octet/quantize"
	"github.com/octet-ml/octet/quantize/qat"
)

// variant is one form of the classifier.
type variant struct {
	name    string // in the table
	file    string // without extension
	config  qat.Config
	trained bool    // with fake quantization, from the float weights on; otherwise quantized after training
	allowed float64 // loss of accuracy, in points, that a test allows; 0 means that none is promised
}

// floatConfig is the configuration of the network of real numbers.
var floatConfig = qat.Config{Weights: quantize.Float}

// variants lists the quantized forms: wNaM has N-bit weights and M-bit activations, log4 has weights that are powers of two.
var variants = []variant{
	{"W8A8 after training", "int8", qat.Config{Weights: quantize.Int8}, false, 0.1},
	{"W4A8 after training", "ptq_w4a8", qat.Config{Weights: quantize.Int4}, false, 0},
	{"log-4 after training", "ptq_log4", qat.Config{Weights: quantize.Int4Log}, false, 0},
	{"W8A8 trained", "w8a8", qat.Config{Weights: quantize.Int8}, true, 0.1},
	{"W4A8 trained", "w4a8", qat.Config{Weights: quantize.Int4}, true, 0.1},
	{"W4A4 trained", "w4a4", qat.Config{Weights: quantize.Int4, Activations: 4}, true, 0.4},
	{"log-4 trained", "log4", qat.Config{Weights: quantize.Int4Log}, true, 0.3},
}

// maker makes forms of a trained classifier.
type maker struct {
	float  *qat.Params // calibrated
	data   *dataset    // to train on
	seen   calibration // the digits whose activations set the ranges
	how    training    // of the quantized forms
	seed   uint64
	log    io.Writer
	logits *graph.Graph // the classifier in real numbers, without its softmax
}

// newMaker calibrates the classifier p on some digits.
func newMaker(p *qat.Params, data *dataset, inputs int) (*maker, error) {
	m := &maker{float: p, data: data, seen: calibration{data.head(inputs)}}
	n, err := newNetwork(p, floatConfig, 1)
	if err != nil {
		return nil, err
	}
	if m.logits, err = n.Graph(); err != nil {
		return nil, err
	}
	seen, err := quantize.Observe(m.logits, m.seen, quantize.Options{})
	if err != nil {
		return nil, fmt.Errorf("calibrate: %w", err)
	}
	p.Calibrate(seen)
	return m, nil
}

// real returns the classifier in real numbers.
func (m *maker) real() (*graph.Graph, error) { return withSoftmax(m.logits) }

// make returns a quantized form.
func (m *maker) make(v variant) (*graph.Graph, error) {
	if !v.trained {
		g, err := m.real()
		if err != nil {
			return nil, err
		}
		r, err := quantize.Quantize(g, m.seen, quantize.Options{Weights: v.config.Weights})
		if err != nil {
			return nil, err
		}
		return r.Graph, nil
	}
	p := m.float.Clone()
	if err := train(p, v.config, m.data, m.how, rand.New(rand.NewPCG(m.seed, 2)), m.log); err != nil {
		return nil, err
	}
	n, err := newNetwork(p, v.config, 1)
	if err != nil {
		return nil, err
	}
	g, err := n.Graph()
	if err != nil {
		return nil, err
	}
	return withSoftmax(g)
}

// withSoftmax returns g, whose output is logits [N 10], with probabilities as its output.
func withSoftmax(g *graph.Graph) (*graph.Graph, error) {
	g = g.Clone()
	g.Name = "digits"
	n := g.Add("Softmax", "probabilities", &ops.Softmax{Axis: 1}, g.Outputs, "probabilities")
	g.Outputs = n.Outputs
	return g, ops.Infer(n)
}

// restore puts the weights and biases of the classifier in real numbers g into p.
func restore(p *qat.Params, g *graph.Graph) error {
	if _, err := newNetwork(p, floatConfig, 1); err != nil {
		return err
	}
	constants := make(map[string]*graph.Tensor)
	for _, n := range g.Nodes {
		for _, v := range n.Inputs {
			if v != nil && v.Const != nil {
				constants[v.Name] = v.Const
			}
		}
	}
	for name, memory := range p.Numbers() {
		c := constants[constantOf(name)]
		if c == nil || c.DType != graph.Float32 || c.Len() != len(memory) {
			return fmt.Errorf("%w: no %d numbers called %q", errModel, len(memory), constantOf(name))
		}
		copy(memory, c.Floats())
	}
	return nil
}
