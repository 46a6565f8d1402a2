package main

import (
	"bytes"
	"encoding/json"
	"image"
	"image/color"
	"image/png"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/internal/testkit"
	"github.com/octet-ml/octet/loader/onnx"
	"github.com/octet-ml/octet/ops"
)

// colours writes a model whose three scores are the means of red, green and blue of a picture of 4 x 4 pixels.
func colours(t *testing.T, metadata map[string]string) string {
	t.Helper()
	g := &graph.Graph{Name: "colours", Metadata: metadata}
	x := graph.NewValue("image", graph.Float32, graph.Shape{graph.Batch, 3, 4, 4})
	g.Inputs = []*graph.Value{x}
	mean := g.Add("GlobalAveragePool", "mean", &ops.GlobalPool{}, g.Inputs, "mean").Outputs
	g.Outputs = g.Add("Flatten", "scores", &ops.Flatten{Axis: 1}, mean, "scores").Outputs
	data, err := onnx.Encode(g, onnx.WriteOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return written(t, "colours.onnx", data)
}

// plain writes a picture of one colour.
func plain(t *testing.T, c color.Color) string {
	t.Helper()
	m := image.NewRGBA(image.Rect(0, 0, 8, 8))
	for i := range 64 {
		m.Set(i%8, i/8, c)
	}
	var b bytes.Buffer
	if err := png.Encode(&b, m); err != nil {
		t.Fatal(err)
	}
	return written(t, "plain.png", b.Bytes())
}

func written(t *testing.T, name string, data []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, data, 0o666); err != nil {
		t.Fatal(err)
	}
	return path
}

// best returns the label of the class that classify finds most likely.
func best(t *testing.T, args ...string) string {
	t.Helper()
	status, out, errs := octet(nil, append([]string{"classify", "--json", "--top", "1"}, args...)...)
	if status != 0 {
		t.Fatalf("%v: status %d: %s", args, status, errs)
	}
	var c classification
	if err := json.Unmarshal([]byte(out), &c); err != nil || len(c.Classes) != 1 {
		t.Fatalf("%v: %v in %s", args, err, out)
	}
	return c.Classes[0].Label
}

func TestLabelsAreAlignedWithABackgroundClass(t *testing.T) {
	model := colours(t, nil)
	red, blue := plain(t, color.RGBA{255, 0, 0, 255}), plain(t, color.RGBA{0, 0, 255, 255})
	for _, c := range []struct{ name, labels, red, blue string }{
		{"as many", "rose\nleaf\nsky\n", "rose", "sky"},
		{"one fewer", "leaf\nsky\n", "background", "sky"},
		{"one more", "Background\nrose\nleaf\nsky\n", "rose", "sky"},
	} {
		labels := written(t, "labels.txt", []byte(c.labels))
		for picture, want := range map[string]string{red: c.red, blue: c.blue} {
			if got := best(t, "--model", model, "--preset", "unit", "--labels", labels, picture); got != want {
				t.Errorf("%s: got %q, want %q", c.name, got, want)
			}
		}
	}
	labels := written(t, "labels.txt", []byte("a\nb\nc\nd\n"))
	status, _, errs := octet(nil, "classify", "--model", model, "--preset", "unit", "--labels", labels, red)
	if status != 1 || !strings.Contains(errs, "labels.txt: bad labels: 4 labels for 3 scores") {
		t.Errorf("labels that do not fit: status %d: %s", status, errs)
	}
}

func TestClassifyTakesTFLiteMetadata(t *testing.T) {
	metadata := map[string]string{"tflite.mean": "0,0,255", "tflite.std": "255", "tflite.labels": "rose\nleaf\nsky"}
	model, violet := colours(t, metadata), plain(t, color.RGBA{100, 0, 200, 255})
	labels := written(t, "labels.txt", []byte("one\ntwo\nthree"))
	for _, c := range []struct {
		name, want string
		args       []string
	}{
		{"the metadata's", "rose", nil}, // 200 - 255 is less than 100
		{"another normalization", "sky", []string{"--preset", "unit"}},
		{"other labels", "one", []string{"--labels", labels}},
	} {
		if got := best(t, append(c.args, "--model", model, violet)...); got != c.want {
			t.Errorf("%s: got %q, want %q", c.name, got, c.want)
		}
	}
	metadata["tflite.std"] = "0"
	model = colours(t, metadata)
	status, _, errs := octet(nil, "classify", "--model", model, violet)
	if status != 1 || !strings.Contains(errs, "tflite.std") || !strings.Contains(errs, "--preset") {
		t.Errorf("a deviation of 0: status %d: %s", status, errs)
	}
	if got := best(t, "--model", model, "--preset", "unit", violet); got != "class 2" {
		t.Errorf("a preset instead: got %q", got)
	}
}

// TestRealModelsNameWhatIsInAPicture classifies a mongoose with 1000 scores, with 1001, and with a file's own labels.
func TestRealModelsNameWhatIsInAPicture(t *testing.T) {
	if testing.Short() {
		t.Skip("runs three networks")
	}
	data := testkit.Data(t)
	picture, labels := filepath.Join(data, "imagenet/images/n02137549_mongoose.jpg"), filepath.Join(data, "imagenet/classes.txt")
	for _, args := range [][]string{
		{"--model", filepath.Join(data, "models/mobilenetv2-12-qdq.onnx"), "--labels", labels, "--preset", "torchvision"},
		{"--model", filepath.Join(data, "models/mobilenet_v2_1.0_224_uint8.tflite"), "--labels", labels, "--preset", "raw"},
		{"--model", filepath.Join(data, "models/mobilenet_v2_1.0_224_uint8.tflite")},
	} {
		if got := best(t, append(args, picture)...); got != "mongoose" {
			t.Errorf("%v: got %q", args, got)
		}
	}
}
