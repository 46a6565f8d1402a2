package main

import (
	"bytes"
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/octet-ml/octet/internal/cifar10"
	"github.com/octet-ml/octet/vision"
)

// TestClassifyNamesAPictureByDefault compares the scores of a drawn ship with what the embedded model gave when it was made.
func TestClassifyNamesAPictureByDefault(t *testing.T) {
	golden := map[string]float32{
		"airplane": 0.0053668763, "automobile": 0.0050423075, "bird": 0.005932236, "cat": 0.006708401, "deer": 0.00528187,
		"dog": 0.010608462, "frog": 0.0067770258, "horse": 0.007727158, "ship": 0.9420362, "truck": 0.004519439,
	}
	const tolerance = 1e-5 // the logits are equal to the bit, the exponentials of their softmax may not be
	picture := written(t, "ship.png", cifar10.Picture())
	for _, args := range [][]string{{picture}, {"--model", "cifar10", picture}, {"--kernels", "generic", picture}, {"--model", "cifar10"}} {
		status, out, errs := octet(nil, append([]string{"classify", "--json", "--top", "10", "--require-int8"}, args...)...)
		if status != 0 {
			t.Fatalf("%v: status %d: %s", args, status, errs)
		}
		var c classification
		if err := json.Unmarshal([]byte(out), &c); err != nil {
			t.Fatalf("%v: %v in %s", args, err, out)
		}
		var names []string
		for _, s := range c.Classes {
			names = append(names, s.Label)
			if want := golden[s.Label]; math.Abs(float64(s.Probability-want)) > tolerance {
				t.Errorf("%v: %s has probability %v, want %v", args, s.Label, s.Probability, want)
			}
		}
		if names[0] != "ship" {
			t.Errorf("%v: got %s", args, out)
		}
		slices.Sort(names)
		if want, err := vision.NamedLabels("cifar10"); err != nil || !slices.Equal(names, want) {
			t.Errorf("%v: classes %v, want %v", args, names, want)
		}
	}
}

func TestEmbeddedModelsTakeThePlaceOfAPath(t *testing.T) {
	for _, s := range samples {
		file := written(t, "model.onnx", s.model())
		_, want, _ := octet(nil, "digest", file)
		status, got, errs := octet(nil, "digest", s.name)
		if status != 0 || strings.Fields(got)[0] != strings.Fields(want)[0] {
			t.Errorf("%s: status %d: %s%s, want %s", s.name, status, got, errs, want)
		}
		status, out, errs := octet(nil, "classify", "--model", s.name)
		if status != 0 || !strings.HasPrefix(out, s.title+"\n") {
			t.Errorf("%s without a picture: status %d: %s%s", s.name, status, out, errs)
		}
	}
	if got := best(t, "--model", "digits", written(t, "7.png", samples[0].picture())); got != "7" {
		t.Errorf("digits: got %q", got)
	}
}

// TestAFileNamedAsAnEmbeddedModelIsReachedByAPath puts a file that is no model where the name would find it.
func TestAFileNamedAsAnEmbeddedModelIsReachedByAPath(t *testing.T) {
	t.Chdir(t.TempDir())
	if err := os.WriteFile("digits", []byte("no model"), 0o666); err != nil {
		t.Fatal(err)
	}
	if status, _, errs := octet(nil, "digest", "digits"); status != 0 {
		t.Errorf("digits: status %d: %s", status, errs)
	}
	if status, _, _ := octet(nil, "digest", "./digits"); status != 1 {
		t.Errorf("./digits: status %d, want 1", status)
	}
}

// TestEmbeddedModelsAreModelsEverywhere is about the sub-commands that take a model's bytes.
func TestEmbeddedModelsAreModelsEverywhere(t *testing.T) {
	dir := t.TempDir()
	for _, s := range samples {
		file := filepath.Join(dir, s.name+".onnx")
		if status, out, errs := octet(nil, "digest", s.name, "--write", file); status != 0 {
			t.Fatalf("%s: status %d: %s%s", s.name, status, out, errs)
		}
		if status, out, errs := octet(nil, "digest", "--check-digest", file); status != 0 {
			t.Errorf("%s: status %d: %s%s", s.name, status, out, errs)
		}
		out := filepath.Join(dir, s.name)
		if status, text, errs := octet(nil, "generate", s.name, "--package", s.name, "--out", out); status != 0 {
			t.Fatalf("%s: status %d: %s%s", s.name, status, text, errs)
		}
		if got, err := os.ReadFile(filepath.Join(out, "model.onnx")); err != nil || !bytes.Equal(got, s.model()) {
			t.Errorf("%s: %v, %d bytes of another model", s.name, err, len(got))
		}
	}
}
