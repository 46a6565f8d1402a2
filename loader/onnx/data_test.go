package onnx

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/internal/testkit"
	"github.com/octet-ml/octet/ops"
)

// models returns the paths of all ONNX files of the data folder that match one of the patterns.
func models(t testing.TB, patterns ...string) []string {
	t.Helper()
	var out []string
	for _, p := range patterns {
		found, err := filepath.Glob(filepath.Join(testkit.Data(t), p))
		if err != nil || len(found) == 0 {
			t.Fatalf("%s: %d files, %v", p, len(found), err)
		}
		out = append(out, found...)
	}
	return out
}

const (
	realModels  = "models/*.onnx"
	lightModels = "light/*.onnx"
	nodeTests   = "onnx-node-tests/*/model.onnx"
)

func load(t testing.TB, path string) (*graph.Graph, error) {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return Decode(data, Options{})
}

func TestEveryFileOfTheDataFolderIsRead(t *testing.T) {
	for _, path := range models(t, realModels, lightModels, nodeTests) {
		g, err := load(t, path)
		if err != nil {
			t.Errorf("%s: %v", path, err)
			continue
		}
		for _, n := range g.Nodes {
			if _, err := ops.Lookup(n.Op); errors.Is(err, ops.ErrUnknown) {
				t.Errorf("%s: %s: %v", path, n.Where(), err)
			}
		}
	}
}
