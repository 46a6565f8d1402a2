//go:build unix

package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime/multipart"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/health/grpc_health_v1"

	"github.com/octet-ml/octet/internal/digits"
	"github.com/octet-ml/octet/internal/testkit"
	"github.com/octet-ml/octet/serve/load"
)

// The command, built as it is shipped and run as a process.
func TestServeAsAProcess(t *testing.T) {
	bin := testkit.Build(t, "cmd/octet")
	for name, test := range map[string]func(*testing.T, string){
		"every port answers": everyPortAnswers, "a signal ends it when all is answered": aSignalEndsIt, "a second signal ends it at once": aSecondSignalEndsIt,
		"killed and started again": killedAndStarted, "in an empty root": inAnEmptyRoot, "encrypted and with tokens": guarded, "a broken model": aBrokenModel,
		"protocols answer alike": protocolsAnswerAlike,
	} {
		t.Run(name, func(t *testing.T) { test(t, bin) })
	}
}

// process is a server that runs.
type process struct {
	t         *testing.T
	cmd       *exec.Cmd
	addresses map[string]string // of ports, by name
	log       *bufio.Scanner
}

// launch starts the command with arguments, on free ports of this machine, and waits until all listen.
func launch(t *testing.T, bin string, args ...string) *process {
	t.Helper()
	return launchCommand(t, exec.Command(bin, args...))
}

// launchCommand is launch for a command that lacks only the subcommand and the ports; it is killed with the test if it runs on.
func launchCommand(t *testing.T, c *exec.Cmd) *process {
	t.Helper()
	c.Args = append([]string{c.Args[0], "serve", "--http", "127.0.0.1:0", "--grpc", "127.0.0.1:0", "--metrics", "127.0.0.1:0", "--admin", "127.0.0.1:0"}, c.Args[1:]...)
	errs, err := c.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		if errors.Is(err, syscall.EPERM) {
			t.Skipf("not allowed here: %v", err)
		}
		t.Fatal(err)
	}
	p := &process{t: t, cmd: c, addresses: make(map[string]string), log: bufio.NewScanner(errs)}
	t.Cleanup(func() {
		if c.ProcessState == nil {
			_ = c.Process.Kill()
			_ = c.Wait()
		}
		http.DefaultClient.CloseIdleConnections()
	})
	for len(p.addresses) < 4 {
		line := p.await("listening")
		p.addresses[line.Port] = line.Address
	}
	return p
}

// logLine is a line of the log.
type logLine struct{ Msg, Port, Address, Level string }

// await reads the log to a line with a message.
func (p *process) await(msg string) logLine {
	p.t.Helper()
	var all []string
	for p.log.Scan() {
		var line logLine
		if err := json.Unmarshal(p.log.Bytes(), &line); err == nil && line.Msg == msg {
			return line
		}
		all = append(all, p.log.Text())
	}
	p.t.Fatalf("no %q in the log: %v: %s", msg, p.log.Err(), strings.Join(all, "\n"))
	return logLine{}
}

// url returns an address on a port.
func (p *process) url(port, path string) string { return "http://" + p.addresses[port] + path }

// end sends a signal and returns how the process ended.
func (p *process) end(signal os.Signal) error {
	p.t.Helper()
	if err := p.cmd.Process.Signal(signal); err != nil {
		p.t.Fatal(err)
	}
	for p.log.Scan() { // so that it does not wait for who reads its log
	}
	return p.cmd.Wait()
}

