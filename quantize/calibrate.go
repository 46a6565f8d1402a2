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

// calibration is what the float model's points were seen to hold on the first inputs.
type calibration struct {
	Done     int         // inputs, whole chunks of them unless all are done
	Observed []*Observed // by point
}

// savedEvery is after how many chunks of calibration inputs the state is kept.
const savedEvery = 4

// calibrate runs the float model and observes its points, by the name of the value.
func (j *job) calibrate() error {
	points := j.m.points()
	c := &calibration{}
	if _, err := j.kept.get("calibration", c); err != nil {
		return err
	}
	if c.Observed == nil {
		for range points {
			c.Observed = append(c.Observed, new(Observed))
		}
	}
	if len(c.Observed) != len(points) || c.Done != len(j.w.order) && c.Done%chunk != 0 {
		return fmt.Errorf("%w: %d activations seen on %d inputs", ErrState, len(c.Observed), c.Done)
	}
	if err := j.observe(c, points); err != nil {
		return err
	}
	j.observed, j.choices, j.quants = make(map[string]*Observed), make(map[string]Choice), make(map[string]*graph.Quant)
	for k, v := range points {
		choice := c.Observed[k].choose(j.o.Range)
		j.observed[v.Name], j.choices[v.Name], j.quants[v.Name] = c.Observed[k], choice, choice.quant()
	}
	return nil
}

// observe goes on with a calibration.
func (j *job) observe(c *calibration, points []*graph.Value) error {
	w := j.w
	var names []string
	for _, v := range points {
		names = append(names, v.Name)
	}
	float, err := w.compile(j.m.graph, names...)
	if err != nil {
		return err
	}
	partial := make([][]Histogram, w.threads)
	for i := range partial {
		partial[i] = make([]Histogram, len(points))
	}
	type part struct {
		lo, hi       float32
		sum, squares float64
	}
	var seen [chunk][]part // sums are added up in the order of the inputs: their last digits depend on it
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
			seen[at][k] = part{slices.Min(numbers[worker]), slices.Max(numbers[worker]), h.Sum, h.Squares}
			h.Sum, h.Squares = 0, 0
		}
		return nil
	}
	done := func(first, n int) error {
		for at := range n {
			for k, p := range seen[at] {
				o := c.Observed[k]
				o.average(p.lo, p.hi)
				o.Sum += p.sum
				o.Squares += p.squares
			}
		}
		c.Done = first + n
		j.o.Progress("calibrate", c.Done, len(w.order))
		if c.Done != len(w.order) && (!j.kept.on() || c.Done%(savedEvery*chunk) != 0) {
			return nil
		}
		c.merge(partial)
		return j.kept.put("calibration", c)
	}
	return w.walkFrom(c.Done, []*machine{float}, visit, done)
}

// merge moves the counts of the workers' histograms to the calibration.
func (c *calibration) merge(partial [][]Histogram) {
	var merging sync.WaitGroup
	for k, o := range c.Observed {
		merging.Go(func() {
			for i := range partial {
				o.Merge(&partial[i][k])
				partial[i][k] = Histogram{}
			}
		})
	}
	merging.Wait()
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
