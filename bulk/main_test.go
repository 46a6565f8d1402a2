package bulk

import (
	"context"
	"flag"
	"os"
	"path/filepath"
	"testing"

	"github.com/apache/beam/sdks/v2/go/pkg/beam"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/x/beamx"

	"github.com/octet-ml/octet/bulk/internal/embedded"
	"github.com/octet-ml/octet/internal/digits"
)

func TestMain(m *testing.M) {
	flag.Parse()
	beam.Init()
	os.Exit(m.Run())
}

// write writes a file in a new folder of a test, or in the given one, and returns its path.
func write(t testing.TB, folder, name string, data []byte) string {
	t.Helper()
	path := filepath.Join(folder, name)
	if err := os.WriteFile(path, data, 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

// picturesIn writes the embedded pictures n times into a folder and returns their paths with the digits that are on them.
func picturesIn(t testing.TB, folder string, n int) map[string]int {
	t.Helper()
	want := make(map[string]int)
	for i := range n {
		for name, data := range digits.Pictures() {
			want[write(t, folder, string(rune('a'+i))+name, data)] = int(name[0] - '0')
		}
	}
	return want
}

// digitOptions are those for the embedded digits.
func digitOptions() Options { return Options{Model: embedded.Digits, Top: 2, Threads: 2, Batch: 4} }

// runPipeline runs a pipeline on the local runner.
func runPipeline(t testing.TB, p *beam.Pipeline) beam.PipelineResult {
	t.Helper()
	r, err := beamx.RunWithMetrics(t.Context(), p)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// classifyAll runs a whole job and returns its summary.
func classifyAll(t testing.TB, o Options, f Files, patterns ...string) Summary {
	t.Helper()
	ctx := context.Background()
	o, f, err := Prepare(ctx, o, f)
	if err != nil {
		t.Fatal(err)
	}
	p, s := beam.NewPipelineWithRoot()
	ClassifyToFiles(s, Pictures(s, patterns...), o, f)
	runPipeline(t, p)
	sum, err := ReadSummary(ctx, f)
	if err != nil {
		t.Fatal(err)
	}
	return sum
}
