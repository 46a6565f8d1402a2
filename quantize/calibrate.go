package quantize

import (
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/octet-ml/octet/graph"
)

// points returns the values that a quantized graph may have to quantize: what layers read and what layers and arithmetic on
// integers make.
func (m *model) points() []*graph.Value {
	var list []*graph.Value
	add := func(v *graph.Value) {
		if v.Const == nil && v.DType == graph.Float32 && !slices.Contains(list, v) {
			list = append(list, v)
		}
	}
	for _, n := range m.graph.Nodes {
		if l := m.of[n]; l != nil {
			add(n.Inputs[0])
			add(n.Outputs[0])
		} else if kinds[n.Op] == arithmetic {
			add(n.Outputs[0])
		}
	}
	return list
}

// calibrationBytes returns the memory that calibration and rounding take at most beside activations of one input: histograms, and
// what is kept of inputs and streams. It does not depend on the number of inputs.
func (m *model) calibrationBytes(threads int) int {
	const one = 2 * halfBins * 8
	return len(m.points())*one*(threads+1) + keptBytes + floatBudget + integerBudget
}

// calibrate runs the float model and observes its points, by the name of the value.
func (m *model) calibrate(w *walker, progress func(done int)) (map[string]*Observed, error) {
	points := m.points()
	var names []string
	for _, v := range points {
		names = append(names, v.Name)
	}
	float, err := w.compile(m.graph, names...)
	if err != nil {
		return nil, err
	}
	c := make(map[string]*Observed)
	for _, name := range names {
		c[name] = new(Observed)
	}
	partial := make([][]Histogram, w.threads)
	for i := range partial {
		partial[i] = make([]Histogram, len(points))
	}
	type ends struct{ lo, hi float32 }
	var seen [chunk][]ends
	numbers := make([][]float32, w.threads)
	visit := func(worker, i, at int) error {
		seen[at] = slices.Grow(seen[at][:0], len(points))[:len(points)]
		for k := range points {
			numbers[worker] = float.output(worker, k, numbers[worker])
			h := &partial[worker][k]
			h.Add(numbers[worker])
			if h.Bad > 0 {
				return fmt.Errorf("%w: input %d: %q has NaN or infinite numbers", ErrData, w.order[i], names[k])
			}
			seen[at][k] = ends{slices.Min(numbers[worker]), slices.Max(numbers[worker])}
		}
		return nil
	}
	done := func(first, n int) error {
		for at := range n {
			for k, e := range seen[at] {
				c[names[k]].average(e.lo, e.hi)
			}
		}
		progress(first + n)
		return nil
	}
	if err := w.walk([]*machine{float}, visit, done); err != nil {
		return nil, err
	}
	var merge sync.WaitGroup
	for k, name := range names {
		merge.Go(func() {
			for i := range partial {
				c[name].Merge(&partial[i][k])
			}
		})
	}
	merge.Wait()
	return c, nil
}

// warnings tells what calibration saw that a user should know: values that were always the same.
func (m *model) warnings(c map[string]*Observed) []string {
	var constant, dead []string
	for _, v := range m.points() {
		switch o := c[v.Name]; {
		case o.Min == 0 && o.Max == 0:
			dead = append(dead, fmt.Sprintf("%q", v.Name))
		case o.Min == o.Max:
			constant = append(constant, fmt.Sprintf("%q", v.Name))
		}
	}
	var out []string
	if dead != nil {
		out = append(out, "0 on all calibration inputs (a dead ReLU, or inputs of one kind): "+strings.Join(dead, ", "))
	}
	if constant != nil {
		out = append(out, "the same number on all calibration inputs: "+strings.Join(constant, ", "))
	}
	return out
}
