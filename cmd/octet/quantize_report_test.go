package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/octet-ml/octet/quantize"
)

func TestQuantizeWritesAReport(t *testing.T) {
	a, _, data := comparePair(t, 6)
	dir := t.TempDir()
	page, out := filepath.Join(dir, "page.html"), filepath.Join(dir, "out.onnx")
	status, text, errs := octet(nil, "quantize", a, "--data", data+"@0/2", "--preset", "cifar10", "--weights", "int4", "--layer", "first=int8", "--rounding", "nearest",
		"--out", out, "--report", page, "--eval", data+"@1/2", "--json")
	if status != 0 {
		t.Fatalf("status %d: %s", status, errs)
	}
	var r quantize.Result
	if err := json.Unmarshal([]byte(text), &r); err != nil || len(r.Layers) == 0 || r.Layers[0].Scheme != "int8" || len(r.Ranges) == 0 {
		t.Fatalf("%v in %.200s", err, text)
	}
	html, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"What was decided", "3 pictures of ", "--layer=first=int8 --out=", "int4", "Ranges of "} {
		if !bytes.Contains(html, []byte(want)) {
			t.Errorf("no %q", want)
		}
	}
	decisions := filepath.Join(dir, "decisions.json")
	if err := os.WriteFile(decisions, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	again := reportOf(t, append([]string{"compare", a, out, "--data", data, "--decisions", decisions, "--json"}, quick...)...)
	if again.Decisions == nil || again.Layers[0].Decision.Scheme != "int8" || again.Layers[1].Decision.Scheme != "int4" {
		t.Errorf("%+v", again.Layers)
	}
}

func TestWrongReportArguments(t *testing.T) {
	for want, args := range map[string][]string{
		"--report and --eval go together": {"a.onnx", "--report", "x.html"},
		"and --eval go together":          {"a.onnx", "--eval", "set"},
		"standard input":                  {"-", "--eval", "set", "--report", "x.html"},
	} {
		status, _, errs := octet(nil, append([]string{"quantize", "--data", "set", "--out", "o.onnx"}, args...)...)
		if status != 2 || !strings.Contains(errs, want) {
			t.Errorf("%v: status %d: %s", args, status, errs)
		}
	}
}

func TestCommandLinesAreForAShell(t *testing.T) {
	for w, want := range map[string]string{"plain-1.onnx": "plain-1.onnx", "two words": "'two words'", "it's": `'it'\''s'`, "": "''", "a@0/5": "a@0/5", "$x": "'$x'"} {
		if got := shellWord(w); got != want {
			t.Errorf("%q: %s, want %s", w, got, want)
		}
	}
}
