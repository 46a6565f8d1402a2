package conformance

import (
	"crypto/sha256"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

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
