package main

import (
	"encoding/json"
	"path/filepath"
	"strings"
	"testing"

	"github.com/octet-ml/octet/loader"
	"github.com/octet-ml/octet/quantize"
)

func TestQuantizeSaysWhatWasMeasured(t *testing.T) {
	a, _, data := comparePair(t, 12)
	out := filepath.Join(t.TempDir(), "out.onnx")
	args := []string{"quantize", a, "--data", data, "--preset", "cifar10", "--rounding", "nearest", "--out", out, "--threads", "1"}
	status, text, errs := octet(nil, append(args, "--optimize", "time", "--json")...)
	if strings.Contains(errs, "no layer is faster as integers") {
		t.Skip(errs)
	}
	if status != 0 {
		t.Fatal(errs)
	}
	var r quantize.Result
	if err := json.Unmarshal([]byte(text), &r); err != nil || r.Times == nil || r.Times.Threads != 1 || r.Layers[0].QuantizedTime == 0 {
		t.Errorf("%v in %.300s", err, text)
	}
	g, err := loader.Open(out)
	if err != nil {
		t.Fatal(err)
	}
	if facts := g.Metadata[quantizeKey]; !strings.Contains(facts, `"optimize":"time"`) || !strings.Contains(facts, `"measured_on":"`) {
		t.Errorf("metadata: %s", facts)
	}
	status, text, errs = octet(nil, append(args, "--optimize", "time")...)
	if status != 0 || !strings.Contains(text, "quantized ms") || !strings.Contains(text, "time        float ") {
		t.Errorf("status %d: %s%s", status, text, errs)
	}
	status, _, errs = octet(nil, append(args, "--max-time", "1ns")...)
	if status != 1 || !strings.Contains(errs, "target out of reach: the best is ") {
		t.Errorf("1 ns: status %d: %s", status, errs)
	}
}

func TestWrongTimesAreRefused(t *testing.T) {
	for want, args := range map[string][]string{
		`--optimize "size": want time`:    {"--optimize", "size"},
		`--max-time "soon": want a share`: {"--max-time", "soon"},
		`--max-time "-3ms": want a share`: {"--max-time", "-3ms"},
		`--max-time "0": want a share`:    {"--max-time", "0"},
	} {
		status, _, errs := octet(nil, append([]string{"quantize", "m.onnx", "--data", "set", "--out", "o.onnx"}, args...)...)
		if status != 2 || !strings.Contains(errs, want) {
			t.Errorf("%v: status %d: %s", args, status, errs)
		}
	}
}
