package main

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/octet-ml/octet/internal/testkit"
)

// The binary runs where it is the only file, as in an image FROM scratch: no library, no /proc, no /sys, no time zones.
func TestRunsInAnEmptyRoot(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("chroot is for root: run the test as root")
	}
	bin := testkit.Build(t, "examples/embed")
	root := t.TempDir()
	if err := os.Rename(bin, filepath.Join(root, "embed")); err != nil {
		t.Fatal(err)
	}
	c := exec.Command("/embed")
	c.Dir, c.Env = "/", []string{}
	c.SysProcAttr = &syscall.SysProcAttr{Chroot: root}
	out, err := c.CombinedOutput()
	if errors.Is(err, syscall.EPERM) {
		t.Skipf("chroot is not allowed here: %v", err)
	}
	if err != nil || !strings.HasPrefix(string(out), "7 (") {
		t.Errorf("%v: %q", err, out)
	}
}
