package main

import (
	"bytes"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/octet-ml/octet/internal/testkit"
)

// freeAddress returns an address of this machine that nobody listens at.
func freeAddress(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// The server runs where it is the only file, as the user without a name that the Dockerfile chooses, answers, and ends at
// the signal that containers are stopped by.
func TestServesFromAnEmptyRoot(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("chroot is for root: run the test as root")
	}
	bin, root, address := testkit.Build(t, "examples/embed/server"), t.TempDir(), freeAddress(t)
	if err := os.Rename(bin, filepath.Join(root, "server")); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(root, 0o755); err != nil {
		t.Fatal(err)
	}
	c := exec.Command("/server")
	c.Dir, c.Env = "/", []string{"ADDR=" + address}
	c.SysProcAttr = &syscall.SysProcAttr{Chroot: root, Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}
	err := c.Start()
	if errors.Is(err, syscall.EPERM) {
		t.Skipf("chroot is not allowed here: %v", err)
	}
	if err != nil {
		t.Fatal(err)
	}
	defer c.Process.Kill()
	if got := answered(t, "http://"+address+"/", seven(t)); !strings.HasPrefix(got, `[{"label":"7"`) {
		t.Errorf("got %q", got)
	}
	if err := c.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if err := c.Wait(); err != nil {
		t.Errorf("after SIGTERM: %v", err)
	}
}

// answered posts a picture until the server is up and returns the answer.
func answered(t *testing.T, url string, picture []byte) string {
	t.Helper()
	var last error
	for range 200 {
		r, err := http.Post(url, "image/png", bytes.NewReader(picture))
		if err != nil {
			last = err
			time.Sleep(50 * time.Millisecond)
			continue
		}
		defer r.Body.Close()
		data, err := io.ReadAll(r.Body)
		if err != nil {
			t.Fatal(err)
		}
		return string(data)
	}
	t.Fatalf("no answer: %v", last)
	return ""
}
