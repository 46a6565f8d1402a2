package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/octet-ml/octet/digest"
	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/loader"
	"github.com/octet-ml/octet/loader/onnx"
	"github.com/octet-ml/octet/ops"
)

// encoded writes a graph to an ONNX file and returns its path.
func encoded(t *testing.T, g *graph.Graph) string {
	t.Helper()
	data, err := onnx.Encode(g, onnx.WriteOptions{})
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "model.onnx")
	if err := os.WriteFile(path, data, 0o666); err != nil {
		t.Fatal(err)
	}
	return path
}

// twoInputs is a model with two inputs.
func twoInputs(t *testing.T) string {
	t.Helper()
	g := &graph.Graph{}
	a, b := g.AddInput("a", graph.Float32, graph.Shape{graph.Batch, 3, 8, 8}), g.AddInput("b", graph.Float32, graph.Shape{graph.Batch, 3, 8, 8})
	g.Outputs = g.Add("Add", "sum", nil, []*graph.Value{a, b}, "y").Outputs
	return encoded(t, g)
}

// floatModel is a dense layer in float.
func floatModel(t *testing.T) string {
	t.Helper()
	g := &graph.Graph{}
	x := g.AddInput("x", graph.Float32, graph.Shape{graph.Batch, 4})
	w := graph.NewConst("w", graph.Float32s([]float32{1, 2, 3, 4, 5, 6, 7, 8}, 4, 2))
	g.Outputs = g.Add("Gemm", "fc", &ops.Gemm{Alpha: 1, Beta: 1}, []*graph.Value{x, w}, "y").Outputs
	return encoded(t, g)
}

func TestDigestIsStoredAndChecked(t *testing.T) {
	model, picture := files(t)
	before, err := os.ReadFile(model)
	if err != nil {
		t.Fatal(err)
	}
	_, printed, _ := octet(nil, "digest", model)
	sum, _, _ := strings.Cut(printed, " ")
	stored := filepath.Join(t.TempDir(), "stored.onnx")
	for _, path := range []string{stored, model} {
		status, out, errs := octet(nil, "digest", model, "--write", path)
		if status != 0 || out != sum+"  "+path+"\n" {
			t.Fatalf("status %d: %s%s", status, out, errs)
		}
	}
	if data, err := os.ReadFile(model); err != nil || bytes.Equal(data, before) {
		t.Errorf("the model in place is as it was (%v)", err)
	}
	g, err := loader.Open(stored)
	if err != nil || g.Metadata[digest.Key] != sum {
		t.Fatalf("metadata %v, %v", g, err)
	}
	input := filepath.Join(t.TempDir(), "x.npy")
	if err := writeTensor(input, graph.NewTensor(graph.Float32, 3, 1, 28, 28)); err != nil {
		t.Fatal(err)
	}
	wrong := filepath.Join(t.TempDir(), "wrong.onnx")
	data, err := loader.SetMetadata(before, digest.Key, "v1:"+strings.Repeat("0", 64))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(wrong, data, 0o666); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{
		{"digest", "MODEL"}, {"digest", "MODEL", "--kernels", "generic", "--threads", "1", "--batch", "8"}, {"classify", "--model", "MODEL", picture},
		{"run", "MODEL", "--input", input, "--output-dir", t.TempDir()}, {"inspect", "MODEL"},
	} {
		for path, says := range map[string]string{stored: "", wrong: "want v1:000"} {
			var list []string
			for _, a := range append(args, "--check-digest") {
				list = append(list, strings.ReplaceAll(a, "MODEL", path))
			}
			status, _, errs := octet(nil, list...)
			if (status == 0) != (says == "") || !strings.Contains(errs, says) {
				t.Errorf("%v: status %d: %s", list, status, errs)
			}
		}
		if status, _, errs := octet(nil, strings.Split(strings.ReplaceAll(strings.Join(args, "\n"), "MODEL", wrong), "\n")...); status != 0 {
			t.Errorf("%v, unasked: status %d: %s", args, status, errs)
		}
	}
}

func TestFloatModelsHaveNoDigestToStore(t *testing.T) {
	model := floatModel(t)
	status, out, errs := octet(nil, "digest", model)
	if status != 0 || !strings.HasPrefix(out, "v1:") || !strings.Contains(errs, "for level") {
		t.Errorf("status %d: %s%s", status, out, errs)
	}
	for _, args := range [][]string{{"--write", filepath.Join(t.TempDir(), "x.onnx")}, {"--check-digest"}} {
		if status, out, _ := octet(nil, append([]string{"digest", model}, args...)...); status != 1 || out != "" {
			t.Errorf("%v: status %d: %s", args, status, out)
		}
	}
	if status, _, _ := octet(nil, "digest", "-", "--write", "x.onnx"); status == 0 {
		t.Error("standard input was taken")
	}
}

// Quantize stores a digest of the file that it writes, in either form, unless layers stay float.
func TestQuantizeStoresADigest(t *testing.T) {
	model, _, data := comparePair(t, 4)
	for _, c := range []struct {
		flags  []string
		stored bool
	}{
		{nil, true},
		{[]string{"--qoperator", "--weights", "int4"}, true},
		{[]string{"--layer", "first=float"}, false},
	} {
		out := filepath.Join(t.TempDir(), "out.onnx")
		args := append([]string{"quantize", model, "--data", data, "--preset", "cifar10", "--rounding", "nearest", "--quiet", "--out", out}, c.flags...)
		status, text, errs := octet(nil, args...)
		if status != 0 {
			t.Fatalf("%v: status %d: %s", c.flags, status, errs)
		}
		if printed := strings.Contains(text, "digest      v1:"); printed != c.stored || !strings.Contains(text, "digest      ") {
			t.Errorf("%v: %s", c.flags, text)
		}
		g, err := loader.Open(out)
		if err != nil {
			t.Fatal(err)
		}
		if _, ok := g.Metadata[digest.Key]; ok != c.stored {
			t.Errorf("%v: metadata have a digest: %v", c.flags, ok)
		}
		if status, _, errs := octet(nil, "digest", out, "--check-digest", "--kernels", "generic"); (status == 0) != c.stored {
			t.Errorf("%v: checked: status %d: %s", c.flags, status, errs)
		}
	}
}
