package main

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestModelsAreFilesFoldersAndNames(t *testing.T) {
	data, folder := t.TempDir(), filepath.Join(t.TempDir(), "a[b]*")
	for _, dir := range []string{filepath.Join(data, "models"), folder} {
		if err := os.MkdirAll(dir, 0o777); err != nil {
			t.Fatal(err)
		}
	}
	named, second, first := filepath.Join(data, "models", "net-1.0.onnx"), filepath.Join(folder, "z.onnx"), filepath.Join(folder, "b.onnx")
	for _, file := range []string{named, second, first, filepath.Join(folder, "readme.txt")} {
		if err := os.WriteFile(file, nil, 0o666); err != nil {
			t.Fatal(err)
		}
	}
	got, err := resolveModels([]string{"net-1.0", folder, second}, data)
	if want := []string{named, first, second, second}; err != nil || !slices.Equal(got, want) {
		t.Errorf("got %v, %v; want %v", got, err, want)
	}
	if modelName(named) != "net-1.0" {
		t.Errorf("name of %s: %s", named, modelName(named))
	}
	for _, c := range []struct{ name, want string }{
		{"unknown", "OCTET_DATA"}, {"unknown.onnx", "unknown.onnx"}, {"no/such", "no/such"}, {filepath.Join(data), "no .onnx files"},
	} {
		if _, err := resolveModels([]string{c.name}, data); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v, want %q", c.name, err, c.want)
		}
	}
}

func TestHighWaterMarkIsRead(t *testing.T) {
	if got, err := parseHighWater([]byte("VmPeak:\t 9 kB\nVmHWM:\t   1234 kB\nVmRSS:\t 5 kB\n")); err != nil || got != 1234<<10 {
		t.Errorf("got %d, %v", got, err)
	}
	for _, bad := range []string{"", "VmRSS: 5 kB\n", "VmHWM: 5 MB\n", "VmHWM:\n", "VmHWM: x kB\n"} {
		if got, err := parseHighWater([]byte(bad)); err == nil {
			t.Errorf("%q: got %d", bad, got)
		}
	}
}
