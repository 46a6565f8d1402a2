package conformance

import (
	"bufio"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/internal/testkit"
	"github.com/octet-ml/octet/loader"
	"github.com/octet-ml/octet/loader/onnx"
	"github.com/octet-ml/octet/runtime"
)

// Tolerances of ONNX's own backend tests for float outputs; half precision has fewer digits.
const (
	nodeRelative     = 1e-3
	nodeAbsolute     = 1e-5
	nodeHalfAbsolute = 2e-3
)

// exclusions returns the reason for each node test that is known not to pass.
func exclusions(t *testing.T) map[string]string {
	t.Helper()
	f, err := os.Open("testdata/exclusions.txt")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	out := make(map[string]string)
	for s := bufio.NewScanner(f); s.Scan(); {
		line := strings.TrimSpace(s.Text())
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		name, reason, ok := strings.Cut(line, " ")
		if !ok {
			t.Fatalf("exclusion %q has no reason", line)
		}
		out[name] = strings.TrimSpace(reason)
	}
	if len(out) > 70 {
		t.Errorf("%d exclusions: want at most 70", len(out))
	}
	return out
}

// TestNodes runs ONNX's node tests. Each passes or is excluded with a reason; an excluded one that passes is an error.
func TestNodes(t *testing.T) {
	dirs, err := filepath.Glob(filepath.Join(testkit.Data(t), "onnx-node-tests", "test_*"))
	if err != nil || len(dirs) == 0 {
		t.Fatalf("no node tests: %v", err)
	}
	excluded := exclusions(t)
	for _, dir := range dirs {
		name := filepath.Base(dir)
		t.Run(name, func(t *testing.T) {
			err := runNode(t, dir)
			reason, known := excluded[name]
			switch {
			case err != nil && !known:
				t.Error(err)
			case err == nil && known:
				t.Errorf("passes, but is excluded: %s", reason)
			}
		})
	}
}

// runNode runs one node test.
func runNode(t *testing.T, dir string) error {
	data, err := os.ReadFile(filepath.Join(dir, "model.onnx"))
	if err != nil {
		t.Fatal(err)
	}
	g, err := loader.Decode(data)
	if err != nil {
		return err
	}
	inputs := tensors(t, dir, "input")
	outputs, err := runUnbound(g, inputs)
	if err != nil {
		if outputs, err = runBound(g, inputs); err != nil {
			return err
		}
	}
	want := tensors(t, dir, "output")
	if len(outputs) > len(want) || len(outputs) == 0 {
		return fmt.Errorf("%d outputs, want %d", len(outputs), len(want))
	}
	for i, y := range outputs {
		if err := sameTensor(y, want[i]); err != nil {
			return fmt.Errorf("output %d: %w", i, err)
		}
	}
	return nil
}

func runUnbound(g *graph.Graph, inputs []*graph.Tensor) ([]*graph.Tensor, error) {
	p, err := runtime.Compile(g)
	if err != nil {
		return nil, err
	}
	return p.Run(inputs[:len(g.Inputs)]...)
}

// runBound gives the inputs that may decide shapes (all but the first) as constants, which is how a program is made for a
// model with such inputs. Data inputs among them stay inputs if one of two more careful choices suffices.
func runBound(g *graph.Graph, inputs []*graph.Tensor) ([]*graph.Tensor, error) {
	choices := []func(i int, v *graph.Value) bool{
		func(i int, v *graph.Value) bool { return i > 0 && v.DType == graph.Int64 && len(v.Shape) <= 1 },
		func(i int, v *graph.Value) bool { return i > 0 && len(v.Shape) <= 1 },
		func(i int, v *graph.Value) bool { return v.DType == graph.Int64 },
	}
	var errs []error
	for _, bind := range choices {
		var options []runtime.Option
		var rest []*graph.Tensor
		for i, v := range g.Inputs {
			if bind(i, v) {
				options = append(options, runtime.Constant(v.Name, inputs[i]))
			} else {
				rest = append(rest, inputs[i])
			}
		}
		p, err := runtime.Compile(g, options...)
		if err == nil {
			return p.Run(rest...)
		}
		errs = append(errs, err)
	}
	return nil, errors.Join(errs...)
}

// tensors reads the tensors KIND_0.pb, KIND_1.pb ... of a node test.
func tensors(t *testing.T, dir, kind string) []*graph.Tensor {
	t.Helper()
	var out []*graph.Tensor
	for i := 0; ; i++ {
		path := filepath.Join(dir, "test_data_set_0", fmt.Sprintf("%s_%d.pb", kind, i))
		if _, err := os.Stat(path); err != nil {
			return out
		}
		out = append(out, readTensorProto(t, path))
	}
}

func readTensorProto(t *testing.T, path string) *graph.Tensor {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	x, err := onnx.DecodeTensor(data)
	if err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	return x
}

// sameTensor compares integers exactly and floats with the tolerances of ONNX's tests.
func sameTensor(got, want *graph.Tensor) error {
	if got.DType != want.DType || !got.Shape.Equal(want.Shape) {
		return fmt.Errorf("got %v%v, want %v%v", got.DType, got.Shape, want.DType, want.Shape)
	}
	absolute := nodeAbsolute
	if got.DType.Bits() == 16 {
		absolute = nodeHalfAbsolute
	}
	for i := range got.Len() {
		a, b := got.Float(i), want.Float(i)
		if a == b || math.IsNaN(a) && math.IsNaN(b) {
			continue
		}
		if !got.DType.IsFloat() || !(math.Abs(a-b) <= absolute+nodeRelative*math.Abs(b)) {
			return fmt.Errorf("element %d of %v%v: got %v, want %v", i, got.DType, got.Shape, a, b)
		}
	}
	return nil
}
