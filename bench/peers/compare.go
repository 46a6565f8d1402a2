package main

import (
	"fmt"
	"math"

	"github.com/octet-ml/octet/graph"
)

// leastCosine is the cosine of two outputs below which the engines are said to disagree. Engines that round alike agree
// far better; one that requantizes differently in a step or two of a model does not fall below it.
const leastCosine = 0.99

// agreement tells how the outputs of two engines agree.
type agreement struct {
	Values  int     `json:"values"`   // of all outputs
	Equal   int     `json:"equal"`    // to the bit
	MaxDiff float64 `json:"max_diff"` // largest difference
	Cosine  float64 `json:"cosine"`   // the least of all outputs
	Rows    int     `json:"rows"`     // examples in the batch, of all outputs
	Top1    int     `json:"top1"`     // examples whose largest value is at the same place
}

// agrees reports whether the outputs are the same model's.
func (a agreement) agrees() bool { return a.Cosine >= leastCosine }

func (a agreement) String() string {
	return fmt.Sprintf("%d/%d equal, within %.2g, cosine %.5f, top-1 %d/%d", a.Equal, a.Values, a.MaxDiff, a.Cosine, a.Top1, a.Rows)
}

// compare compares outputs of both engines, in the order of the job's.
func compare(j *job, ours, theirs [][]byte) (agreement, error) {
	if len(ours) != len(j.Outputs) || len(theirs) != len(j.Outputs) {
		return agreement{}, fmt.Errorf("outputs: want %d, got %d and %d", len(j.Outputs), len(ours), len(theirs))
	}
	total := agreement{Cosine: 1}
	for i := range j.Outputs {
		a, err := decodeTensor(&j.Outputs[i], ours[i])
		if err != nil {
			return agreement{}, err
		}
		b, err := decodeTensor(&j.Outputs[i], theirs[i])
		if err != nil {
			return agreement{}, err
		}
		rows := 1
		if shape := j.Outputs[i].Shape; len(shape) > 0 && shape[0] == j.Batch {
			rows = j.Batch
		}
		total.add(a, b, rows)
	}
	return total, nil
}

// decodeTensor returns the tensor's values.
func decodeTensor(t *tensorSpec, data []byte) ([]float64, error) {
	d, err := graph.ParseDType(t.DType)
	if err != nil {
		return nil, fmt.Errorf("output %q: %w", t.Name, err)
	}
	g := &graph.Tensor{DType: d, Shape: t.Shape, Data: data}
	if err := g.Check(); err != nil {
		return nil, fmt.Errorf("output %q: %w", t.Name, err)
	}
	values := make([]float64, g.Len())
	for i := range values {
		values[i] = g.Float(i)
	}
	return values, nil
}

// add accounts for one more output, of that many rows.
func (a *agreement) add(x, y []float64, rows int) {
	var xy, xx, yy float64
	for i := range x {
		if x[i] == y[i] {
			a.Equal++
		}
		a.MaxDiff = max(a.MaxDiff, math.Abs(x[i]-y[i]))
		xy += x[i] * y[i]
		xx += x[i] * x[i]
		yy += y[i] * y[i]
	}
	cosine := 1.0
	if xx != 0 || yy != 0 {
		cosine = xy / math.Sqrt(max(xx*yy, math.SmallestNonzeroFloat64))
	}
	if !(cosine >= a.Cosine) { // a cosine that is no number is the least
		a.Cosine = cosine
	}
	a.Values += len(x)
	for r := range rows {
		n := len(x) / rows
		a.Rows++
		if largest(x[r*n:(r+1)*n]) == largest(y[r*n:(r+1)*n]) {
			a.Top1++
		}
	}
}

// largest returns the index of the first largest value, -1 of none.
func largest(values []float64) int {
	best := -1
	for i, v := range values {
		if best < 0 || v > values[best] {
			best = i
		}
	}
	return best
}
