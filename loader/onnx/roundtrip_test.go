package onnx

import (
	"errors"
	"path/filepath"
	"strings"
	"testing"
)

func TestWhatIsWrittenIsReadAsTheSameGraph(t *testing.T) {
	for _, path := range models(t, realModels, lightModels) {
		t.Run(filepath.Base(path), func(t *testing.T) {
			g, err := load(t, path)
			if err != nil {
				t.Fatal(err)
			}
			data, err := Encode(g, WriteOptions{QOperator: strings.Contains(path, "qoperator")})
			if err != nil {
				t.Fatal(err)
			}
			back, err := Decode(data, Options{})
			if err != nil {
				t.Fatal(err)
			}
			if d := difference(g, back); d != "" {
				t.Error(d)
			}
		})
	}
}

func TestNodeTestsSurviveWriting(t *testing.T) {
	written := 0
	for _, path := range models(t, nodeTests) {
		g, err := load(t, path)
		if err != nil {
			t.Errorf("%s: %v", path, err)
			continue
		}
		name := filepath.Base(filepath.Dir(path))
		opset := 0
		if name == "test_swish" {
			opset = 24 // older ones say it with two nodes
		}
		data, err := Encode(g, WriteOptions{Opset: opset})
		if errors.Is(err, ErrUnsupported) {
			t.Logf("%s: %v", name, err)
			continue
		}
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		written++
		back, err := Decode(data, Options{})
		if err != nil {
			t.Errorf("%s: written: %v", name, err)
			continue
		}
		if d := difference(g, back); d != "" {
			t.Errorf("%s: %s", name, d)
		}
	}
	if written < 440 {
		t.Errorf("%d node tests can be written, want at least 440", written)
	}
}
