package quantize_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/octet-ml/octet/bench"
	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/loader/onnx"
	"github.com/octet-ml/octet/ops"
	"github.com/octet-ml/octet/quantize"
	"github.com/octet-ml/octet/runtime"
)

// inputs is random calibration inputs.
type inputs int

func (n inputs) Len() int { return int(n) }

func (n inputs) Read(i int, in []*graph.Tensor) error {
	random := rand.New(rand.NewPCG(uint64(i), 3))
	for _, t := range in {
		for k := range t.Len() {
			t.SetFloat(k, random.NormFloat64())
		}
	}
	return nil
}

func build(t testing.TB, arch string) *graph.Graph {
	t.Helper()
	g, err := bench.Build(arch, bench.FP32)
	if err != nil {
		t.Fatal(err)
	}
	return g
}

// signal returns the ratio of the variance of a's outputs to the mean squared difference of b's, in decibels, on inputs that
// calibration does not see.
func signal(t *testing.T, a, b *graph.Graph) float64 {
	t.Helper()
	var sessions []*runtime.Session
	for _, g := range []*graph.Graph{a, b} {
		p, err := runtime.Compile(g)
		if err != nil {
			t.Fatal(err)
		}
		s, err := p.NewSession()
		if err != nil {
			t.Fatal(err)
		}
		sessions = append(sessions, s)
	}
	var sum, squares, noise, n float64
	for i := range 20 {
		for _, s := range sessions {
			if err := inputs(0).Read(1000+i, []*graph.Tensor{s.Input(0)}); err != nil {
				t.Fatal(err)
			}
			s.Run()
		}
		x, y := sessions[0].Output(0), sessions[1].Output(0)
		for k := range x.Len() {
			v, d := x.Float(k), x.Float(k)-y.Float(k)
			sum, squares, noise, n = sum+v, squares+v*v, noise+d*d, n+1
		}
	}
	return 10 * math.Log10((squares-sum*sum/n)/noise)
}

func TestQuantizedModelsFollowTheFloatOne(t *testing.T) {
	g := build(t, "resnet8")
	for _, c := range []struct {
		o    quantize.Options
		want float64
	}{
		{quantize.Options{}, 28},
		{quantize.Options{Rounding: quantize.Reconstruct}, 28},
		{quantize.Options{Rounding: quantize.Corrected}, 28},
		{quantize.Options{Range: quantize.MinMax}, 25},
		{quantize.Options{Weights: quantize.Int4}, 14},
		{quantize.Options{Weights: quantize.Int4KMeans}, 15},
		{quantize.Options{Weights: quantize.Int4Log}, 11},
		{quantize.Options{Rules: []quantize.Rule{{Layers: "first", Scheme: quantize.Float}, {Layers: "Dense", Scheme: quantize.Float}}}, 28},
	} {
		r, err := quantize.Quantize(g, inputs(32), c.o)
		if err != nil {
			t.Fatalf("%+v: %v", c.o, err)
		}
		got := signal(t, g, r.Graph)
		t.Logf("%v, %v, %v: %.1f dB", c.o.Weights, c.o.Range, c.o.Rounding, got)
		if got < c.want {
			t.Errorf("%v, %v, %v: %.1f dB, want %.0f", c.o.Weights, c.o.Range, c.o.Rounding, got, c.want)
		}
	}
}

// roundings returns the signal of a model with 4-bit weights rounded to the nearest, with biases corrected, and reconstructed.
func roundings(t *testing.T, g *graph.Graph) (db [3]float64) {
	t.Helper()
	for i, r := range []quantize.Rounding{quantize.Nearest, quantize.Corrected, quantize.Reconstruct} {
		q, err := quantize.Quantize(g, inputs(64), quantize.Options{Weights: quantize.Int4, Rounding: r})
		if err != nil {
			t.Fatal(err)
		}
		db[i] = signal(t, g, q.Graph)
	}
	return db
}

// TestReconstructionBeatsRounding is what 4-bit weights are about.
func TestReconstructionBeatsRounding(t *testing.T) {
	g := build(t, "resnet8")
	db := roundings(t, g)
	if db[2] < db[1]+1 || db[1] < db[0]+1 {
		t.Errorf("nearest %.1f dB, with biases corrected %.1f dB, reconstructed %.1f dB", db[0], db[1], db[2])
	}
}

