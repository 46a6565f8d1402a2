package tflite_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/octet-ml/octet/internal/testkit"
	"github.com/octet-ml/octet/loader/tflite"
)

// realModels returns the paths of the models in the given folders of the data collection.
func realModels(t testing.TB, folders ...string) []string {
	t.Helper()
	data := testkit.Data(t)
	var out []string
	for _, folder := range folders {
		paths, err := filepath.Glob(filepath.Join(data, folder, "*.tflite"))
		if err != nil {
			t.Fatal(err)
		}
		if len(paths) == 0 {
			t.Fatalf("no models in %s", filepath.Join(data, folder))
		}
		out = append(out, paths...)
	}
	return out
}

func read(t testing.TB, path string) []byte {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func nameOf(path string) string { return strings.TrimSuffix(filepath.Base(path), ".tflite") }

func TestRealModelsLoad(t *testing.T) {
	for _, path := range realModels(t, "models", "tflite-layers") {
		t.Run(nameOf(path), func(t *testing.T) {
			g, err := tflite.Decode(read(t, path), tflite.Options{})
			if err != nil {
				t.Fatal(err)
			}
			if err := g.Verify(); err != nil {
				t.Fatal(err)
			}
			for _, n := range g.Nodes {
				for _, v := range n.Outputs {
					if !v.DType.Valid() {
						t.Errorf("%s: output %q has no declared type", n.Where(), v.Name)
					}
				}
			}
		})
	}
}
