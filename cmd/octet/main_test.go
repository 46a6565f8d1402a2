package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/internal/digits"
	"github.com/octet-ml/octet/internal/npy"
)

// octet runs a command line and returns its status and output.
func octet(stdin []byte, args ...string) (status int, stdout, stderr string) {
	var out, errs bytes.Buffer
	status = run(args, bytes.NewReader(stdin), &out, &errs)
	return status, out.String(), errs.String()
}

// files writes the embedded model and picture to a folder.
func files(t *testing.T) (model, picture string) {
	t.Helper()
	dir := t.TempDir()
	model, picture = filepath.Join(dir, "digits.onnx"), filepath.Join(dir, "7.png")
	for path, data := range map[string][]byte{model: digits.Model(), picture: digits.Picture()} {
		if err := os.WriteFile(path, data, 0o666); err != nil {
			t.Fatal(err)
		}
	}
	return model, picture
}

func TestClassifyWithoutArgumentsSeesASeven(t *testing.T) {
	status, out, errs := octet(nil, "classify")
	if status != 0 {
		t.Fatalf("status %d: %s", status, errs)
	}
	lines := strings.Split(strings.TrimSpace(out), "\n")
	if len(lines) != 7 || !strings.HasSuffix(lines[1], "%  7") {
		t.Errorf("output:\n%s", out)
	}
	last := lines[len(lines)-1]
	if !strings.Contains(last, " ms ") || !strings.Contains(last, "int8") || !strings.Contains(last, "kernels ") {
		t.Errorf("last line %q lacks time, precision or kernels", last)
	}
}

func TestClassifyReadsFilesAndStandardInput(t *testing.T) {
	model, picture := files(t)
	for _, args := range [][]string{{"--model", model, picture}, {"--model", model, "-"}, {"--model", "digits", picture}} {
		status, out, errs := octet(digits.Picture(), append([]string{"classify", "--json", "--top", "2", "--require-int8", "--explain"}, args...)...)
		if status != 0 {
			t.Fatalf("%v: status %d: %s", args, status, errs)
		}
		var c classification
		if err := json.Unmarshal([]byte(out), &c); err != nil {
			t.Fatalf("%v: %v in %s", args, err, out)
		}
		if len(c.Classes) != 2 || c.Classes[0].Label != "7" || c.Classes[0].Probability < 0.9 || len(c.Steps) < 2 {
			t.Errorf("%v: %+v", args, c)
		}
	}
}

func TestTheWrittenTensorGivesTheSameScores(t *testing.T) {
	model, picture := files(t)
	dir := t.TempDir()
	tensor := filepath.Join(dir, "input.npy")
	status, out, errs := octet(nil, "classify", "--json", "--top", "10", "--model", model, "--write-tensor", tensor, picture)
	if status != 0 {
		t.Fatal(errs)
	}
	var c classification
	if err := json.Unmarshal([]byte(out), &c); err != nil {
		t.Fatal(err)
	}
	if status, _, errs = octet(nil, "run", model, "--input", tensor, "--output-dir", dir); status != 0 {
		t.Fatal(errs)
	}
	y, err := npy.ReadFile(filepath.Join(dir, "probabilities.npy"))
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range c.Classes {
		if got := float32(y.Float(s.Index)); got != s.Probability {
			t.Errorf("class %d: run gives %v, classify %v", s.Index, got, s.Probability)
		}
	}
}

func TestRunTakesTheBatchFromTheInput(t *testing.T) {
	model, _ := files(t)
	dir := t.TempDir()
	path := filepath.Join(dir, "x.npy")
	if err := writeTensor(path, graph.NewTensor(graph.Float32, 3, 1, 28, 28)); err != nil {
		t.Fatal(err)
	}
	status, out, errs := octet(nil, "run", model, "--input", "image="+path, "--output-dir", dir)
	if status != 0 || !strings.Contains(out, "f32[3 10]") {
		t.Errorf("status %d: %s%s", status, out, errs)
	}
}

func TestInspectShowsEachStage(t *testing.T) {
	model, _ := files(t)
	for stage, want := range map[string]string{"loaded": "Dequantize", "canonical": "Conv", "planned": "largest live set"} {
		status, out, errs := octet(nil, "inspect", model, "--stage", stage)
		if status != 0 || !strings.Contains(out, want) {
			t.Errorf("%s: status %d, no %q in %s%s", stage, status, want, out, errs)
		}
	}
	status, out, errs := octet(nil, "inspect", model, "--json")
	var i inspection
	if err := json.Unmarshal([]byte(out), &i); status != 0 || err != nil || len(i.Steps) == 0 || i.MACs == 0 {
		t.Errorf("status %d, %v: %s%s", status, err, out, errs)
	}
}

func TestDigestIsTheSameForEveryBatchAndThreadCount(t *testing.T) {
	model, _ := files(t)
	_, want, _ := octet(nil, "digest", model)
	for _, args := range [][]string{{"--batch", "4"}, {"--threads", "1"}, {"--threads", "3"}, {"--kernels", "generic"}} {
		status, out, errs := octet(nil, append([]string{"digest", model}, args...)...)
		if status != 0 || out != want {
			t.Errorf("%v: status %d: %s%s, want %s", args, status, out, errs, want)
		}
	}
}

func TestCPUNamesLevelsAndKernels(t *testing.T) {
	status, out, errs := octet(nil, "cpu", "--json")
	var m machine
	if err := json.Unmarshal([]byte(out), &m); status != 0 || err != nil || len(m.Levels) == 0 || len(m.Kernels) == 0 {
		t.Errorf("status %d, %v: %s%s", status, err, out, errs)
	}
}

func TestExitStatuses(t *testing.T) {
	model, picture := files(t)
	for _, c := range []struct {
		args []string
		want int
		says string
	}{
		{[]string{"--help"}, 0, ""},
		{[]string{"nonsense"}, 2, "unknown command"},
		{[]string{"classify", "--nonsense"}, 2, "unknown flag"},
		{[]string{"classify", "--top", "0"}, 2, "--top 0"},
		{[]string{"classify", "--model", model}, 2, "no picture"},
		{[]string{"classify", "--preset", "nonsense", picture}, 2, "unknown preset"},
		{[]string{"classify", "absent.png"}, 1, "absent.png"},
		{[]string{"classify", model}, 1, "digits.onnx"},
		{[]string{"classify", "--kernels", "sse9", picture}, 1, "sse9"},
		{[]string{"inspect"}, 2, "arg"},
		{[]string{"inspect", picture}, 1, "7.png"},
		{[]string{"inspect", model, "--stage", "x"}, 2, "--stage x"},
		{[]string{"run", model}, 2, "no --input"},
		{[]string{"eval", model}, 2, "--data"},
		{[]string{"eval", model, "--data", "absent"}, 1, "absent"},
	} {
		status, _, errs := octet(nil, c.args...)
		if status != c.want || !strings.Contains(errs, c.says) {
			t.Errorf("%v: status %d, want %d; stderr %q", c.args, status, c.want, errs)
		}
	}
}
