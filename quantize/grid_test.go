package quantize_test

import (
	"bytes"
	"errors"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/loader/onnx"
	"github.com/octet-ml/octet/ops"
	"github.com/octet-ml/octet/quantize"
	"github.com/octet-ml/octet/runtime/optimize"
)

// decided returns the grids of the nearest rounding for the layers of g, and the quantization of every value of q, a quantized form.
func decided(t *testing.T, g, q *graph.Graph, s quantize.Scheme) (map[string]quantize.Grid, map[string]*graph.Quant) {
	t.Helper()
	simple, err := optimize.Simplify(g)
	if err != nil {
		t.Fatal(err)
	}
	grids, quants := make(map[string]quantize.Grid), make(map[string]*graph.Quant)
	for _, n := range simple.Nodes {
		if n.Op == "Conv" || n.Op == "Dense" {
			w := n.Inputs[1].Const
			grids[n.Name] = quantize.FitGrid(s, w.Floats(), w.Shape[0], false)
		}
	}
	for _, n := range q.Nodes {
		for _, v := range n.Outputs {
			if v.Quant != nil {
				quants[strings.TrimSuffix(v.Name, "_quantized")] = v.Quant
			}
		}
	}
	return grids, quants
}

// TestAssembleIsQuantizeWithoutItsDecisions hands Assemble what Quantize decided by itself.
func TestAssembleIsQuantizeWithoutItsDecisions(t *testing.T) {
	g := build(t, "resnet8")
	for _, s := range []quantize.Scheme{quantize.Int4, quantize.Int4KMeans, quantize.Int4Log} {
		r, err := quantize.Quantize(g, inputs(8), quantize.Options{Weights: s, Rounding: quantize.Nearest})
		if err != nil {
			t.Fatal(err)
		}
		grids, quants := decided(t, g, r.Graph, s)
		assembled, err := quantize.Assemble(g, grids, quants)
		if err != nil {
			t.Fatalf("%v: %v", s, err)
		}
		var files [2][]byte
		for i, q := range []*graph.Graph{r.Graph, assembled} {
			if files[i], err = onnx.Encode(q, onnx.WriteOptions{}); err != nil {
				t.Fatal(err)
			}
		}
		if !bytes.Equal(files[0], files[1]) {
			t.Errorf("%v: other bytes", s)
		}
	}
}

func TestAssembleRefusesWhatDoesNotFit(t *testing.T) {
	g := build(t, "resnet8")
	r, err := quantize.Quantize(g, inputs(4), quantize.Options{})
	if err != nil {
		t.Fatal(err)
	}
	layers, err := quantize.Layers(g)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name   string
		change func(map[string]quantize.Grid, map[string]*graph.Quant)
		text   string
	}{
		{"unknown layer", func(w map[string]quantize.Grid, _ map[string]*graph.Quant) { w["stem/9"] = w[layers[0]] }, "of which"},
		{"scales", func(w map[string]quantize.Grid, _ map[string]*graph.Quant) {
			w[layers[0]] = quantize.Grid{Levels: quantize.Integers(-8, 7), Scale: []float32{1}}
		}, "1 scales"},
		{"levels", func(w map[string]quantize.Grid, _ map[string]*graph.Quant) {
			w[layers[0]] = quantize.Grid{Scheme: quantize.Int4, Levels: quantize.Integers(-9, 6), Scale: w[layers[0]].Scale}
		}, "-9"},
		{"many levels", func(w map[string]quantize.Grid, _ map[string]*graph.Quant) {
			w[layers[0]] = quantize.Grid{Scheme: quantize.Int4Log, Levels: quantize.Integers(0, 16), Scale: w[layers[0]].Scale}
		}, "int4-log"},
		{"fractions", func(w map[string]quantize.Grid, _ map[string]*graph.Quant) {
			w[layers[0]] = quantize.Grid{Scheme: quantize.Int4KMeans, Levels: quantize.Levels{0, 0.5}, Scale: w[layers[0]].Scale}
		}, "integers"},
		{"scale of 0", func(w map[string]quantize.Grid, _ map[string]*graph.Quant) { w[layers[0]].Scale[1] = 0 }, "channel 1"},
		{"no quantization", func(_ map[string]quantize.Grid, q map[string]*graph.Quant) { q[layers[0]] = nil }, "one scale"},
		{"quantization without scales", func(_ map[string]quantize.Grid, q map[string]*graph.Quant) { q[layers[0]] = &graph.Quant{} }, "one scale"},
		{"quantization by channel", func(_ map[string]quantize.Grid, q map[string]*graph.Quant) {
			q[layers[0]] = &graph.Quant{Scale: []float32{1, 2}, Axis: 1}
		}, "one scale"},
		{"zero point", func(_ map[string]quantize.Grid, q map[string]*graph.Quant) { q[layers[0]] = graph.PerTensor(1, 256) }, "256"},
		{"scale that is no number", func(_ map[string]quantize.Grid, q map[string]*graph.Quant) {
			q[layers[0]] = graph.PerTensor(float32(math.NaN()), 0)
		}, "NaN"},
		{"no range", func(_ map[string]quantize.Grid, q map[string]*graph.Quant) { clear(q) }, "no range"},
	} {
		grids, quants := decided(t, g, r.Graph, quantize.Int8)
		c.change(grids, quants)
		if _, err := quantize.Assemble(g, grids, quants); !errors.Is(err, quantize.ErrOption) || !strings.Contains(err.Error(), c.text) {
			t.Errorf("%s: got %v, want %v with %q", c.name, err, quantize.ErrOption, c.text)
		}
	}
}

