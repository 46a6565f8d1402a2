//go:build unix

package main

import (
	"bytes"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"testing"
)

// interrupter is an output that interrupts the process when the given word is first written to it.
type interrupter struct {
	text bytes.Buffer
	t    *testing.T
	word string
	sent bool
}

func (w *interrupter) Write(p []byte) (int, error) {
	n, _ := w.text.Write(p)
	if !w.sent && bytes.Contains(w.text.Bytes(), []byte(w.word)) {
		w.sent = true
		arrived := make(chan os.Signal, 1)
		signal.Notify(arrived, os.Interrupt)
		defer signal.Stop(arrived)
		me, err := os.FindProcess(os.Getpid())
		if err != nil {
			w.t.Fatal(err)
		}
		if err := me.Signal(os.Interrupt); err != nil {
			w.t.Fatal(err)
		}
		<-arrived
	}
	return n, nil
}

func TestAnInterruptedQuantizeGoesOn(t *testing.T) {
	a, _, data := comparePair(t, 80)
	dir := t.TempDir()
	once, twice, state := filepath.Join(dir, "once.onnx"), filepath.Join(dir, "twice.onnx"), filepath.Join(dir, "state")
	args := []string{"quantize", a, "--data", data, "--preset", "cifar10"}
	if status, _, errs := octet(nil, append(args, "--out", once)...); status != 0 {
		t.Fatal(errs)
	}
	args = append(args, "--out", twice, "--state", state)
	var out bytes.Buffer
	errs := interrupter{t: t, word: "weights"}
	if status := run(args, nil, &out, &errs); status != 1 || !strings.Contains(errs.text.String(), "interrupted: the same command goes on from what "+state+" keeps") {
		t.Fatalf("status %d: %s", status, &errs.text)
	}
	if _, err := os.Stat(twice); err == nil {
		t.Error("a model was written")
	}
	if status, _, errs := octet(nil, append(args, "--weights", "int4")...); status != 1 || !strings.Contains(errs, "weights is int4, was int8") {
		t.Errorf("other weights: status %d: %s", status, errs)
	}
	if status, _, errs := octet(nil, args...); status != 0 {
		t.Fatal(errs)
	}
	if _, err := os.Stat(state); err == nil {
		t.Error("the state is still there")
	}
	want, err := os.ReadFile(once)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := os.ReadFile(twice); err != nil || !bytes.Equal(got, want) {
		t.Errorf("another model than without the interruption, %v", err)
	}
}

func TestTheStateIsNoResult(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "file")
	for _, args := range [][]string{
		{"--out", path, "--state", dir + "/x/../file"},
		{"--out", filepath.Join(dir, "model"), "--eval", "set", "--report", path, "--state", path},
	} {
		status, _, errs := octet(nil, append([]string{"quantize", "m.onnx", "--data", "set"}, args...)...)
		if status != 2 || !strings.Contains(errs, "is also a result") {
			t.Errorf("%v: status %d: %s", args, status, errs)
		}
	}
}
