package repository_test

import (
	"bytes"
	"context"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"go.uber.org/goleak"

	"github.com/octet-ml/octet/digest"
	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/internal/testkit"
	"github.com/octet-ml/octet/loader"
	"github.com/octet-ml/octet/runtime"
	"github.com/octet-ml/octet/serve/internal/servetest"
	"github.com/octet-ml/octet/serve/repository"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// variant returns another classifier of digits, with the inputs and outputs of servetest.Digits and other weights.
func variant(t testing.TB) []byte {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(testkit.Root(), "examples", "gorgonia", "testdata", "w4a8.onnx"))
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// picture returns an input of the classifiers of digits.
func picture() *graph.Tensor {
	in := &graph.Tensor{DType: graph.Float32, Shape: graph.Shape{1, 1, 28, 28}, Data: make([]byte, 4*28*28)}
	for i, values := 0, graph.View[float32](in.Data); i < len(values); i++ {
		values[i] = float32(math.Sin(float64(i)))
	}
	return in
}

// compile returns the program of a model file, without threads of its own.
func compile(t testing.TB, data []byte) *runtime.Program {
	t.Helper()
	g, err := loader.Decode(data)
	if err != nil {
		t.Fatal(err)
	}
	pool := runtime.NewPool(1)
	t.Cleanup(pool.Close)
	p, err := runtime.Compile(g, runtime.WithPool(pool), runtime.Threads(1))
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// expected returns what a model file answers to picture.
func expected(t testing.TB, data []byte) []byte {
	t.Helper()
	out, err := compile(t, data).Run(picture())
	if err != nil {
		t.Fatal(err)
	}
	return out[0].Data
}

// withDigest returns a model file that carries its digest.
func withDigest(t testing.TB, data []byte) []byte {
	t.Helper()
	sum, err := digest.Portable(compile(t, data))
	if err != nil {
		t.Fatal(err)
	}
	return withMetadata(t, data, digest.Key, sum)
}

// withMetadata returns a model file with another value of its metadata.
func withMetadata(t testing.TB, data []byte, key, value string) []byte {
	t.Helper()
	out, err := loader.SetMetadata(data, key, value)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// damaged returns a model file with a digest and one wrong weight: a file that loads and runs.
func damaged(t testing.TB) []byte {
	t.Helper()
	good := withDigest(t, servetest.Digits(t))
	g, err := loader.Decode(good)
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range g.Nodes {
		for _, in := range n.Inputs {
			if in == nil || in.Const == nil || len(in.Const.Data) < 100 {
				continue
			}
			if i := bytes.Index(good, in.Const.Data); i >= 0 {
				out := bytes.Clone(good)
				for j := range 16 {
					out[i+j] ^= 0x40
				}
				return out
			}
		}
	}
	t.Fatal("no weights in the file")
	return nil
}

// answer returns what a version answers to picture.
func answer(r *repository.Repository, name, version string) (*repository.Version, []byte, error) {
	v, err := r.Acquire(name, version)
	if err != nil {
		return nil, nil, err
	}
	defer v.Release()
	out, _, err := v.Queue.Do(context.Background(), 1, []*graph.Tensor{picture()})
	if err != nil {
		return v, nil, err
	}
	return v, out[0].Data, nil
}

// refresh refreshes and fails the test where the folder cannot be read.
func refresh(t testing.TB, r *repository.Repository) {
	t.Helper()
	if err := r.Refresh(context.Background()); err != nil {
		t.Fatal(err)
	}
}

// index returns what Index reports, an entry a line: name, version, state and, after a dash, the reason.
func index(r *repository.Repository) string {
	var lines []string
	for _, e := range r.Index() {
		line := strings.Join(strings.Fields(fmt.Sprintln(e.Name, e.Version, e.State)), " ")
		if e.Reason != "" {
			line += " - " + e.Reason
		}
		lines = append(lines, line)
	}
	return strings.Join(lines, "\n")
}

// wantIndex fails the test unless the index has one line for each of the given ones, which it begins with and whose parts after "..."
// it contains.
func wantIndex(t testing.TB, r *repository.Repository, want ...string) {
	t.Helper()
	got := strings.Split(index(r), "\n")
	bad := len(got) != len(want) && !(len(want) == 0 && got[0] == "")
	for i := range min(len(got), len(want)) {
		head, tail, more := strings.Cut(want[i], "...")
		bad = bad || !strings.HasPrefix(got[i], head) || !strings.Contains(got[i], tail) || !more && got[i] != head
	}
	if bad {
		t.Errorf("index:\n%s\nwant:\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// wantAnswer fails the test unless a model answers as a model file does, and returns the version that did.
func wantAnswer(t testing.TB, r *repository.Repository, name string, file []byte) *repository.Version {
	t.Helper()
	v, got, err := answer(r, name, "")
	if err != nil {
		t.Fatalf("%s: %v\n%s", name, err, index(r))
	}
	if !bytes.Equal(got, expected(t, file)) {
		t.Errorf("%s, version %d: another answer than its file's", name, v.Number)
	}
	return v
}