// TestThreadsDoNotMatter compares the written models byte by byte.
func TestThreadsDoNotMatter(t *testing.T) {
	g := build(t, "resnet8")
	var files [2][]byte
	for i := range files {
		r, err := quantize.Quantize(g, inputs(40), quantize.Options{Weights: quantize.Int4KMeans, Threads: 1 + 2*i})
		if err != nil {
			t.Fatal(err)
		}
		if files[i], err = onnx.Encode(r.Graph, onnx.WriteOptions{}); err != nil {
			t.Fatal(err)
		}
	}
	if !bytes.Equal(files[0], files[1]) {
		t.Error("1 and 3 threads: other bytes")
	}
}

// TestWrittenModelIsTheSame reads a written model back and compares outputs to the bit.
func TestWrittenModelIsTheSame(t *testing.T) {
	for _, arch := range []string{"resnet8"} {
		g := build(t, arch)
		for _, s := range []quantize.Scheme{quantize.Int8, quantize.Int4, quantize.Int4KMeans, quantize.Int4Log} {
			r, err := quantize.Quantize(g, inputs(8), quantize.Options{Weights: s})
			if err != nil {
				t.Fatal(err)
			}
			data, err := onnx.Encode(r.Graph, onnx.WriteOptions{})
			if err != nil {
				t.Fatal(err)
			}
			back, err := onnx.Decode(data, onnx.Options{})
			if err != nil {
				t.Fatal(err)
			}
			if db := signal(t, r.Graph, back); !math.IsInf(db, 1) {
				t.Errorf("%v: the file differs, %.1f dB", s, db)
			}
			p, err := runtime.Compile(back)
			if err != nil {
				t.Fatal(err)
			}
			if err := p.RequireInteger(); err != nil {
				t.Errorf("%v: %v", s, err)
			}
		}
	}
}

// network returns a graph of convolutions with the given attributes, one after the other, 3x3 weights in NCHW or NHWC.
func network(t *testing.T, layout ops.Layout, list ...ops.Conv) *graph.Graph {
	t.Helper()
	g := &graph.Graph{Name: "network"}
	const c = 6
	shape := graph.Shape{graph.Batch, c, 12, 11}
	if layout == ops.NHWC {
		shape = graph.Shape{graph.Batch, 12, 11, c}
	}
	x := g.AddInput("x", graph.Float32, shape)
	random := rand.New(rand.NewPCG(5, 5))
	for i, a := range list {
		a.Layout = layout
		per := c / max(a.Group, 1)
		w := graph.NewTensor(graph.Float32, c, per, 3, 3)
		if layout == ops.NHWC {
			w = graph.NewTensor(graph.Float32, c, 3, 3, per)
		}
		for k := range w.Len() {
			w.SetFloat(k, random.NormFloat64()/math.Sqrt(9*float64(per)))
		}
		n := g.Add("Conv", fmt.Sprintf("conv%d", i), &a, []*graph.Value{x, graph.NewConst(fmt.Sprintf("w%d", i), w)}, fmt.Sprintf("y%d", i))
		if err := ops.Infer(n); err != nil {
			t.Fatal(err)
		}
		x = n.Outputs[0]
	}
	g.Outputs = []*graph.Value{x}
	return g
}

// TestReconstructionSeesWindowsRight fails where the windows that reconstruction collects are not those of the layer: the rounding
// that it finds would be worse than the nearest.
func TestReconstructionSeesWindowsRight(t *testing.T) {
	for _, layout := range []ops.Layout{ops.NCHW, ops.NHWC} {
		for name, a := range map[string]ops.Conv{
			"plain":     {},
			"padded":    {Window: ops.Window{Pads: [4]int{1, 0, 2, 1}}},
			"stride":    {Window: ops.Window{Strides: [2]int{2, 1}, Pads: [4]int{1, 1, 1, 1}}},
			"dilated":   {Window: ops.Window{Dilations: [2]int{1, 2}}},
			"same":      {Window: ops.Window{AutoPad: ops.SameLower, Strides: [2]int{2, 2}}},
			"groups":    {Group: 2},
			"depthwise": {Group: 6, Window: ops.Window{Pads: [4]int{1, 1, 1, 1}}},
		} {
			g := network(t, layout, a, ops.Conv{})
			db := roundings(t, g)
			if db[2] < db[0]+0.2 {
				t.Errorf("layout %d, %s: nearest %.2f dB, reconstructed %.2f dB", layout, name, db[0], db[2])
			}
		}
	}
}

