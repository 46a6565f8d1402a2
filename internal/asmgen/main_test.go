package main

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
)

func TestGeneratedFilesAreFresh(t *testing.T) {
	for _, o := range outputs {
		got, err := os.ReadFile(filepath.Join(root(), o.path))
		if err != nil {
			t.Error(err)
			continue
		}
		if !bytes.Equal(got, o.make()) {
			t.Errorf("%s differs from what its generator makes: run go run ./internal/asmgen", o.path)
		}
	}
}
