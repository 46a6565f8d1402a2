package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	goruntime "runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/octet-ml/octet/internal/cpu"
)

func TestOptionsAreChecked(t *testing.T) {
	o, err := parseOptions([]string{"-threads", "1,4", "-batch", "2", "-models", "a,b", "c"}, new(bytes.Buffer))
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(o.Threads, []int{1, 4}) || !slices.Equal(o.Batches, []int{2}) || !slices.Equal(o.models, []string{"a", "b", "c"}) || o.Rounds != 7 {
		t.Errorf("got %+v", o)
	}
	for _, bad := range [][]string{{"-threads", "0"}, {"-batch", "1,x"}, {"-rounds", "0"}, {"-turn", "0s"}, {"-what"}} {
		if _, err := parseOptions(bad, new(bytes.Buffer)); err == nil {
			t.Errorf("%v is accepted", bad)
		}
		if got := run(bad, nil, new(bytes.Buffer), new(bytes.Buffer)); got != statusUsage {
			t.Errorf("%v: status %d", bad, got)
		}
	}
	if got := run([]string{"-lib", "/no/such.so", digits}, nil, new(bytes.Buffer), new(bytes.Buffer)); got != statusFailed {
		t.Errorf("without a library: status %d", got)
	}
}

// sample is a report of two models, one of which has no batch of 8.
func sample() *report {
	good := agreement{Values: 10, Equal: 9, MaxDiff: 0.25, Cosine: 0.9999, Rows: 1, Top1: 1}
	engines := [2]string{"Octet avx2", "ONNX Runtime 1"}
	cellOf := func(model string, batch int, ours, theirs float64) cell {
		return cell{Model: model, Threads: 1, Batch: batch, Engines: engines, Times: [2]timing{{Quiet: ours}, {Quiet: theirs}},
			Ratio: theirs / ours, PairedRatio: theirs / ours, Agreement: good}
	}
	return &report{
		Processor: "Abacus", Cores: 2, Go: "go1", Load: [2]string{"1 2 3", "4 5 6"},
		Settings: settings{Threads: []int{1}, Batches: []int{1, 8}, Rounds: 7, Turn: time.Second},
		Cells:    []cell{cellOf("net", 1, 1, 2), cellOf("net", 8, 2, 16), cellOf("old", 1, 4, 2), {Model: "old", Threads: 1, Batch: 8, Skipped: "fixed"}},
		Starts:   []start{{Model: "net", First: compareFigures(2, 3), Reload: compareFigures(1, 3), Peak: compareFigures(1<<20, 5<<20)}},
	}
}

func TestReportSumsUp(t *testing.T) {
	r := sample()
	s := r.summary()
	if s.count != 3 || s.mean < 1.999 || s.mean > 2.001 || s.least.Model != "old" || s.failures != 0 || s.disagreements != 0 {
		t.Errorf("got %+v", s)
	}
	if err := r.verdict(); err != nil {
		t.Error(err)
	}
	r.Cells[0].Agreement.Cosine = 0.5
	if err := r.verdict(); err == nil {
		t.Error("different outputs are no failure")
	}
	r = sample()
	r.Starts = append(r.Starts, start{Model: "old", Error: "broken"})
	if err := r.verdict(); err == nil {
		t.Error("a model that does not start is no failure")
	}
	if err := new(report).verdict(); err == nil {
		t.Error("nothing measured is no failure")
	}
}

func TestMarkdownHoldsRatios(t *testing.T) {
	var out bytes.Buffer
	r := sample()
	r.Cells[2].Agreement.Equal = 10
	if err := r.markdown(&out); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"| model | 1 thread, batch 1 | 1 thread, batch 8 | first load | reload | peak memory | outputs |\n|---|---|---|---|---|---|---|\n",
		"| net | 2.00 | 8.00 | 1.50 | 3.00 | 5.00 | within 0.2 |\n",
		"| old | 0.50 | - | - | - | - | equal |\n",
		"Geometric mean of the 3 time ratios: 2.00; the least: 0.50.",
		"Abacus, 2 cores, go1; load average 1 2 3 before, 4 5 6 after",
	} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("%q is missing in\n%s", want, out.String())
		}
	}
}