// broken is calibration inputs of NaN, or ones that cannot be read.
type broken struct {
	inputs
	err error
}

func (b broken) Read(_ int, in []*graph.Tensor) error {
	in[0].SetFloat(0, math.NaN())
	return b.err
}

// still is inputs of zeros.
type still struct{ inputs }

func (still) Read(_ int, in []*graph.Tensor) error {
	clear(in[0].Data)
	return nil
}

func TestBadInputIsToldClearly(t *testing.T) {
	g := build(t, "resnet8")
	quantized, err := bench.Build("resnet8", bench.Int8)
	if err != nil {
		t.Fatal(err)
	}
	empty := &graph.Graph{}
	x := empty.AddInput("x", graph.Float32, graph.Shape{graph.Batch, 4})
	n := empty.Add("Relu", "", nil, []*graph.Value{x}, "y")
	empty.Outputs = n.Outputs
	lost := errors.New("lost picture")
	for _, c := range []struct {
		name string
		g    *graph.Graph
		data quantize.Data
		o    quantize.Options
		want error
		text string
	}{
		{"no inputs", g, inputs(0), quantize.Options{}, quantize.ErrData, "no inputs"},
		{"NaN", g, broken{4, nil}, quantize.Options{Threads: 1}, quantize.ErrData, `input 0: "input" has NaN`},
		{"unreadable", g, broken{4, lost}, quantize.Options{}, lost, "input "},
		{"quantized", quantized, inputs(4), quantize.Options{}, quantize.ErrQuantized, "and "},
		{"no layers", empty, inputs(4), quantize.Options{}, quantize.ErrNothing, "no convolution"},
		{"all float", g, inputs(4), quantize.Options{Weights: quantize.Float}, quantize.ErrNothing, "stay float"},
		{"no such layer", g, inputs(4), quantize.Options{Rules: []quantize.Rule{{Layers: "stem*"}}}, quantize.ErrOption, `"stem*"`},
		{"bad pattern", g, inputs(4), quantize.Options{Rules: []quantize.Rule{{Layers: "[a"}}}, quantize.ErrOption, "[a"},
		{"cancelled", g, inputs(4), quantize.Options{Cancelled: func() error { return lost }}, lost, "lost"},
	} {
		_, err := quantize.Quantize(c.g, c.data, c.o)
		if !errors.Is(err, c.want) || !strings.Contains(err.Error(), c.text) {
			t.Errorf("%s: got %v, want %v with %q", c.name, err, c.want, c.text)
		}
	}
}

func TestDeadValuesAreWarnedOf(t *testing.T) {
	g := build(t, "resnet8")
	for _, s := range []quantize.Scheme{quantize.Int8, quantize.Int4} {
		r, err := quantize.Quantize(g, still{8}, quantize.Options{Weights: s})
		if err != nil {
			t.Fatal(err)
		}
		if len(r.Warnings) == 0 || !strings.Contains(r.Warnings[0], `"input"`) {
			t.Errorf("%v: warnings %q", s, r.Warnings)
		}
	}
}

func TestRulesChooseLayers(t *testing.T) {
	g := build(t, "resnet8")
	names, err := quantize.Layers(g)
	if err != nil {
		t.Fatal(err)
	}
	r, err := quantize.Quantize(g, inputs(4), quantize.Options{Weights: quantize.Int4, Rules: []quantize.Rule{
		{Layers: "first", Scheme: quantize.Int8}, {Layers: "last", Scheme: quantize.Float}, {Layers: names[2], Scheme: quantize.Int4Log},
	}})
	if err != nil {
		t.Fatal(err)
	}
	if text, err := json.Marshal(r); err != nil || !strings.Contains(string(text), `"scheme":"int4-log"`) {
		t.Errorf("JSON: %v in %.200s", err, text)
	}
	for i, l := range r.Layers {
		want := "int4"
		switch i {
		case 0:
			want = "int8"
		case 2:
			want = "int4-log"
		case len(names) - 1:
			want = "float"
		}
		if l.Scheme != want || l.Name != names[i] {
			t.Errorf("layer %d: %s %s, want %s %s", i, l.Name, l.Scheme, names[i], want)
		}
	}
}
