package main

import (
	"fmt"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// evalBatch is the batch of float evaluation.
const evalBatch = 100

// interval holds the smallest and the largest value seen; it always holds 0, which must be representable.
type interval struct{ lo, hi float32 }

// extend widens the interval to hold every value of v.
func (r *interval) extend(v []float32) {
	for _, x := range v {
		r.lo, r.hi = min(r.lo, x), max(r.hi, x)
	}
}

// observed is what a float evaluation saw.
type observed struct {
	correct              int
	relu1, relu2, logits interval
}

// evaluate runs the float network of l over data without augmentation, counts correct answers and measures ranges.
func evaluate(l *layers, data *dataset) (*observed, error) {
	net, err := newNetwork(l, evalBatch)
	if err != nil {
		return nil, err
	}
	machine := G.NewTapeMachine(net.graph)
	defer machine.Close()
	var seen observed
	backing := make([]float32, evalBatch*pixels)
	for start := 0; start < data.len(); start += evalBatch {
		n := min(evalBatch, data.len()-start)
		for i := range n {
			normalize(backing[i*pixels:(i+1)*pixels], data.image(start+i))
		}
		machine.Reset()
		image := tensor.New(tensor.WithShape(evalBatch, 1, side, side), tensor.WithBacking(backing))
		if err := G.Let(net.image, image); err != nil {
			return nil, err
		}
		if err := machine.RunAll(); err != nil {
			return nil, fmt.Errorf("digits from %d: %w", start, err)
		}
		seen.relu1.extend(rows(net.relu1, n))
		seen.relu2.extend(rows(net.relu2, n))
		logits := rows(net.output, n)
		seen.logits.extend(logits)
		for i := range n {
			if argmax(logits[i*classes:(i+1)*classes]) == int(data.labels[start+i]) {
				seen.correct++
			}
		}
	}
	return &seen, nil
}

// rows returns the first n of evalBatch rows of a value.
func rows(v G.Value, n int) []float32 {
	data := v.Data().([]float32)
	return data[:len(data)/evalBatch*n]
}

// argmax returns the index of the first largest value.
func argmax[T float32 | float64 | uint8](v []T) int {
	best := 0
	for i := range v {
		if v[i] > v[best] {
			best = i
		}
	}
	return best
}
