package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/internal/testkit"
	"github.com/octet-ml/octet/loader/onnx"
	"github.com/octet-ml/octet/vision"
)

// committed returns a model that the program made and that is committed.
func committed(t *testing.T, file string) *graph.Graph {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", file+".onnx"))
	if err != nil {
		t.Fatal(err)
	}
	g, err := onnx.Decode(data, onnx.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return g
}

// claimed returns what a model says that it scores.
func claimed(t *testing.T, g *graph.Graph) (a accuracy) {
	t.Helper()
	if err := json.Unmarshal([]byte(g.Metadata[accuracyKey]), &a); err != nil {
		t.Fatal(err)
	}
	return a
}

// forms returns the committed models: that of real numbers, then the quantized ones.
func forms() []variant {
	return append([]variant{{name: "float32", file: "float", config: floatConfig}}, variants...)
}

// TestCommittedModelsKnowThePictures goes the way of octet classify: a picture's file, the preprocessing in the model's metadata, the
// model, its best label.
func TestCommittedModelsKnowThePictures(t *testing.T) {
	const sure = 0.9
	for _, v := range forms() {
		g := committed(t, v.file)
		how, ok, err := vision.FromMetadata(g.Metadata)
		if err != nil || !ok {
			t.Fatalf("%s: preprocessing in the metadata: %v, %v", v.name, ok, err)
		}
		s := session(t, g)
		spec := vision.InputSpec{DType: graph.Float32, Channels: 1, Height: side, Width: side, Layout: vision.NCHW}
		for _, d := range drawable {
			picture, err := vision.FromImage(readPNG(t, d.digit))
			if err != nil {
				t.Fatal(err)
			}
			if err := how.Apply(picture, spec, s.Input(0).Data, nil); err != nil {
				t.Fatal(err)
			}
			s.Run()
			p := graph.View[float32](s.Output(0).Data)
			if best := argmax(p); how.Labels[best] != strconv.Itoa(d.digit) || p[best] < sure {
				t.Errorf("%s: drawn %d: taken for %s with probability %.3f", v.name, d.digit, how.Labels[best], p[best])
			}
		}
	}
}

// TestCommittedModelsAreOfTheirForm looks at the weights and at what the models claim.
func TestCommittedModelsAreOfTheirForm(t *testing.T) {
	float := claimed(t, committed(t, "float"))
	if float.Right != float.Float32 || float.Right < float.Digits*986/1000 {
		t.Errorf("float32 has %d of %d right, want 98.6 of a hundred", float.Right, float.Digits)
	}
	for _, v := range variants {
		g := committed(t, v.file)
		a := claimed(t, g)
		if a.Digits != 10000 || a.Float32 != float.Right {
			t.Errorf("%s: %+v does not come from the float model: %+v", v.name, a, float)
		}
		if lost := 100 * float64(float.Right-a.Right) / float64(a.Digits); v.allowed > 0 && lost > v.allowed {
			t.Errorf("%s: %.2f points lost, want at most %v", v.name, lost, v.allowed)
		}
	}
}

// TestTheCommandCarriesTheModel compares the model that octet embeds with the one that was quantized after training.
func TestTheCommandCarriesTheModel(t *testing.T) {
	embedded, err := os.ReadFile(filepath.Join(testkit.Root(), "internal", "digits", "digits.onnx"))
	if err != nil {
		t.Fatal(err)
	}
	made, err := os.ReadFile(filepath.Join("testdata", "int8.onnx"))
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(embedded, made) {
		t.Error("other bytes")
	}
}

// TestCommittedModelsScoreWhatTheySay runs all test digits.
func TestCommittedModelsScoreWhatTheySay(t *testing.T) {
	unseen, err := openDataset(filepath.Join(testkit.Data(t), "mnist"), "t10k")
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range forms() {
		g := committed(t, v.file)
		right := unseen.right(session(t, g))
		if a := claimed(t, g); right != a.Right || unseen.len() != a.Digits {
			t.Errorf("%s: right %d of %d, the file says %d of %d", v.name, right, unseen.len(), a.Right, a.Digits)
		}
	}
}
