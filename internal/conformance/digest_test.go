package conformance

import (
	"crypto/sha256"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/octet-ml/octet/digest"
	"github.com/octet-ml/octet/internal/cpu"
	"github.com/octet-ml/octet/loader"
	"github.com/octet-ml/octet/runtime"
)

var update = flag.Bool("update", false, "rewrite testdata/digests.txt")

const digestFile = "testdata/digests.txt"

// small are two models that are run where time is short, such as on an emulated processor.
var small = []string{"cifar10_squeezenet_qdq_u8s8.onnx", "mlperftiny_kws_dscnn_int8.tflite"}

// TestDigests compares the outputs of integer models on fixed inputs with stored hashes: the promise that every processor,
// also one of another architecture, computes the same bytes.
func TestDigests(t *testing.T) {
	want := make(map[string]string)
	if data, err := os.ReadFile(digestFile); err == nil {
		for _, line := range strings.Split(strings.TrimSpace(string(data)), "\n") {
			sum, name, _ := strings.Cut(line, "  ")
			want[name] = sum
		}
	} else if !*update {
		t.Fatal(err)
	}
	var lines strings.Builder
	for _, path := range models(t) {
		name := filepath.Base(path)
		if testing.Short() && name != small[0] && name != small[1] {
			continue
		}
		t.Run(name, func(t *testing.T) {
			p := compile(t, path, runtime.Threads(1))
			if p.RequireInteger() != nil {
				t.SkipNow() // float results may differ between processors in their last bits
			}
			h := sha256.New()
			for _, y := range runAll(t, p, randomExamples(p, 2), 1) {
				h.Write(y)
			}
			sum := fmt.Sprintf("%x", h.Sum(nil))
			fmt.Fprintf(&lines, "%s  %s\n", sum, name)
			if !*update && want[name] != sum {
				t.Errorf("got %s, want %s", sum, want[name])
			}
		})
	}
	if *update {
		if err := os.WriteFile(digestFile, []byte(lines.String()), 0o666); err != nil {
			t.Fatal(err)
		}
	}
}

// maxStored bounds the size of the models that TestStoredDigestsHold runs, in bytes.
const maxStored = 1 << 20

// TestStoredDigestsHold writes a digest, computed at the portable level, into the files of integer models of both formats and
// checks the files at every level, with 1 and 2 threads and at batch 1 and 8. Float models have none to store.
func TestStoredDigestsHold(t *testing.T) {
	stored := 0
	for _, path := range models(t) {
		name := filepath.Base(path)
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if len(data) > maxStored || testing.Short() && name != small[0] && name != small[1] {
			continue
		}
		t.Run(name, func(t *testing.T) {
			sum, err := digest.Portable(compile(t, path, runtime.Kernels("generic"), runtime.Threads(1), runtime.Float32()))
			if errors.Is(err, runtime.ErrFloat) {
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			stored++
			if data, err = loader.SetMetadata(data, digest.Key, sum); err != nil {
				t.Fatal(err)
			}
			g, err := loader.Decode(data)
			if err != nil {
				t.Fatal(err)
			}
			for _, level := range cpu.Available() {
				for _, threads := range []int{1, 2} {
					for _, batch := range []int{1, 8} {
						p, err := runtime.Compile(g, runtime.Kernels(level.String()), runtime.Threads(threads), runtime.Batch(batch), runtime.Float32())
						if err != nil {
							t.Fatalf("%v, batch %d: %v", level, batch, err)
						}
						if err := digest.Check(p); err != nil {
							t.Errorf("%v, %d threads, batch %d: %v", level, threads, batch, err)
						}
					}
				}
			}
		})
	}
	if stored < len(small) {
		t.Errorf("%d models with a digest", stored)
	}
}
