package generate

import (
	"errors"
	"go/parser"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/octet-ml/octet/vision"
)

func TestLabelsMakeConstants(t *testing.T) {
	labels := vision.Labels{
		"7", "cat", "great white shark, white shark", "crane", "crane", "crane4", "?!", "", "go-kart", "Über mensch", "猫", "type", "crane",
	}
	want := []string{
		"Class7", "ClassCat", "ClassGreatWhiteShark", "ClassCrane3", "ClassCrane4_", "ClassCrane4", "", "", "ClassGoKart", "ClassÜberMensch", "Class猫", "ClassType", "ClassCrane12",
	}
	var got []string
	for i, c := range classesOf(labels, len(labels)) {
		got = append(got, c.Const)
		if c.Index != i || c.Label != labels.Name(i) {
			t.Errorf("class %d: %+v", i, c)
		}
	}
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	for _, c := range classesOf(nil, 3) {
		if c.Const != "" || !strings.HasPrefix(c.Label, "class ") {
			t.Errorf("without labels: %+v", c)
		}
	}
}

// Every field of a Preprocess that is set is in its literal, whatever fields there are.
func TestLiteralHasEveryField(t *testing.T) {
	p := vision.Preprocess{
		Size: [2]int{224, 192}, Resize: vision.ShorterSide, ResizeTo: 256, CropFraction: 0.9, Filter: vision.Bicubic, Fill: 7, Channels: vision.BGR, Scale: 1.0 / 3,
		Mean: []float64{0.1, 2, 3}, Std: []float64{4}, Layout: vision.NHWC, Quantize: vision.QuantizeValues, Labels: vision.Labels{"no"},
	}
	const want = `vision.Preprocess{
Size: [2]int{224, 192},
Resize: "shorter",
ResizeTo: 256,
CropFraction: 0.9,
Filter: vision.Bicubic,
Fill: 7,
Channels: "bgr",
Scale: 0.3333333333333333,
Mean: []float64{0.1, 2, 3},
Std: []float64{4},
Layout: "nhwc",
Quantize: "values",
}`
	if got := literal(p); got != want {
		t.Errorf("got %s", got)
	}
	if got := literal(vision.Preprocess{}); got != "vision.Preprocess{\n}" {
		t.Errorf("zero: %s", got)
	}
	for i, name := range vision.Filters() {
		f, err := vision.ParseFilter(name)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := parser.ParseExpr(literal(vision.Preprocess{Filter: f})); err != nil {
			t.Errorf("filter %d: %v", i, err)
		}
	}
}

func TestNamesOfPackages(t *testing.T) {
	for name, ok := range map[string]bool{"digits": true, "cifar10": true, "": false, "10digits": false, "my-model": false, "main": false, "func": false, "_": false, "a.b": false, "x_test": false} {
		if err := CheckName(name); (err == nil) != ok || !ok && !errors.Is(err, ErrName) {
			t.Errorf("%q: %v", name, err)
		}
	}
}

func TestWriteLeavesOtherFilesAlone(t *testing.T) {
	files := map[string][]byte{"classify.go": []byte(header + "\npackage digits\n"), "model.onnx": []byte("model")}
	for _, c := range []struct {
		name  string
		there map[string]string
		want  error
	}{
		{"no folder", nil, nil},
		{"a note and a file of the package", map[string]string{"README": "x", "mine.go": "package digits\n", "mine_test.go": "package digits_test\n"}, nil},
		{"an earlier run", map[string]string{"classify.go": header + "\npackage old\n", "model.onnx": "older"}, nil},
		{"the same model", map[string]string{"model.onnx": "model"}, nil},
		{"another model", map[string]string{"model.onnx": "mine"}, ErrForeign},
		{"a written file", map[string]string{"classify.go": "package digits\n"}, ErrForeign},
		{"another package", map[string]string{"mine.go": "package mine\n"}, ErrForeign},
		{"no Go", map[string]string{"mine.go": "mine"}, ErrForeign},
	} {
		dir := filepath.Join(t.TempDir(), "digits")
		for name, text := range c.there {
			if err := os.MkdirAll(dir, 0o777); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o666); err != nil {
				t.Fatal(err)
			}
		}
		if err := Write(dir, "digits", files); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", c.name, err, c.want)
		}
		for name, text := range c.there {
			got, err := os.ReadFile(filepath.Join(dir, name))
			if want := text; err != nil || c.want != nil && string(got) != want {
				t.Errorf("%s: %s was changed to %q (%v)", c.name, name, got, err)
			}
		}
		if got, _ := os.ReadFile(filepath.Join(dir, "model.onnx")); c.want == nil && string(got) != "model" {
			t.Errorf("%s: model %q", c.name, got)
		}
	}
}
