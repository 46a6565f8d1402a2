package main

import (
	"encoding/csv"
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/octet-ml/octet/bench"
	"github.com/octet-ml/octet/loader"
)

// brief is a benchmark that takes no time worth mentioning.
func brief(args ...string) []string {
	return append([]string{"bench", "--duration", "8ms", "--threads", "1", "--batch", "1"}, args...)
}

func TestBenchPrintsOneRowForEachCombination(t *testing.T) {
	status, out, errs := octet(nil, brief("--arch", "resnet8", "--precision", "fp32,int8,int4", "--batch", "2")...)
	if status != 0 {
		t.Fatalf("status %d: %s", status, errs)
	}
	lines := strings.Split(strings.TrimSpace(out), "\n")
	for len(lines) > 0 && strings.Contains(lines[len(lines)-1], "outliers") {
		lines = lines[:len(lines)-1] // a busy machine
	}
	if len(lines) != 5+6 || !strings.Contains(lines[1], "probed peak") || !strings.Contains(lines[2], "12.5 million") {
		t.Errorf("output:\n%s", out)
	}
	for _, column := range []string{"engine", "precision", "quiet", "±", "p50", "p99", "images/s", "GMAC/s", "peak", "vs fp32", "weights", "arena", "load"} {
		if !strings.Contains(lines[4], column) {
			t.Errorf("no column %q in %q", column, lines[4])
		}
	}
}

func TestBenchWritesJSON(t *testing.T) {
	status, out, errs := octet(nil, brief("--arch", "resnet8", "--json")...)
	if status != 0 {
		t.Fatalf("status %d: %s", status, errs)
	}
	var r bench.Report
	if err := json.Unmarshal([]byte(out), &r); err != nil {
		t.Fatalf("%v in %s", err, out)
	}
	if len(r.Results) != 2 || r.Results[1].Precision != "int8" || r.Results[1].Speedup <= 0 || r.Peak.Int8 <= 0 {
		t.Errorf("%+v", r)
	}
}

func TestBenchWritesTables(t *testing.T) {
	status, out, errs := octet(nil, brief("--arch", "resnet8", "--csv")...)
	if status != 0 {
		t.Fatalf("status %d: %s", status, errs)
	}
	rows, err := csv.NewReader(strings.NewReader(out)).ReadAll()
	if err != nil || len(rows) != 3 || rows[0][0] != "model" || rows[2][1] != "octet" || rows[2][2] != "int8" || rows[2][slices.Index(rows[0], "macs")] != "12501632" {
		t.Errorf("%v in %q", err, rows)
	}
	status, out, errs = octet(nil, brief("--arch", "resnet8", "--precision", "int8", "--benchstat")...)
	line := regexp.MustCompile(`(?m)^BenchmarkRun/resnet8/int8/batch=1/sessions=1-1\t\d+\t\d+ ns/op$`)
	if n := len(line.FindAllString(out, -1)); status != 0 || n == 0 {
		t.Errorf("status %d, %d lines: %s%s", status, n, out, errs)
	}
}

func TestBenchWritesAPage(t *testing.T) {
	path := filepath.Join(t.TempDir(), "report.html")
	if status, out, errs := octet(nil, brief("--arch", "resnet8", "--html", path)...); status != 0 || !strings.Contains(out, "images/s") {
		t.Fatalf("status %d: %s%s", status, out, errs)
	}
	page, err := os.ReadFile(path)
	if err != nil || strings.Count(string(page), "<svg") != 5 {
		t.Errorf("%v; %d pictures", err, strings.Count(string(page), "<svg"))
	}
	if status, _, errs := octet(nil, brief("--arch", "resnet8", "--html", filepath.Join(path, "x"))...); status != 1 || !strings.Contains(errs, "report.html") {
		t.Errorf("status %d: %s", status, errs)
	}
}

func TestBenchRunsSessionsAtOnce(t *testing.T) {
	status, out, errs := octet(nil, brief("--arch", "resnet8", "--engine", "octet-int8", "--concurrency", "3", "--json")...)
	if status != 0 {
		t.Fatalf("status %d: %s", status, errs)
	}
	var r bench.Report
	if err := json.Unmarshal([]byte(out), &r); err != nil {
		t.Fatal(err)
	}
	c := r.Results[0]
	if want := 3000 / c.Quiet; c.Sessions != 3 || math.Abs(c.Images/want-1) > 1e-6 {
		t.Errorf("%d sessions, %v images a second, want %v", c.Sessions, c.Images, want)
	}
}

