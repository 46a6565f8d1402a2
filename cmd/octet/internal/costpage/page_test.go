package costpage

import (
	"bytes"
	"errors"
	"fmt"
	"image/png"
	"io"
	"strings"
	"testing"

	"github.com/octet-ml/octet/bench"
	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/internal/testkit"
	"github.com/octet-ml/octet/quantize"
	"github.com/octet-ml/octet/quantize/cost"
	"github.com/octet-ml/octet/vision"
)

// stripes is a few pictures.
type stripes int

func (n stripes) Len() int { return int(n) }

func (n stripes) Read(i int, in []*graph.Tensor) error {
	for k := range in[0].Len() {
		in[0].SetFloat(k, float64(k*(i+3)%11)/5-1)
	}
	return nil
}

// compared is a page about two forms of resnet8.
func compared(t *testing.T, a, b bench.Precision, o cost.Options) *Page {
	t.Helper()
	var models [2]cost.Model
	for i, p := range []bench.Precision{a, b} {
		g, err := bench.Build("resnet8", p)
		if err != nil {
			t.Fatal(err)
		}
		models[i] = cost.Model{Name: fmt.Sprintf("<%d>.onnx", i), Graph: g, Inputs: stripes(6), File: 1000 * (i + 1)}
	}
	o.Masks = 4
	r, err := cost.Compare(models[0], models[1], o)
	if err != nil {
		t.Fatal(err)
	}
	return &Page{
		Report: r, Data: "few & small", Commands: Commands{Accuracy: []string{"octet eval '<0>.onnx'"}},
		Class: func(c int) string { return fmt.Sprintf("a very long name <%d>", c) },
		Picture: func(int) (*vision.Image, error) {
			return &vision.Image{Width: 8, Height: 8, Channels: 1, Pix: make([]byte, 64)}, nil
		},
	}
}

// written returns the page, checked for being whole and by itself.
func written(t *testing.T, p *Page) string {
	t.Helper()
	var out bytes.Buffer
	if err := Write(&out, p); err != nil {
		t.Fatal(err)
	}
	page := out.String()
	testkit.CheckPage(t, page)
	for _, unsafe := range []string{"ZgotmplZ", "very long name <"} { // what html/template refuses, and what nobody escaped
		if strings.Contains(page, unsafe) {
			t.Errorf("the page has %q", unsafe)
		}
	}
	return page
}

func TestThePageIsWholeAndByItself(t *testing.T) {
	label := func(i int) int { return i }
	page := written(t, compared(t, bench.FP32, bench.Mixed, cost.Options{Label: label, Pictures: 2, Decisions: &quantize.Result{
		Layers: []quantize.LayerChoice{{Name: "conv1", Scheme: "int4-log", SQNR: 12.345}},
		Ranges: map[string]quantize.Choice{"conv1": {Name: "entropy", Hi: 3}}, Inputs: 77, Warnings: []string{"dead"},
	}}))
	for _, want := range []string{
		"&lt;0&gt;.onnx", "few &amp; small", "top-1 of 6", "Accuracy", "Bytes of constants", "Multiplications", "Median of 50 runs", "Activations: signal to noise",
		"Activations: clipped", "Weights: signal to noise", "Weights of layer", "Where the models look", "int4-log", "12.35", "entropy", "77 inputs", "dead", "<pre>octet eval &#39;&lt;0&gt;.onnx&#39;</pre>",
	} {
		if !strings.Contains(page, want) {
			t.Errorf("no %q", want)
		}
	}
	if n := strings.Count(page, `src="data:image/png;base64,`); n != 10 {
		t.Errorf("%d maps and pictures, want 10", n)
	}
}

func TestThePageHasTheSearchForBits(t *testing.T) {
	p := compared(t, bench.FP32, bench.Int8, cost.Options{Pictures: -1, Runs: -1, Values: -1, Decisions: &quantize.Result{
		Layers: []quantize.LayerChoice{{Name: "conv1", Scheme: "int8", Sensitivity: 0.0625}, {Name: "conv2", Scheme: "int4", Output: 21.5}},
		Search: &quantize.Search{Low: "int4", Judge: "right answers lost", Inputs: 88, Trials: []quantize.Trial{{Layers: 5, Bytes: 4711, Drop: 0.25}, {Layers: 4, Bytes: 5000, Final: true}}},
	}})
	page := written(t, p)
	for _, want := range []string{
		"<th>sensitivity</th></tr></thead><tbody>\n<tr><td>conv1</td>", "<td>0.0625</td></tr>\n<tr><td>conv2</td>", "<td>21.50</td><td>-</td></tr>", "right answers lost, of 88 inputs",
		"<td>4711</td><td>0.25</td>", "rounded layer by layer",
	} {
		if !strings.Contains(page, want) {
			t.Errorf("no %q", want)
		}
	}
	if n := strings.Count(page, "<th>sensitivity</th>"); n != 2 {
		t.Errorf("%d columns of sensitivities, want one of all layers and one of decisions", n)
	}
}

