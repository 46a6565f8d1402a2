package e2e

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

var screens = flag.String("screens", "", "folder for pictures of the page")

const (
	root   = "../../.."
	digits = root + "/internal/digits/"
)

// patience is how long anything may take on a busy machine.
const patience = 5 * time.Minute

// goBuild builds a package of Octet's module and returns the program's path.
func goBuild(t testing.TB, dir, pkg string) string {
	t.Helper()
	path := filepath.Join(dir, filepath.Base(pkg))
	c := exec.Command("go", "build", "-o", path, pkg)
	c.Dir = root
	if text, err := c.CombinedOutput(); err != nil {
		t.Fatalf("%s: %v\n%s", pkg, err, text)
	}
	return path
}

// site is the page, gathered and served by Octet's own programs.
type site struct {
	url  string
	stop func()
}

func serve(t testing.TB) site {
	t.Helper()
	dir := t.TempDir()
	dist := filepath.Join(dir, "dist")
	build := exec.Command(goBuild(t, dir, "./examples/wasm/build"), "-o", dist)
	build.Dir = root
	if text, err := build.CombinedOutput(); err != nil {
		t.Fatalf("build: %v\n%s", err, text)
	}
	server := exec.Command(goBuild(t, dir, "./examples/wasm"), "-addr", "127.0.0.1:0", "-dir", dist)
	stdout, err := server.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	s := site{stop: sync.OnceFunc(func() { _ = server.Process.Kill(); _ = server.Wait() })}
	t.Cleanup(s.stop)
	if s.url, err = bufio.NewReader(stdout).ReadString('\n'); err != nil {
		t.Fatal(err)
	}
	s.url = strings.TrimSpace(s.url)
	return s
}

// tab is a tab of a browser.
type tab struct {
	testing.TB
	ctx      context.Context
	mu       sync.Mutex
	problems []string
}

// browse starts a headless Chromium; the test is skipped where there is none.
func browse(t testing.TB) *tab {
	t.Helper()
	path, err := exec.LookPath("chromium")
	if err != nil {
		t.Skip("chromium is not installed: the page is not tested")
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(path), chromedp.NoSandbox, chromedp.WSURLReadTimeout(patience))
	ctx, cancel := chromedp.NewExecAllocator(context.Background(), options...)
	t.Cleanup(cancel)
	ctx, cancel = chromedp.NewContext(ctx)
	t.Cleanup(cancel)
	ctx, cancel = context.WithTimeout(ctx, 2*patience)
	t.Cleanup(cancel)
	b := &tab{TB: t, ctx: ctx}
	if err := chromedp.Listen(ctx, func(event any) {
		switch e := event.(type) {
		case *runtime.EventExceptionThrown:
			b.complain(e.ExceptionDetails.Text)
		case *log.EventEntryAdded:
			if e.Entry.Level == log.EntryLevelError || e.Entry.Source == log.EntrySourceSecurity {
				b.complain(e.Entry.Text)
			}
		}
	}); err != nil {
		t.Fatal(err)
	}
	call(b, log.Enable, cdp.Empty{})
	return b
}

func (b *tab) complain(text string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.problems = append(b.problems, text)
}

// checkQuiet fails where the page threw or broke its policy.
func (b *tab) checkQuiet() {
	b.Helper()
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.problems) > 0 {
		b.Errorf("the browser complains: %q", b.problems)
	}
}

func (b *tab) do(steps ...chromedp.Action[chromedp.Void]) {
	b.Helper()
	if err := chromedp.Do(b.ctx, steps...); err != nil {
		b.Fatal(err)
	}
}

// call runs a command of the browser's protocol.
func call[P any](b *tab, command cdp.Command[P, cdp.Empty], params P) {
	b.Helper()
	if _, err := chromedp.Call(b.ctx, command, params); err != nil {
		b.Fatalf("%s: %v", command.Method, err)
	}
}

// evaluate returns the value of an expression of JavaScript.
func evaluate[T any](b *tab, expression string) T {
	b.Helper()
	v, err := chromedp.Run(b.ctx, chromedp.Evaluate[T](expression))
	if err != nil {
		b.Fatalf("%s: %v", expression, err)
	}
	return v
}

// await waits until an expression of JavaScript is true.
func (b *tab) await(what, expression string) {
	b.Helper()
	if _, err := chromedp.Run(b.ctx, chromedp.Poll[bool](expression, chromedp.WithPollingTimeout(patience))); err != nil {
		b.Fatalf("%s: %v; the page says %q %q", what, err, b.text("answer"), b.text("problem"))
	}
}

// text returns an element's text.
func (b *tab) text(id string) string {
	b.Helper()
	return evaluate[string](b, fmt.Sprintf("document.getElementById(%q).textContent", id))
}

// open loads the page and waits for the model and its digest.
func (b *tab) open(s site) {
	b.Helper()
	b.do(chromedp.Navigate(s.url))
	b.await("digest", `document.getElementById("digest").textContent.startsWith("v1:")`)
}

// awaitAnswer waits for an answer that begins with want.
func (b *tab) awaitAnswer(want string) {
	b.Helper()
	b.await("answer "+want, fmt.Sprintf(`document.getElementById("answer").textContent.startsWith(%q)`, want))
}

// native is what octet classify says of a picture.
type native struct {
	Classes []struct{ Label string }
	Time    float64 `json:"milliseconds"`
}

// classifyNatively runs octet classify on a picture, twice, and returns the second, warm answer.
func classifyNatively(t testing.TB, octet, model, picture string) (n native) {
	t.Helper()
	out, err := exec.Command(octet, "classify", "--model", model, "--kernels", "generic", "--threads", "1", "--json", picture, picture).Output()
	if err != nil {
		t.Fatalf("octet classify: %v", err)
	}
	lines := bytes.Split(bytes.TrimSpace(out), []byte("\n"))
	if err := json.Unmarshal(lines[len(lines)-1], &n); err != nil {
		t.Fatal(err)
	}
	return n
}

// data returns the path of a model in OCTET_DATA or ../shared/data.
func data(t testing.TB, name string) string {
	t.Helper()
	dir := os.Getenv("OCTET_DATA")
	if dir == "" {
		dir = filepath.Join(root, "..", "shared", "data")
	}
	path, err := filepath.Abs(filepath.Join(dir, "models", name))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(path); err != nil {
		t.Skipf("no model: %v", err)
	}
	return path
}