func TestBenchProfilesEachStep(t *testing.T) {
	status, out, errs := octet(nil, "bench", "--duration", "8ms", "--arch", "resnet8", "--profile")
	if status != 0 {
		t.Fatalf("status %d: %s", status, errs)
	}
	for _, want := range []string{"resnet8 int8, threads 1, batch 1", "conv1", "u8s8_", "dense1", "\noperator", "\nConv "} {
		if !strings.Contains(out, want) {
			t.Errorf("no %q in\n%s", want, out)
		}
	}
	status, out, errs = octet(nil, "bench", "--duration", "8ms", "--arch", "resnet8", "--profile", "--json", "--precision", "fp32")
	if status != 0 {
		t.Fatalf("status %d: %s", status, errs)
	}
	var r profileReport
	if err := json.Unmarshal([]byte(out), &r); err != nil {
		t.Fatalf("%v in %s", err, out)
	}
	if len(r.Profiles) != 1 || r.Profiles[0].Precision != "fp32" || len(r.Profiles[0].Steps) < 10 || len(r.Profiles[0].Operators) < 3 {
		t.Errorf("%+v", r)
	}
}

func TestExportedModelsLoadAndRun(t *testing.T) {
	path := filepath.Join(t.TempDir(), "f.onnx")
	for _, precision := range []string{"fp32", "int8", "int4"} {
		if status, _, errs := octet(nil, "bench", "export", "--arch", "resnet8", "--precision", precision, "-o", path); status != 0 {
			t.Fatalf("%s: status %d: %s", precision, status, errs)
		}
		status, out, errs := octet(nil, brief("--model", path, "--json")...)
		if status != 0 {
			t.Fatalf("%s: status %d: %s", precision, status, errs)
		}
		var r bench.Report
		if err := json.Unmarshal([]byte(out), &r); err != nil {
			t.Fatal(err)
		}
		if len(r.Results) != 1 || r.Results[0].Precision != precision || r.Results[0].MACs != 12501632 {
			t.Errorf("%s: %+v", precision, r.Results)
		}
	}
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	status, out, errs := octet(nil, "bench", "export", "--arch", "resnet8", "--precision", "int4", "-o", "-")
	if status != 0 || out != string(data) {
		t.Errorf("standard output differs from the file: status %d: %s", status, errs)
	}
	if _, err := loader.Decode([]byte(out)); err != nil {
		t.Error(err)
	}
}

func TestWrongBenchArguments(t *testing.T) {
	dir := t.TempDir()
	for _, c := range []struct {
		status int
		want   string
		args   []string
	}{
		{2, "resnet8, resnet18", []string{"bench", "--arch", "resnet9"}},
		{2, "exclude", []string{"bench", "--arch", "resnet8", "--model", "x.onnx"}},
		{2, "--precision", []string{"bench", "--model", "x.onnx", "--precision", "int8"}},
		{2, "want one of fp32, int8, int4", []string{"bench", "--arch", "resnet8", "--precision", "int3"}},
		{2, "--threads 0", []string{"bench", "--threads", "0"}},
		{2, "--threads 4096", []string{"bench", "--threads", "1,4096"}},
		{2, "make peers", []string{"bench", "--engine", "onnxruntime"}},
		{2, "want one of", []string{"bench", "--engine", "octet-int3"}},
		{2, "excludes", []string{"bench", "--engine", "octet-int8", "--precision", "int8"}},
		{2, "--concurrency 0", []string{"bench", "--concurrency", "0"}},
		{2, "exclude each other", []string{"bench", "--csv", "--json"}},
		{2, "exclude each other", []string{"bench", "--profile", "--benchstat"}},
		{2, "--batch 0", []string{"bench", "--batch", "0"}},
		{2, "duration", []string{"bench", "--arch", "resnet8", "--duration", "-1s"}},
		{2, "--kernels", []string{"bench", "--kernels", "mmx"}},
		{2, "invalid argument", []string{"bench", "--batch", "two"}},
		{2, "", []string{"bench", "model.onnx"}},
		{1, "none.onnx", []string{"bench", "--model", filepath.Join(dir, "none.onnx")}},
		{2, "--arch and --output", []string{"bench", "export", "--arch", "resnet8"}},
		{2, "resnet9", []string{"bench", "export", "--arch", "resnet9", "-o", filepath.Join(dir, "f.onnx")}},
		{2, "int3", []string{"bench", "export", "--arch", "resnet8", "--precision", "int3", "-o", filepath.Join(dir, "f.onnx")}},
		{1, "none", []string{"bench", "export", "--arch", "resnet8", "-o", filepath.Join(dir, "none", "f.onnx")}},
	} {
		status, _, errs := octet(nil, c.args...)
		if status != c.status || !strings.Contains(errs, c.want) {
			t.Errorf("%v: status %d: %s", c.args, status, errs)
		}
	}
	if left, _ := filepath.Glob(filepath.Join(dir, "*")); len(left) != 0 {
		t.Errorf("files %v are left", left)
	}
}