func TestThePageSaysWhatTimeDecided(t *testing.T) {
	page := written(t, compared(t, bench.FP32, bench.Mixed, cost.Options{Pictures: -1, Runs: -1, Values: -1, Decisions: &quantize.Result{
		Layers: []quantize.LayerChoice{{Name: "conv1", Scheme: "float", FloatTime: 1.25, QuantizedTime: 2.5}},
		Times:  &quantize.Times{Float: 8, Quantized: 9, Result: 6, Ratio: 0.75, Rounds: 12, Threads: 3, Level: "avx2", Trials: []quantize.TimeTrial{{Time: 9, Ratio: 1.125}, {Layers: []string{"conv1", "conv2"}, Time: 6.5, Ratio: 0.8125}}},
	}}))
	for _, want := range []string{"<td>1.25</td><td>2.5</td></tr>", "6 ms as the result, 0.7500 of", "12 rounds in turns, avx2, 3 threads", "<td>1.1250</td><td class=\"names\">none</td>", "<td>2</td><td>6.5</td><td>0.8125</td><td class=\"names\"><details><summary>names</summary>conv1<br>conv2</details></td>"} {
		if !strings.Contains(page, want) {
			t.Errorf("no %q", want)
		}
	}
}

func TestEqualModelsMakeAPage(t *testing.T) {
	page := written(t, compared(t, bench.FP32, bench.FP32, cost.Options{Pictures: -1, Runs: -1}))
	for _, not := range []string{"Where the models look", "Median of", "What was decided", "top-1"} {
		if strings.Contains(page, not) {
			t.Errorf("the page has %q", not)
		}
	}
	if n := strings.Count(page, "<svg"); n != 2+3+6 {
		t.Errorf("%d figures", n)
	}
}

func TestOnlyAnswersMakeAPage(t *testing.T) {
	page := written(t, compared(t, bench.FP32, bench.Int4, cost.Options{Pictures: -1, Runs: -1, Values: -1}))
	if !strings.Contains(page, "no input has a label") || strings.Contains(page, "Activations: clipped") {
		t.Error("the note is missing, or there are activations")
	}
}

func TestAPictureThatCannotBeReadIsToldOf(t *testing.T) {
	p := compared(t, bench.FP32, bench.Int8, cost.Options{Pictures: 1, Runs: -1, Values: -1})
	p.Picture = func(int) (*vision.Image, error) { return nil, errors.New("lost picture") }
	if err := Write(io.Discard, p); err == nil || !strings.Contains(err.Error(), "lost picture") {
		t.Errorf("got %v", err)
	}
}

func TestTheMapIsDrawnOverThePicture(t *testing.T) {
	v := &vision.Image{Width: 4, Height: 2, Channels: 3, Pix: bytes.Repeat([]byte{200, 100, 0}, 8)}
	m := &cost.Map{Width: 2, Height: 1, Numbers: []float32{0, 5}}
	cold, hot := overlay(v, m).At(1, 1), overlay(v, m).At(2, 0)
	r1, _, _, _ := cold.RGBA()
	r2, _, _, _ := hot.RGBA()
	if r2 <= r1 {
		t.Errorf("cold %v, hot %v", cold, hot)
	}
	if r, g, b, _ := overlay(v, nil).At(3, 1).RGBA(); r>>8 != 200 || g>>8 != 100 || b != 0 {
		t.Errorf("%d %d %d", r>>8, g>>8, b>>8)
	}
	uri, err := dataURI(overlay(v, m))
	if err != nil || !strings.HasPrefix(string(uri), "data:image/png;base64,") {
		t.Errorf("%v: %.40s", err, uri)
	}
	if err := png.Encode(io.Discard, overlay(v, &cost.Map{Width: 1, Height: 1, Numbers: []float32{3}})); err != nil {
		t.Error(err)
	}
}
