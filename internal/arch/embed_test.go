package arch

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/octet-ml/octet/internal/testkit"
)

// embedProgram embeds a model with go:embed and runs it through graph, loader and runtime.
const embedProgram = "./internal/arch/testdata/embed"

// maxProgram bounds the stripped program without the files it embeds, in bytes.
const maxProgram = 5_000_000

func TestProgramWithAnEmbeddedModelIsSmall(t *testing.T) {
	if testing.Short() {
		t.Skip("builds a program: not with -short")
	}
	bin := filepath.Join(t.TempDir(), "embed")
	run(t, "go", "build", "-trimpath", "-ldflags", "-s -w", "-o", bin, embedProgram)
	info, err := os.Stat(bin)
	if err != nil {
		t.Fatal(err)
	}
	model := embeddedBytes(t)
	if model == 0 {
		t.Errorf("%s embeds no model", embedProgram)
	}
	t.Logf("%d bytes, of which %d are embedded files: %d without", info.Size(), model, info.Size()-model)
	if got := info.Size() - model; got >= maxProgram {
		t.Errorf("program without its model: %d bytes, want less than %d", got, maxProgram)
	}
	deps := strings.Fields(run(t, "go", "list", "-deps", embedProgram))
	for _, want := range []string{"graph", "loader", "runtime"} {
		if !slices.Contains(deps, module+"/"+want) {
			t.Errorf("%s does not use %s", embedProgram, want)
		}
	}
	for _, dep := range deps {
		if within(dep, gorgonia) {
			t.Errorf("%s links %s", embedProgram, dep)
		}
	}
	if out := run(t, bin); strings.Count(out, " ") != 9 {
		t.Errorf("the program prints %q: want ten scores", out)
	}
	if strings.Contains(run(t, "go", "version", "-m", bin), gorgonia) {
		t.Errorf("the build information of %s names %s", embedProgram, gorgonia)
	}
}

// embeddedBytes returns the sum of the files that the program's packages of ours embed.
func embeddedBytes(t *testing.T) int64 {
	t.Helper()
	dec := json.NewDecoder(strings.NewReader(run(t, "go", "list", "-deps", "-json=ImportPath,Dir,EmbedFiles", embedProgram)))
	var sum int64
	for dec.More() {
		var p struct {
			ImportPath, Dir string
			EmbedFiles      []string
		}
		if err := dec.Decode(&p); err != nil {
			t.Fatal(err)
		}
		if !within(p.ImportPath, module) {
			continue
		}
		for _, name := range p.EmbedFiles {
			info, err := os.Stat(filepath.Join(p.Dir, name))
			if err != nil {
				t.Fatal(err)
			}
			sum += info.Size()
		}
	}
	return sum
}

// run runs a command in the module root without cgo and returns what it prints.
func run(t *testing.T, name string, args ...string) string {
	t.Helper()
	cmd := exec.Command(name, args...)
	cmd.Dir = testkit.Root()
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%s %s: %v\n%s", name, strings.Join(args, " "), err, stderr.String())
	}
	return string(out)
}
