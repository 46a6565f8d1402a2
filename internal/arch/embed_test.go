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

// embedPrograms embed a model with go:embed and run it: through graph, loader and runtime, and through a generated package
// with pictures.
var embedPrograms = []struct {
	folder string
	uses   []string
	prints func(out string) bool
}{
	{"internal/arch/testdata/embed", []string{"graph", "loader", "runtime"}, func(out string) bool { return strings.Count(out, " ") == 9 }},
	{"examples/embed", []string{"graph", "loader/onnx", "runtime", "vision"}, func(out string) bool { return strings.HasPrefix(out, "7 (") }},
}

// maxProgram bounds the stripped program without the files it embeds, in bytes.
const maxProgram = 5_000_000

func TestProgramsWithAnEmbeddedModelAreSmall(t *testing.T) {
	for _, p := range embedPrograms {
		t.Run(p.folder, func(t *testing.T) {
			bin := testkit.Build(t, p.folder)
			size, model := fileSize(t, bin), embeddedBytes(t, p.folder)
			if model == 0 {
				t.Errorf("%s embeds no model", p.folder)
			}
			t.Logf("%d bytes, of which %d are embedded files: %d without", size, model, size-model)
			if got := size - model; got >= maxProgram {
				t.Errorf("program without its model: %d bytes, want less than %d", got, maxProgram)
			}
			deps := strings.Fields(run(t, "go", "list", "-deps", "./"+p.folder))
			for _, want := range p.uses {
				if !slices.Contains(deps, module+"/"+want) {
					t.Errorf("%s does not use %s", p.folder, want)
				}
			}
			for _, dep := range deps {
				if within(dep, gorgonia) {
					t.Errorf("%s links %s", p.folder, dep)
				}
			}
			if out := run(t, bin); !p.prints(out) {
				t.Errorf("the program prints %q", out)
			}
			if strings.Contains(run(t, "go", "version", "-m", bin), gorgonia) {
				t.Errorf("the build information of %s names %s", p.folder, gorgonia)
			}
		})
	}
}

// The server is larger by what net/http is: a program of net/http alone has 5.8 MB.
func TestServerIsAsSmallAsItsHTTPAllows(t *testing.T) {
	const folder, most = "examples/embed/server", 10_000_000
	size, model := fileSize(t, testkit.Build(t, folder)), embeddedBytes(t, folder)
	t.Logf("%d bytes, of which %d are embedded files: %d without", size, model, size-model)
	if size-model >= most {
		t.Errorf("server without its model: %d bytes, want less than %d", size-model, most)
	}
}

func fileSize(t *testing.T, path string) int64 {
	t.Helper()
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	return info.Size()
}

// embeddedBytes returns the sum of the files that a program's packages of ours embed.
func embeddedBytes(t *testing.T, folder string) int64 {
	t.Helper()
	dec := json.NewDecoder(strings.NewReader(run(t, "go", "list", "-deps", "-json=ImportPath,Dir,EmbedFiles", "./"+folder)))
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
			sum += fileSize(t, filepath.Join(p.Dir, name))
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
