package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"testing"

	"github.com/octet-ml/octet/bench"
)

func TestEnginesAreAnotherNameOfPrecisions(t *testing.T) {
	status, out, errs := octet(nil, brief("--arch", "resnet8", "--engine", "fp32,octet-int8", "--json")...)
	if status != 0 {
		t.Fatalf("status %d: %s", status, errs)
	}
	var r bench.Report
	if err := json.Unmarshal([]byte(out), &r); err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, c := range r.Results {
		got = append(got, c.Engine+" "+c.Precision)
	}
	if fmt.Sprint(got) != "[octet fp32 octet int8]" {
		t.Errorf("engines %v", got)
	}
}

func TestRefusalsTakeOneLineForEachEngine(t *testing.T) {
	var stderr bytes.Buffer
	f := &benchmark{app: &app{stderr: &stderr}}
	refused := []bench.Refusal{{Model: "m", Engine: "e", Batch: 1, Reason: "no softmax"}, {Model: "m", Engine: "e", Batch: 8, Reason: "no softmax"}}
	if err := f.reportRefusals(&bench.Report{Results: make([]bench.Result, 1), Refused: refused}); err != nil {
		t.Error(err)
	}
	if got, want := stderr.String(), "octet: e does not run m: no softmax\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if err := f.reportRefusals(&bench.Report{Refused: refused}); err == nil {
		t.Error("a measurement of nothing is no error")
	}
}
