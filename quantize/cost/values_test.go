package cost_test

import (
	"math"
	"slices"
	"testing"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/ops"
	"github.com/octet-ml/octet/quantize"
	"github.com/octet-ml/octet/quantize/cost"
)

// small builds graphs node by node.
type small struct {
	*graph.Graph
	t testing.TB
}

func newSmall(t testing.TB) (small, *graph.Value) {
	g := small{new(graph.Graph), t}
	return g, g.AddInput("x", graph.Float32, graph.Shape{graph.Batch, 4})
}

// add adds a node whose output has a quantization, or none.
func (g small) add(op string, attrs any, name string, q *graph.Quant, in ...*graph.Value) *graph.Value {
	y := g.Add(op, name, attrs, in, name).Outputs[0]
	if q != nil {
		y.DType, y.Quant = graph.Uint8, q
	}
	return y
}

// layer adds a dense layer with the identity as weights.
func (g small) layer(name string, x *graph.Value) *graph.Value {
	w := graph.NewTensor(graph.Float32, 4, 4)
	for i := range 4 {
		w.SetFloat(5*i, 1)
	}
	return g.add("Dense", &ops.Dense{}, name, nil, x, graph.NewConst(name+"_w", w))
}

func (g small) end(y *graph.Value) *graph.Graph { return finish(g.t, g.Graph, y.Producer) }

// rectified is a model of one layer with a ReLU: y is before it, z after it.
func rectified(t testing.TB) *graph.Graph {
	g, x := newSmall(t)
	z := g.add("Relu", nil, "z", nil, g.layer("y", x))
	return g.end(g.layer("out", z))
}

// value returns the comparison of a name.
func value(t testing.TB, r *cost.Report, name string) cost.Value {
	t.Helper()
	i := slices.IndexFunc(r.Values, func(v cost.Value) bool { return v.Name == name })
	if i < 0 {
		t.Fatalf("no activation %q in %+v", name, r.Values)
	}
	return r.Values[i]
}

// The grid of B goes from 0 to 2.55 in steps of 0.01.
func TestGridAndClippedShareAreExact(t *testing.T) {
	b, x := newSmall(t)
	q := b.add("Quantize", nil, "z", graph.PerTensor(0.01, 0), b.add("Relu", nil, "z_result", nil, b.layer("y", x)))
	r := compare(t, rectified(t), b.end(b.layer("out", b.add("Dequantize", nil, "z_dequantized", nil, q))), rows{{-1, 1, 2, 3}, {0.004, 2.552, 5, 0}}, cost.Options{})
	v := value(t, r, "z")
	if g := v.Grid; g == nil || g.Lo != 0 || !near(g.Hi, 2.55) || !near(g.Step, 0.01) || g.Bits != 8 {
		t.Fatalf("grid %+v", v.Grid)
	}
	// A has 0 1 2 3 0.004 2.552 5 0 there; B cuts 3 and 5, and rounds 0.004 and 2.552.
	if v.Clipped != 2.0/8 {
		t.Errorf("clipped %v", v.Clipped)
	}
	signal := 1 + 4 + 9 + 0.004*0.004 + 2.552*2.552 + 25
	noise := 0.45*0.45 + 0.004*0.004 + 0.002*0.002 + 2.45*2.45
	if want := 10 * math.Log10(signal/noise); math.Abs(v.SQNR-want) > 1e-4 {
		t.Errorf("%v dB, want %v", v.SQNR, want)
	}
	var n uint64
	for _, c := range v.Numbers.Counts {
		n += c
	}
	if n != 8 || v.Numbers.Lo != 0 || v.Numbers.Hi != 5 || v.Numbers.Counts[len(v.Numbers.Counts)-1] != 1 {
		t.Errorf("numbers %+v", v.Numbers)
	}
}

