package testkit

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// Build builds the program of a folder of the module as it is shipped, stripped and without cgo, and returns the path of
// the binary, which is removed with the test. It skips with -short.
func Build(t testing.TB, folder string) string {
	t.Helper()
	if testing.Short() {
		t.Skip("builds a program: not with -short")
	}
	bin := filepath.Join(t.TempDir(), filepath.Base(folder))
	c := exec.Command("go", "build", "-trimpath", "-ldflags", "-s -w", "-o", bin, "./"+folder)
	c.Dir = Root()
	c.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := c.CombinedOutput(); err != nil {
		t.Fatalf("go build %s: %v: %s", folder, err, out)
	}
	return bin
}