// TestFitGridIsNoWorseThanTheWholeRange compares squared errors with those of the scale that cuts nothing.
func TestFitGridIsNoWorseThanTheWholeRange(t *testing.T) {
	w := []float32{0.1, -0.2, 0.05, 0.9, -0.3, 0.2, 4, 0.5, -0.25, 0.75, 1, -1}
	for _, s := range []quantize.Scheme{quantize.Int8, quantize.Int4, quantize.Int4KMeans, quantize.Int4Log} {
		for _, perTensor := range []bool{false, true} {
			g := quantize.FitGrid(s, w, 2, perTensor)
			if perTensor && g.Scale[0] != g.Scale[1] {
				t.Errorf("%v: scales %v of a tensor", s, g.Scale)
			}
			for c, scale := range g.Scale {
				row := w[c*6 : c*6+6]
				if perTensor {
					row = w
				}
				whole := max(slices.Max(row), -slices.Min(row)) / g.Levels.Largest()
				if a, b := squaredError(row, g.Levels, scale), squaredError(row, g.Levels, whole); a > b {
					t.Errorf("%v, channel %d: error %g, with the whole range %g", s, c, a, b)
				}
			}
		}
	}
}

func squaredError(w []float32, l quantize.Levels, scale float32) (sum float64) {
	for _, v := range w {
		sum += math.Pow(float64(v-scale*l.Nearest(v/scale)), 2)
	}
	return sum
}

// TestObservedQuantHasFewLevels looks at a model's activations with 4 bits.
func TestObservedQuantHasFewLevels(t *testing.T) {
	g := build(t, "resnet8")
	seen, err := quantize.Observe(g, inputs(8), quantize.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if len(seen) == 0 {
		t.Fatal("nothing observed")
	}
	for name, o := range seen {
		q := o.Quant(4)
		if zero := q.Zero[0]; zero < 0 || zero > 15 || o.Min >= 0 && zero != 0 {
			t.Errorf("%s: %v to %v has the zero point %d", name, o.Min, o.Max, zero)
		}
		if lo, hi := -q.Scale[0]*float32(q.Zero[0]), q.Scale[0]*float32(15-q.Zero[0]); hi-lo > 1.2*(o.Max-min(o.Min, 0)) {
			t.Errorf("%s: 16 levels from %v to %v for numbers from %v to %v", name, lo, hi, o.Min, o.Max)
		}
	}
}

// TestObserveUsesNoOtherOptions hands Observe options of Quantize that do not concern it: their state must not get its histograms, which
// are of a model without equalization.
func TestObserveUsesNoOtherOptions(t *testing.T) {
	g := network(t, ops.NCHW, ops.Conv{}, ops.Conv{})
	uneven(t, g.Nodes[0], g.Nodes[1])
	m := &memory{}
	seen, err := quantize.Observe(g, inputs(8), quantize.Options{
		Equalize: true, State: m, Target: quantize.Target{Drop: -1}, Rules: []quantize.Rule{{Layers: "none", Scheme: quantize.Float}},
	})
	if err != nil || len(seen) == 0 {
		t.Errorf("%d activations, %v", len(seen), err)
	}
	if m.saved != 0 {
		t.Errorf("%d bytes of state", len(m.data))
	}
}
