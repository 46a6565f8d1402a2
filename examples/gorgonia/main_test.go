package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestRunExitStatus(t *testing.T) {
	empty := t.TempDir()
	tests := []struct {
		name   string
		args   []string
		want   int
		stderr string
	}{
		{"help", []string{"-help"}, 0, "-data"},
		{"unknown flag", []string{"-frobnicate"}, 2, "frobnicate"},
		{"stray argument", []string{"train"}, 2, "no arguments"},
		{"no epochs", []string{"-epochs", "0"}, 2, "-epochs"},
		{"no data", []string{"-data", empty}, 1, "train10k-images-idx3-ubyte.gz"},
		{"no folder to draw into", []string{"-draw", filepath.Join(empty, "absent")}, 1, "absent"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			var stdout, stderr bytes.Buffer
			if got := run(test.args, &stdout, &stderr); got != test.want {
				t.Errorf("status %d, want %d", got, test.want)
			}
			if !strings.Contains(stderr.String(), test.stderr) {
				t.Errorf("stderr %q does not mention %q", stderr.String(), test.stderr)
			}
		})
	}
}

func TestRunDrawsEveryPicture(t *testing.T) {
	dir := t.TempDir()
	var stdout, stderr bytes.Buffer
	if got := run([]string{"-draw", dir}, &stdout, &stderr); got != 0 {
		t.Fatalf("status %d: %s", got, stderr.String())
	}
	files, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	if len(files) != len(drawable) {
		t.Errorf("%d files, want %d", len(files), len(drawable))
	}
}