// What a name means depends on who wrote B: the value before the ReLU, or after it.
func TestNamesMeanWhatTheModelSays(t *testing.T) {
	q := graph.PerTensor(0.5, 128)
	for name, c := range map[string]struct {
		build func(b small, x *graph.Value) *graph.Value
		want  []string // activations of B that are compared
	}{
		"ours: the layer's name for the result of its ReLU": {func(b small, x *graph.Value) *graph.Value {
			y := b.add("Quantize", nil, "y", q, b.add("Relu", nil, "y_result", nil, b.layer("layer", x)))
			return b.add("Dequantize", nil, "y_dequantized", nil, y)
		}, []string{"x", "y", "out"}},
		"both names": {func(b small, x *graph.Value) *graph.Value {
			y := b.add("Quantize", nil, "y_QuantizeLinear_Output", q, b.layer("y", x))
			z := b.add("Relu", nil, "z", nil, b.add("Dequantize", nil, "y_dequantized", nil, y))
			return b.add("Dequantize", nil, "z_dequantized", nil, b.add("Quantize", nil, "z_QuantizeLinear_Output", q, z))
		}, []string{"x", "z", "out"}},
		"a suffix": {func(b small, x *graph.Value) *graph.Value {
			z := b.add("Quantize", nil, "z_quantized", q, b.add("Relu", nil, "other", nil, b.layer("layer", x)))
			return b.add("Dequantize", nil, "third", nil, z)
		}, []string{"x", "z_quantized", "out"}},
	} {
		b, x := newSmall(t)
		r := compare(t, rectified(t), b.end(b.layer("out", c.build(b, x))), rows{{-3, 1, 2, 3}, {-1, -2, 5, 0}}, cost.Options{})
		var got []string
		for _, v := range r.Values {
			got = append(got, v.Name)
			if v.SQNR != cost.MostDecibels { // all numbers are on the grid
				t.Errorf("%s: %s: %v dB", name, v.Name, v.SQNR)
			}
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}

func TestWhatHasNoCounterpartIsListed(t *testing.T) {
	a, x := newSmall(t)
	first := a.end(a.layer("out", x))
	b := &graph.Graph{}
	w := graph.NewTensor(graph.Float32, 4, 4)
	hidden := b.Add("Dense", "hidden", &ops.Dense{}, []*graph.Value{b.AddInput("in", graph.Float32, graph.Shape{graph.Batch, 4}), graph.NewConst("v", w)}, "h")
	second := finish(t, b, b.Add("Dense", "last", &ops.Dense{}, []*graph.Value{hidden.Outputs[0], graph.NewConst("w", w)}, "scores"))
	r := compare(t, first, second, rows{{1, 2, 3, 4}}, cost.Options{})
	if len(r.Values)+len(r.Layers) != 0 || len(r.Notes) < 2 || r.Sampled != 0 {
		t.Errorf("%+v", r)
	}
	var got []string
	for _, u := range r.Unmatched {
		got = append(got, u.Model+" "+u.Kind+" "+u.Name)
	}
	slices.Sort(got)
	want := []string{"A activation out", "A activation x", "A layer out", "B activation h", "B activation in", "B activation scores", "B layer hidden", "B layer last"}
	if !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}

func TestOtherShapesAreNotCompared(t *testing.T) {
	build := func(hidden int) *graph.Graph {
		g, x := newSmall(t)
		v, w := graph.NewTensor(graph.Float32, hidden, 4), graph.NewTensor(graph.Float32, 4, hidden)
		h := g.add("Dense", &ops.Dense{}, "h", nil, x, graph.NewConst("v", v))
		return g.end(g.add("Dense", &ops.Dense{}, "out", nil, h, graph.NewConst("w", w)))
	}
	r := compare(t, build(3), build(5), rows{{1, 2, 3, 4}}, cost.Options{})
	if len(r.Values) != 2 || len(r.Layers) != 0 {
		t.Errorf("%+v", r.Values)
	}
	if len(r.Unmatched) != 4 {
		t.Errorf("%+v", r.Unmatched)
	}
	for _, u := range r.Unmatched {
		if u.Model == "A" && u.Why != "shape [N 3], there [N 5]" || u.Kind == "layer" && u.Why == "no layer of that name" {
			t.Errorf("%+v", u)
		}
	}
}

// Weights with a zero point for each channel have levels less that point.
func TestLevelsOfWeightsAreWholeNumbers(t *testing.T) {
	a := dense(t, []float32{1, 2}, []float32{3, -4})
	b, x := new(graph.Graph), (*graph.Value)(nil)
	x = b.AddInput("x", graph.Float32, graph.Shape{graph.Batch, 2})
	w := graph.NewConst("w", &graph.Tensor{DType: graph.Uint8, Shape: graph.Shape{2, 2}, Data: []byte{130, 132, 23, 12}})
	w.Quant = &graph.Quant{Scale: []float32{0.5, 1}, Zero: []int32{128, 20}}
	real := b.Add("Dequantize", "", nil, []*graph.Value{w}, "w_real").Outputs[0]
	scale := graph.PerTensor(0.25, 0)
	u := b.Add("Quantize", "", nil, []*graph.Value{x}, "u").Outputs[0]
	u.DType, u.Quant = graph.Uint8, scale
	d := b.Add("Dequantize", "", nil, []*graph.Value{u}, "d").Outputs[0]
	b = finish(t, b, b.Add("Dense", "dense", &ops.Dense{}, []*graph.Value{d, real}, "y"))
	l := compare(t, a, b, rows{{1, 2}}, cost.Options{}).Layers[0]
	// Real weights are 1 2 and 3 -8, so the last one is wrong by 4.
	if want := []cost.Level{{Value: -8, Count: 1}, {Value: 2, Count: 1}, {Value: 3, Count: 1}, {Value: 4, Count: 1}}; !slices.Equal(l.Levels, want) || l.BitsB != 8 {
		t.Errorf("levels %+v", l.Levels)
	}
	if want := 10 * math.Log10(30.0/16); !near(l.SQNR, want) {
		t.Errorf("%v dB, want %v", l.SQNR, want)
	}
}

// A pass gives an integer dense layer that reads a flattened picture its weights in another order.
func TestWeightsOfFlattenedPicturesAreInOneOrder(t *testing.T) {
	g, _ := newSmall(t)
	x := g.Inputs[0]
	x.Shape = graph.Shape{graph.Batch, 3, 4, 2}
	w, v := graph.NewTensor(graph.Float32, 3, 3, 1, 1), graph.NewTensor(graph.Float32, 2, 24)
	for i := range 9 {
		w.SetFloat(i, float64(i))
	}
	for i := range 48 {
		v.SetFloat(i, float64(i*i%37))
	}
	flat := g.add("Flatten", &ops.Flatten{Axis: 1}, "flat", nil, g.add("Conv", &ops.Conv{}, "conv", nil, x, graph.NewConst("w", w)))
	a := g.end(g.add("Dense", &ops.Dense{}, "out", nil, flat, graph.NewConst("v", v)))
	q, err := quantize.Quantize(a, noise(8), quantize.Options{Rounding: quantize.Nearest})
	if err != nil {
		t.Fatal(err)
	}
	for name, pair := range map[string][2]*graph.Graph{"only B": {a, q.Graph}, "only A": {q.Graph, a}, "both": {q.Graph, q.Graph}, "none": {a, a}} {
		r := compare(t, pair[0], pair[1], noise(2), cost.Options{Pictures: -1})
		if len(r.Layers) != 2 {
			t.Fatalf("%s: %d layers", name, len(r.Layers))
		}
		for i, l := range r.Layers {
			want := cost.MostDecibels + 0.0
			if pair[0] != pair[1] {
				want = q.Layers[i].SQNR
			}
			if math.Abs(l.SQNR-want) > 0.2 { // the noise is of the signal, whichever of both that is
				t.Errorf("%s: %s: %v dB, want %v", name, l.Name, l.SQNR, want)
			}
		}
	}
}