func TestTextHoldsEveryCell(t *testing.T) {
	var out bytes.Buffer
	if err := sample().text(&out); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"skipped: fixed", "geometric mean of 3 ratios 2.00; least 0.50 (old, 1 threads, batch 1)", "9/10 equal"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("%q is missing in\n%s", want, out.String())
		}
	}
}

// saturates reports whether ONNX Runtime saturates sums on this processor, so that the engines need not agree (see variants).
func saturates() bool {
	levels := cpu.Available()
	return goruntime.GOARCH == "amd64" && !slices.Contains(levels, cpu.AVX512VNNI) && !slices.Contains(levels, cpu.AVXVNNI)
}

// TestBothEnginesAgree needs ONNX Runtime's library.
func TestBothEnginesAgree(t *testing.T) {
	lib := defaultLibrary()
	if _, err := os.Stat(lib); err != nil {
		t.Skipf("no ONNX Runtime: %v; make peers installs it, OCTET_ORT_LIB names it", err)
	}
	dir := t.TempDir()
	t.Setenv(asChild, "1")
	var stdout, stderr bytes.Buffer
	status := run([]string{"-lib", lib, "-rounds", "1", "-turn", "1ms", "-json", filepath.Join(dir, "r.json"), "-markdown",
		filepath.Join(dir, "r.md"), "-batch", "1,3", digits}, nil, &stdout, &stderr)
	if status != 0 && !saturates() {
		t.Fatalf("status %d: %s%s", status, stdout.String(), stderr.String())
	}
	data, err := os.ReadFile(filepath.Join(dir, "r.json"))
	if err != nil {
		t.Fatal(err)
	}
	var r report
	if err := json.Unmarshal(data, &r); err != nil {
		t.Fatal(err)
	}
	if len(r.Cells) != 4 || len(r.Starts) != 1 {
		t.Fatalf("%d cells, %d starts", len(r.Cells), len(r.Starts))
	}
	for i := range r.Cells {
		if c := &r.Cells[i]; !c.measured() || c.Ratio <= 0 || c.MACs <= 0 || c.Agreement.Rows != c.Batch || c.Times[0].Runs < leastRuns {
			t.Errorf("got %+v", c)
		}
	}
	if s := r.Starts[0]; s.Error != "" || s.First.Ratio <= 0 || s.Reload.Ratio <= 0 || s.Peak.Ours <= s.Base || s.Peak.Theirs <= s.Base {
		t.Errorf("got %+v", s)
	}
	if info, err := os.Stat(filepath.Join(dir, "r.md")); err != nil || info.Size() == 0 {
		t.Errorf("markdown: %v", err)
	}
}

// TestTensorFlowLiteAgrees needs TensorFlow Lite's library and the test data.
func TestTensorFlowLiteAgrees(t *testing.T) {
	if _, err := os.Stat(tfLiteLibrary()); err != nil {
		t.Skipf("no TensorFlow Lite: %v; make peers installs it, OCTET_TFLITE_LIB names it", err)
	}
	model := filepath.Join(os.Getenv("OCTET_DATA"), "models", "mlperftiny_resnet8_cifar10_int8.tflite")
	if _, err := os.Stat(model); err != nil {
		t.Skipf("no model: %v", err)
	}
	t.Setenv(asChild, "1")
	var stdout, stderr bytes.Buffer
	status := run([]string{"-lib", "", "-rounds", "1", "-turn", "1ms", "-threads", "1", "-batch", "1", model}, nil, &stdout, &stderr)
	if status != 0 || !strings.Contains(stdout.String(), "TensorFlow Lite") || !strings.Contains(stdout.String(), "10/10 equal") {
		t.Errorf("status %d: %s%s", status, stdout.String(), stderr.String())
	}
}

func TestLibrariesThatAreMissingAreNamed(t *testing.T) {
	t.Setenv("OCTET_TFLITE_LIB", "/no/such.so")
	var stderr bytes.Buffer
	if status := run([]string{"-lib", "", filepath.Join(t.TempDir(), "x.tflite")}, nil, new(bytes.Buffer), &stderr); status != statusFailed {
		t.Errorf("status %d: %s", status, stderr.String())
	}
	if _, err := newTFLite("/no/such.so"); err == nil || !strings.Contains(err.Error(), "/no/such.so") {
		t.Errorf("got %v", err)
	}
}
