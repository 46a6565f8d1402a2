package main

import (
	"time"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/runtime"
)

// calibration is digits as calibration inputs.
type calibration struct{ *dataset }

// Len returns the number of digits.
func (c calibration) Len() int { return c.len() }

// Read writes digit i as the network reads it.
func (c calibration) Read(i int, inputs []*graph.Tensor) error {
	normalize(graph.View[float32](inputs[0].Data), c.image(i))
	return nil
}

// open returns a session of a model in Octet, for one digit on one thread.
func open(g *graph.Graph) (*runtime.Session, error) {
	program, err := runtime.Compile(g, runtime.Threads(1))
	if err != nil {
		return nil, err
	}
	return program.NewSession()
}

// run runs a session on digit i and returns its ten scores, which the next run overwrites.
func (d *dataset) run(s *runtime.Session, i int) []float32 {
	normalize(graph.View[float32](s.Input(0).Data), d.image(i))
	s.Run()
	return graph.View[float32](s.Output(0).Data)
}

// right counts the digits that a session gets right.
func (d *dataset) right(s *runtime.Session) int {
	n := 0
	for i := range d.len() {
		if argmax(d.run(s, i)) == int(d.labels[i]) {
			n++
		}
	}
	return n
}

// turns is how often each model is timed, and turnDigits on how many digits.
const (
	turns      = 200
	turnDigits = 20
)

// times runs sessions in turns, so that all meet the same machine, and returns the shortest turn of each.
func (d *dataset) times(sessions []*runtime.Session) []time.Duration {
	best := make([]time.Duration, len(sessions))
	for turn := range turns {
		for k, s := range sessions {
			start := time.Now()
			for i := range turnDigits {
				d.run(s, (turn*turnDigits+i)%d.len())
			}
			if spent := time.Since(start); turn == 0 || spent < best[k] {
				best[k] = spent
			}
		}
	}
	return best
}

// argmax returns the index of the first largest value.
func argmax(v []float32) int {
	best := 0
	for i := range v {
		if v[i] > v[best] {
			best = i
		}
	}
	return best
}