// asked returns the answer to a request of a client; a body makes it a POST; header holds keys and values in turn.
func asked(t *testing.T, client *http.Client, url string, body []byte, header ...string) (int, string) {
	t.Helper()
	method := http.MethodGet
	if body != nil {
		method = http.MethodPost
	}
	q, err := http.NewRequest(method, url, bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(header); i += 2 {
		q.Header.Set(header[i], header[i+1])
	}
	res, err := client.Do(q)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res.StatusCode, string(text)
}

// wants reports answers that do not have a status and a text.
func wants(t *testing.T, url string, body []byte, status int, text string, header ...string) {
	t.Helper()
	if got, said := asked(t, http.DefaultClient, url, body, header...); got != status || !strings.Contains(said, text) {
		t.Errorf("%s: %d %.500s, want %d and %q", url, got, said, status, text)
	}
}

// isSeven is what an answer to the embedded picture has in it.
const isSeven = `"classes":[{"label":"7","index":7,`

func everyPortAnswers(t *testing.T, bin string) {
	p := launch(t, bin)
	wants(t, p.url("http", "/v1/classify/digits?top=1"), digits.Picture(), 200, isSeven)
	wants(t, p.url("http", "/v2/models/cifar10"), nil, 200, `"name":"cifar10"`)
	wants(t, p.url("http", "/"), nil, 200, "<html")
	wants(t, p.url("http", "/sample"), nil, 200, string(digits.Picture()))
	wants(t, p.url("metrics", "/metrics"), nil, 200, `octet_requests_total{code="ok",model="digits",version="1"} 1`)
	wants(t, p.url("admin", "/debug/pprof/goroutine?debug=1"), nil, 200, "goroutine profile")
	wants(t, p.url("http", "/debug/pprof/"), nil, 404, "error")
	conn, err := grpc.NewClient(p.addresses["grpc"], grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	for _, name := range []string{"", "digits", "cifar10"} {
		h, err := grpc_health_v1.NewHealthClient(conn).Check(context.Background(), &grpc_health_v1.HealthCheckRequest{Service: name})
		if err != nil || h.GetStatus() != grpc_health_v1.HealthCheckResponse_SERVING {
			t.Errorf("health of %q: %v, %v", name, h, err)
		}
	}
	if err := p.end(syscall.SIGINT); err != nil {
		t.Errorf("after SIGINT: %v", err)
	}
}

// halfSent is a request that the server has begun to read, and of which half is sent.
type halfSent struct {
	net.Conn
	answer *bufio.Reader
	rest   []byte
}

// half sends a request to half. The server has taken it when that returns: it has asked for the body.
func half(t *testing.T, p *process, model string) *halfSent {
	t.Helper()
	c, err := net.Dial("tcp", p.addresses["http"])
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	body, r := digits.Picture(), bufio.NewReader(c)
	fmt.Fprintf(c, "POST /v1/classify/%s?top=1 HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: %d\r\n\r\n", model, len(body))
	if line, err := r.ReadString('\n'); err != nil || !strings.Contains(line, "100 Continue") {
		t.Fatalf("%q, %v", line, err)
	}
	if _, err := r.ReadString('\n'); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Write(body[:len(body)/2]); err != nil {
		t.Fatal(err)
	}
	return &halfSent{c, r, body[len(body)/2:]}
}

func aSignalEndsIt(t *testing.T, bin string) {
	p := launch(t, bin)
	h := half(t, p, "digits")
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	p.await("draining")
	if _, err := h.Write(h.rest); err != nil {
		t.Fatal(err)
	}
	res, err := http.ReadResponse(h.answer, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if text, err := io.ReadAll(res.Body); err != nil || res.StatusCode != 200 || !strings.Contains(string(text), isSeven) {
		t.Errorf("%d %s, %v", res.StatusCode, text, err)
	}
	for p.log.Scan() {
	}
	if err := p.cmd.Wait(); err != nil {
		t.Errorf("after SIGTERM: %v", err)
	}
}

func aSecondSignalEndsIt(t *testing.T, bin string) {
	p := launch(t, bin)
	half(t, p, "digits")
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	p.await("draining")
	err := p.end(syscall.SIGTERM)
	if s, ok := p.cmd.ProcessState.Sys().(syscall.WaitStatus); err == nil || !ok || s.Signal() != syscall.SIGTERM {
		t.Errorf("%v, %v", err, p.cmd.ProcessState)
	}
}

func killedAndStarted(t *testing.T, bin string) {
	models := t.TempDir()
	put(t, models, "m/1/model.onnx", digits.Model())
	for range 2 {
		p := launch(t, bin, "--repository", models)
		half(t, p, "m")
		wants(t, p.url("http", "/v1/classify/m?top=1"), digits.Picture(), 200, isSeven)
		if err := p.end(os.Kill); err == nil {
			t.Error("a process that was killed ended well")
		}
	}
}

// put writes a file below a folder.
func put(t *testing.T, folder, path string, data []byte) {
	t.Helper()
	path = filepath.Join(folder, path)
	if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path, data, 0o644)); err != nil {
		t.Fatal(err)
	}
}

// The command runs where it and models are the only files, as the user without a name, and cannot write anything.
func inAnEmptyRoot(t *testing.T, bin string) {
	if os.Getuid() != 0 {
		t.Skip("chroot is for root: run the test as root")
	}
	root := t.TempDir()
	program, err := os.ReadFile(bin)
	if err != nil {
		t.Fatal(err)
	}
	put(t, root, "octet", program)
	put(t, root, "models/m/2/model.onnx", digits.Model())
	if err := errors.Join(os.Chmod(root, 0o755), os.Chmod(filepath.Join(root, "octet"), 0o755)); err != nil {
		t.Fatal(err)
	}
	c := exec.Command("/octet", "--repository", "/models")
	c.Dir, c.Env = "/", []string{"NOTHING="}
	c.SysProcAttr = &syscall.SysProcAttr{Chroot: root, Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}
	p := launchCommand(t, c)
	var form bytes.Buffer
	parts := multipart.NewWriter(&form)
	for i := range 3 {
		part, err := parts.CreateFormFile("file", fmt.Sprintf("%d.png", i))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := part.Write(digits.Picture()); err != nil {
			t.Fatal(err)
		}
	}
	if err := parts.Close(); err != nil {
		t.Fatal(err)
	}
	wants(t, p.url("http", "/v1/classify/m?top=1"), form.Bytes(), 200, `{"file":"2.png",`+isSeven, "Content-Type", parts.FormDataContentType())
	wants(t, p.url("http", "/"), nil, 200, "<html")
	wants(t, p.url("metrics", "/metrics"), nil, 200, "octet_build_info")
	if err := p.end(syscall.SIGTERM); err != nil {
		t.Errorf("after SIGTERM: %v", err)
	}
}

// One model that cannot be read keeps nothing else from being served.
func aBrokenModel(t *testing.T, bin string) {
	models := t.TempDir()
	put(t, models, "good/1/model.onnx", digits.Model())
	put(t, models, "broken/1/model.onnx", digits.Model()[:1000])
	for args, status := range map[string]int{"--watch": 200, "--strict-readiness": 503} {
		p := launch(t, bin, "--repository", models, args)
		wants(t, p.url("http", "/v1/classify/good?top=1"), digits.Picture(), 200, isSeven)
		wants(t, p.url("http", "/v1/classify/broken"), digits.Picture(), 503, "broken")
		wants(t, p.url("http", "/v2/health/live"), nil, 200, "")
		wants(t, p.url("http", "/v2/health/ready"), nil, status, "")
		wants(t, p.url("http", "/v2/models/broken/ready"), nil, 503, "")
		wants(t, p.url("http", "/v2/repository/index"), []byte{}, 200, `"state":"UNAVAILABLE"`)
		if err := p.end(syscall.SIGTERM); err != nil {
			t.Errorf("after SIGTERM: %v", err)
		}
	}
}

// Under load each protocol gives the same bytes for the same input, again and again.
func protocolsAnswerAlike(t *testing.T, bin string) {
	p := launch(t, bin)
	for _, protocol := range load.Protocols() {
		o := load.Options{URL: p.url("http", ""), Protocol: protocol, Model: "digits", Clients: 4, Requests: 100, Check: true}
		switch protocol {
		case load.GRPC:
			o.URL = "grpc://" + p.addresses["grpc"]
		case load.Classify, load.HTTPBytes:
			o.Pictures = [][]byte{digits.Picture()}
		}
		r, err := load.Run(context.Background(), o)
		if err != nil {
			t.Fatal(err)
		}
		if r.Sent != 100 || r.Good != 100 || r.Checked != 100 || r.Mismatches != 0 {
			t.Errorf("%s: %d sent, %d good, %d compared, %d differ: %s", protocol, r.Sent, r.Good, r.Checked, r.Mismatches, r.Mismatch)
		}
	}
}
