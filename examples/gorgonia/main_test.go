package main

import (
	"bytes"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/octet-ml/octet/internal/testkit"
	"google.golang.org/protobuf/encoding/protowire"
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

// decode returns the length-delimited fields of a message by number.
func decode(t *testing.T, m []byte) map[protowire.Number][]string {
	t.Helper()
	found := map[protowire.Number][]string{}
	for len(m) > 0 {
		number, typ, n := protowire.ConsumeTag(m)
		if n < 0 {
			t.Fatal(protowire.ParseError(n))
		}
		size := protowire.ConsumeFieldValue(number, typ, m[n:])
		if size < 0 {
			t.Fatal(protowire.ParseError(size))
		}
		if typ == protowire.BytesType {
			value, _ := protowire.ConsumeBytes(m[n:])
			found[number] = append(found[number], string(value))
		}
		m = m[n+size:]
	}
	return found
}

func TestEveryNodeReadsWhatStandsBeforeIt(t *testing.T) {
	l := newLayers(rand.New(rand.NewPCG(uint64(testkit.Seed(t)), 0)))
	q, err := quantize(l, &observed{relu1: interval{0, 1}, relu2: interval{0, 1}, logits: interval{-1, 1}})
	if err != nil {
		t.Fatal(err)
	}
	graph := decode(t, []byte(decode(t, q.encodeONNX(nil))[7][0]))
	known := map[string]bool{"image": true}
	define := func(name string) {
		if known[name] {
			t.Errorf("%s is defined twice", name)
		}
		known[name] = true
	}
	for _, initializer := range graph[5] {
		define(decode(t, []byte(initializer))[8][0])
	}
	used := map[string]bool{}
	for _, node := range graph[1] {
		fields := decode(t, []byte(node))
		for _, in := range fields[1] {
			used[in] = true
			if !known[in] {
				t.Errorf("%s reads %s, which nothing before it writes", fields[3][0], in)
			}
		}
		define(fields[2][0])
	}
	for name := range known {
		if !used[name] && name != "probabilities" {
			t.Errorf("nothing reads %s", name)
		}
	}
}
