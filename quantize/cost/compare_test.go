package cost_test

import (
	"encoding/json"
	"errors"
	"math"
	"math/rand/v2"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/octet-ml/octet/bench"
	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/loader/onnx"
	"github.com/octet-ml/octet/ops"
	"github.com/octet-ml/octet/quantize"
	"github.com/octet-ml/octet/quantize/cost"
)

// rows is inputs that are given one by one.
type rows [][]float32

func (r rows) Len() int { return len(r) }

func (r rows) Read(i int, in []*graph.Tensor) error {
	for k, v := range r[i] {
		in[0].SetFloat(k, float64(v))
	}
	return nil
}

// noise is so many random inputs.
type noise int

func (n noise) Len() int { return int(n) }

func (n noise) Read(i int, in []*graph.Tensor) error {
	random := rand.New(rand.NewPCG(uint64(i), 9))
	for k := range in[0].Len() {
		in[0].SetFloat(k, random.NormFloat64())
	}
	return nil
}

// dense returns a model of one dense layer: input "x", output "y", weights by rows.
func dense(t testing.TB, weights ...[]float32) *graph.Graph {
	t.Helper()
	g := new(graph.Graph)
	x := g.AddInput("x", graph.Float32, graph.Shape{graph.Batch, len(weights[0])})
	w := graph.NewConst("w", graph.Float32s(slices.Concat(weights...), len(weights), len(weights[0])))
	return finish(t, g, g.Add("Dense", "dense", &ops.Dense{}, []*graph.Value{x, w}, "y"))
}

// finish infers the types of a graph and makes the last node's result its output.
func finish(t testing.TB, g *graph.Graph, last *graph.Node) *graph.Graph {
	t.Helper()
	for _, n := range g.Nodes {
		if err := ops.Infer(n); err != nil {
			t.Fatal(err)
		}
	}
	g.Outputs = last.Outputs
	return g
}

// compare compares two graphs on the same inputs, without measuring time.
func compare(t testing.TB, a, b *graph.Graph, data quantize.Data, o cost.Options) *cost.Report {
	t.Helper()
	o.Runs = -1
	r, err := cost.Compare(cost.Model{Name: "a", Graph: a, Inputs: data}, cost.Model{Name: "b", Graph: b}, o)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// near reports whether two numbers are the same but for rounding.
func near(a, b float64) bool { return math.Abs(a-b) <= 1e-5*max(1, math.Abs(a)) }

func resnet(t testing.TB, p bench.Precision) *graph.Graph {
	t.Helper()
	g, err := bench.Build("resnet8", p)
	if err != nil {
		t.Fatal(err)
	}
	return g
}

func TestAModelCostsNothingInComparisonWithItself(t *testing.T) {
	g := resnet(t, bench.FP32)
	r := compare(t, g, g, noise(20), cost.Options{Pictures: 2, Masks: 20, Label: func(i int) int { return i % 10 }})
	if a := r.Answers; a.Same != 20 || a.Lost+a.Won != 0 || a.Worst != 0 || a.SQNR != cost.MostDecibels || len(a.Confusions)+len(a.Disagreements) != 0 {
		t.Errorf("%+v", a)
	}
	if *r.A.Score != *r.B.Score || r.A.Score.Inputs != 20 {
		t.Errorf("scores %+v, %+v", r.A.Score, r.B.Score)
	}
	if len(r.Values) < 10 || len(r.Layers) < 8 {
		t.Errorf("%d activations, %d layers", len(r.Values), len(r.Layers))
	}
	for _, v := range r.Values {
		if v.SQNR != cost.MostDecibels || v.Cosine != 1 || v.Clipped != 0 {
			t.Errorf("%s: %v dB, cosine %v", v.Name, v.SQNR, v.Cosine)
		}
	}
	for _, l := range r.Layers {
		if l.SQNR != cost.MostDecibels || l.Output == "" {
			t.Errorf("%s: %v dB, output %q", l.Name, l.SQNR, l.Output)
		}
	}
	for _, u := range r.Unmatched {
		if u.Kind != "part" {
			t.Errorf("%+v", u)
		}
	}
	for _, l := range []cost.Likeness{r.Maps.Occlusion, r.Maps.Saliency} {
		if !near(l.Rank, 1) || !near(l.Overlap, 1) {
			t.Errorf("maps: %+v", l)
		}
	}
}

func TestOneChangedWeightIsSeen(t *testing.T) {
	a, b := dense(t, []float32{1, 2}, []float32{3, 4}), dense(t, []float32{1, 2}, []float32{3, 4.5})
	r := compare(t, a, b, rows{{1, 2}, {0, -4}}, cost.Options{})
	// The weights' squares sum to 30, that of the difference is 1/4; outputs are 5 11 -8 -16 and differ by 1 and -2.
	if l := r.Layers[0]; !near(l.SQNR, 10*math.Log10(30/0.25)) || l.MACs != 4 || l.Bytes != 16 || l.BitsB != 32 || l.Output != "y" {
		t.Errorf("layer %+v", l)
	}
	want := 10 * math.Log10((25+121+64+256)/5.0)
	if v := r.Values[1]; v.Name != "y" || !near(v.SQNR, want) || v.Grid != nil || v.Elements != 2 {
		t.Errorf("activation %+v", v)
	}
	if r.Values[0].SQNR != cost.MostDecibels {
		t.Errorf("input: %v dB", r.Values[0].SQNR)
	}
	if a := r.Answers; !near(a.SQNR, want) || a.Mean != 0.75 || a.Worst != 2 || a.WorstInput != 1 || a.Same != 2 || a.Of != "outputs" {
		t.Errorf("answers %+v", a)
	}
	if r.A.Score != nil || len(r.Notes) == 0 || !strings.Contains(r.Notes[0], "label") {
		t.Errorf("no label, but %+v, %q", r.A.Score, r.Notes)
	}
}

// A answers with the greatest element, B takes class 2 for class 0.
func TestConfusionsAreCounted(t *testing.T) {
	a := dense(t, []float32{1, 0, 0}, []float32{0, 1, 0}, []float32{0, 0, 1})
	b := dense(t, []float32{1, 0, 2}, []float32{0, 1, 0}, []float32{0, 0, 1})
	zero, one, two := []float32{1, 0, 0}, []float32{0, 1, 0}, []float32{0, 0, 1}
	labels := []int{0, 1, 2, 2, 0, 1, -1}
	r := compare(t, a, b, rows{zero, one, two, two, two, zero, two}, cost.Options{Label: func(i int) int { return labels[i] }})
	if r.A.Score.Top1 != 4 || r.B.Score.Top1 != 3 || r.A.Score.Top5 != 6 || r.A.Score.Inputs != 6 {
		t.Errorf("%+v, %+v", r.A.Score, r.B.Score)
	}
	if a := r.Answers; a.Same != 3 || a.Lost != 2 || a.Won != 1 {
		t.Errorf("%+v", a)
	}
	want := []cost.Confusion{{Label: 2, Answer: 0, A: 0, B: 2}, {Label: 0, Answer: 2, A: 1, B: 0}}
	if !slices.Equal(r.Answers.Confusions, want) {
		t.Errorf("confusions %+v, want %+v", r.Answers.Confusions, want)
	}
	if want := []cost.Disagreement{{A: 2, B: 0, Count: 4}}; !slices.Equal(r.Answers.Disagreements, want) {
		t.Errorf("disagreements %+v", r.Answers.Disagreements)
	}
}

func TestProbabilitiesAreComparedWhereOnlyOneModelHasThem(t *testing.T) {
	a := dense(t, []float32{1, 0}, []float32{0, 1})
	b := a.Clone()
	b.Outputs = nil
	b = finish(t, b, b.Add("Softmax", "softmax", &ops.Softmax{Axis: -1}, []*graph.Value{b.Nodes[0].Outputs[0]}, "p"))
	r := compare(t, a, b, rows{{1, 3}, {2, 0}}, cost.Options{})
	if a := r.Answers; a.Of != "probabilities" || a.Worst > 1e-6 || a.Same != 2 {
		t.Errorf("%+v", a)
	}
}

// What the quantizer writes keeps names, so all that it quantized is compared; the values that are read change nothing.
func TestAQuantizedModelIsCompared(t *testing.T) {
	g := resnet(t, bench.FP32)
	for _, s := range []quantize.Scheme{quantize.Int8, quantize.Int4KMeans} {
		q, err := quantize.Quantize(g, noise(16), quantize.Options{Weights: s, Rounding: quantize.Nearest})
		if err != nil {
			t.Fatal(err)
		}
		data, err := onnx.Encode(q.Graph, onnx.WriteOptions{})
		if err != nil {
			t.Fatal(err)
		}
		file, err := onnx.Decode(data, onnx.Options{})
		if err != nil {
			t.Fatal(err)
		}
		for name, b := range map[string]*graph.Graph{"graph": q.Graph, "file": file} {
			r := compare(t, g, b, noise(12), cost.Options{Pictures: -1, Decisions: q})
			for i, l := range r.Layers {
				if l.BitsB != s.Bits() || l.Decision == nil || math.Abs(l.SQNR-q.Layers[i].SQNR) > 0.01 || l.Name != q.Layers[i].Name || len(l.Levels) < 5 {
					t.Errorf("%v, %s: layer %+v, decided %+v", s, name, l, q.Layers[i])
				}
			}
			if len(r.Layers) != len(q.Layers) {
				t.Errorf("%v, %s: %d layers, want %d", s, name, len(r.Layers), len(q.Layers))
			}
			grids := 0
			for _, v := range r.Values {
				if v.Grid != nil {
					grids++
				}
				if v.SQNR < 5 {
					t.Errorf("%v, %s: %s: %v dB", s, name, v.Name, v.SQNR)
				}
			}
			if grids < len(q.Layers) {
				t.Errorf("%v, %s: %d quantized activations", s, name, grids)
			}
			last := r.Values[len(r.Values)-1]
			if last.Name != g.Outputs[0].Name || !near(last.SQNR, r.Answers.SQNR) {
				t.Errorf("%v, %s: %s has %v dB, the outputs %v", s, name, last.Name, last.SQNR, r.Answers.SQNR)
			}
			for _, u := range r.Unmatched {
				if u.Kind != "part" && u.Model == "A" {
					t.Errorf("%v, %s: %+v", s, name, u)
				}
			}
		}
	}
}

func TestStorageIsByTheBitsOfWeights(t *testing.T) {
	r := compare(t, resnet(t, bench.FP32), resnet(t, bench.Int4), noise(2), cost.Options{Pictures: -1, Values: -1})
	var macs, weights int
	for _, w := range r.B.Widths {
		macs, weights = macs+w.MACs, weights+w.Weights
	}
	a := r.A.Widths
	if len(a) != 1 || a[0].Bits != 32 || a[0].MACs != 12501632 || macs != a[0].MACs || weights != a[0].Weights || a[0].Bytes != 4*weights || r.A.Storage.Weights != 4*weights {
		t.Errorf("%+v, %+v", a, r.B.Widths)
	}
	if r.B.Widths[0].Bits != 4 || r.B.Storage.Weights >= weights || r.A.Storage.Arena == 0 || r.B.Storage.Packed == 0 {
		t.Errorf("%+v, %+v", r.B.Widths, r.B.Storage)
	}
	if len(r.Values) != 0 || r.Maps != nil {
		t.Error("values or maps that nobody wanted")
	}
}

func TestBothModelsAreTimed(t *testing.T) {
	g := dense(t, []float32{1, 2}, []float32{3, 4})
	r, err := cost.Compare(cost.Model{Graph: g, Inputs: rows{{1, 2}}, File: 70}, cost.Model{Graph: g, File: 40}, cost.Options{Runs: 7, Threads: 2})
	if err != nil {
		t.Fatal(err)
	}
	if x := r.Time; x.Runs != 7 || x.A <= 0 || x.B <= 0 || x.Ratio != x.A/x.B || x.Threads != 2 || x.Level == "" {
		t.Errorf("%+v", x)
	}
	if r.A.Storage.File != 70 || r.B.Storage.File != 40 {
		t.Error("sizes of files are lost")
	}
}

func TestThreadsDoNotMatter(t *testing.T) {
	a, b := resnet(t, bench.FP32), resnet(t, bench.Int8)
	var texts [2]string
	for i := range texts {
		r := compare(t, a, b, noise(20), cost.Options{Threads: 1 + 2*i, Pictures: 1, Masks: 20})
		text, err := json.Marshal(r)
		if err != nil {
			t.Fatal(err)
		}
		texts[i] = string(text)
	}
	if texts[0] != texts[1] {
		t.Error("1 and 3 threads: other reports")
	}
}

// broken is inputs of which one cannot be read.
type broken struct{ rows }

var errLost = errors.New("lost picture")

func (b broken) Read(i int, in []*graph.Tensor) error {
	if i == 1 {
		return errLost
	}
	return b.rows.Read(i, in)
}

func TestBadInputIsToldClearly(t *testing.T) {
	two := dense(t, []float32{1, 2}, []float32{3, 4})
	three := dense(t, []float32{1, 2}, []float32{3, 4}, []float32{5, 6})
	wide := dense(t, []float32{1, 2, 3}, []float32{4, 5, 6})
	data := rows{{1, 2}, {3, 4}}
	nan := rows{{1, 2}, {float32(math.NaN()), 1}}
	for _, c := range []struct {
		name string
		a, b cost.Model
		o    cost.Options
		want error
		text string
	}{
		{"classes", cost.Model{Name: "A.onnx", Graph: two, Inputs: data}, cost.Model{Name: "B.onnx", Graph: three}, cost.Options{}, cost.ErrModels, "A.onnx has 2 classes, B.onnx has 3"},
		{"shapes", cost.Model{Graph: two, Inputs: data}, cost.Model{Graph: wide, Inputs: data}, cost.Options{}, cost.ErrModels, "f32[N 2]"},
		{"unreadable", cost.Model{Graph: two, Inputs: broken{data}}, cost.Model{Graph: two}, cost.Options{}, errLost, "input 1: lost"},
		{"NaN", cost.Model{Name: "A.onnx", Graph: two, Inputs: nan}, cost.Model{Graph: two}, cost.Options{}, cost.ErrData, "input 1: A.onnx has NaN"},
		{"no inputs", cost.Model{Graph: two}, cost.Model{Graph: two}, cost.Options{}, cost.ErrData, "no inputs"},
		{"empty", cost.Model{Graph: two, Inputs: rows{}}, cost.Model{Graph: two}, cost.Options{}, cost.ErrData, "no inputs"},
		{"other inputs", cost.Model{Graph: two, Inputs: data}, cost.Model{Name: "B", Graph: two, Inputs: data[:1]}, cost.Options{}, cost.ErrData, "1 for B"},
		{"option", cost.Model{Graph: two, Inputs: data}, cost.Model{Graph: two}, cost.Options{Masks: -1}, cost.ErrOption, "-1 masks"},
	} {
		_, err := cost.Compare(c.a, c.b, c.o)
		if !errors.Is(err, c.want) || !strings.Contains(err.Error(), c.text) {
			t.Errorf("%s: got %v, want %v with %q", c.name, err, c.want, c.text)
		}
	}
}

// metered is many inputs; it notes the memory in use at two of them.
type metered struct {
	early, late int
	used        map[int][]uint64 // in each pass over the inputs
}

func (m metered) Len() int { return m.late + 1 }

func (m metered) Read(i int, in []*graph.Tensor) error {
	if i == m.early || i == m.late {
		var s runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&s)
		m.used[i] = append(m.used[i], s.HeapAlloc)
	}
	return noise(i+1).Read(i, in)
}

func TestMemoryDoesNotGrowWithInputs(t *testing.T) {
	a := dense(t, []float32{1, 2, 3}, []float32{3, -4, 1}, []float32{2, 2, 2})
	b := dense(t, []float32{1, 2, 4}, []float32{3, -4, 1}, []float32{2, 2, 2})
	m := metered{early: 100, late: 20000, used: make(map[int][]uint64)}
	compare(t, a, b, m, cost.Options{Threads: 1, Values: m.Len(), Label: func(i int) int { return i % 3 }})
	const slack = 256 << 10       // 12 bytes for each input; other goroutines allocate, too
	if len(m.used[m.late]) != 2 { // answers and activations
		t.Fatalf("%d passes", len(m.used[m.late]))
	}
	for pass, late := range m.used[m.late] {
		if early := m.used[m.early][pass]; late > early+slack {
			t.Errorf("pass %d: %d bytes after %d inputs, %d after %d", pass, early, m.early, late, m.late)
		}
	}
}
