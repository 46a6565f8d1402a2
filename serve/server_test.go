package serve_test

import (
	"context"
	"io"
	"net/http"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"

	"github.com/octet-ml/octet/serve"
	"github.com/octet-ml/octet/serve/inference"
	"github.com/octet-ml/octet/serve/internal/servetest"
	"github.com/octet-ml/octet/serve/repository"
)

func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m, goleak.Cleanup(func(code int) {
		http.DefaultClient.CloseIdleConnections()
		os.Exit(code)
	}))
}

// running is a server that runs.
type running struct {
	*serve.Server
	stop context.CancelFunc
	done chan error
}

// start runs a server on ports of its own until the test ends.
func start(t testing.TB, o serve.Options) *running {
	t.Helper()
	for _, address := range []*string{&o.HTTP, &o.GRPC, &o.Metrics} {
		*address = "127.0.0.1:0"
	}
	s, err := serve.New(context.Background(), o)
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	r := &running{Server: s, stop: stop, done: make(chan error, 1)}
	go func() { r.done <- s.Run(ctx) }()
	t.Cleanup(func() {
		if err := r.end(); err != nil {
			t.Errorf("run: %v", err)
		}
		http.DefaultClient.CloseIdleConnections()
	})
	return r
}

// end stops the server and returns what Run returned, once.
func (r *running) end() error {
	r.stop()
	err, ok := <-r.done
	if ok {
		close(r.done)
	}
	return err
}

// url returns an address on a port that speaks HTTP.
func (r *running) url(port, path string) string { return "http://" + r.Address(port).String() + path }

// get returns the answer to a request; a body makes it a POST.
func get(t testing.TB, url, body string) (int, string) {
	t.Helper()
	method := http.MethodGet
	if body != "" {
		method = http.MethodPost
	}
	q, err := http.NewRequest(method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	res, err := http.DefaultClient.Do(q)
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

// Every port answers, and what one port is asked is counted on another.
func TestPorts(t *testing.T) {
	s := start(t, serve.Options{Models: repository.Options{Dir: servetest.Folder(t, "digits")}, Version: "v1.2.3", TritonMetrics: true})
	if code, text := get(t, s.url("http", "/v1/classify/digits?top=1"), string(servetest.Digit(t, "7"))); code != 200 || !strings.Contains(text, `"label":"7"`) {
		t.Errorf("classify: %d %s", code, text)
	}
	if code, text := get(t, s.url("http", "/v2"), ""); code != 200 || !strings.Contains(text, "v1.2.3") {
		t.Errorf("metadata: %d %s", code, text)
	}
	if code, text := get(t, s.url("http", "/"), ""); code != 200 || !strings.Contains(text, "<html") {
		t.Errorf("page: %d %.100s", code, text)
	}
	if code, text := get(t, s.url("http", "/nothing"), ""); code != 404 || !strings.Contains(text, `"error"`) {
		t.Errorf("unknown path: %d %s", code, text)
	}
	conn, err := grpc.NewClient(s.Address("grpc").String(), grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	ready, err := inference.NewGRPCInferenceServiceClient(conn).ModelReady(context.Background(), &inference.ModelReadyRequest{Name: "digits"})
	if err != nil || !ready.GetReady() {
		t.Errorf("gRPC: %v, %v", ready, err)
	}
	code, text := get(t, s.url("metrics", "/metrics"), "")
	for _, want := range []string{`octet_requests_total{code="ok",model="digits",version="1"} 1`, `nv_inference_request_success{model="digits",version="1"} 1`, `octet_build_info`} {
		if code != 200 || !strings.Contains(text, want) {
			t.Errorf("metrics: %d, no %s in\n%s", code, want, text)
		}
	}
	if s.Address("admin") != nil {
		t.Error("the admin port is open")
	}
}

// What the folder gets while the server runs is served.
func TestNewModelsAreServed(t *testing.T) {
	folder := servetest.Folder(t, "digits")
	s := start(t, serve.Options{Models: repository.Options{Dir: folder}, Watch: true})
	servetest.Write(t, folder, "second/3/model.onnx", servetest.Digits(t))
	for range 1000 {
		if code, _ := get(t, s.url("http", "/v2/models/second/versions/3/ready"), ""); code == 200 {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Error("the new model is not served")
}

func TestPortsInUseAreErrors(t *testing.T) {
	s := start(t, serve.Options{})
	for _, o := range []serve.Options{{HTTP: s.Address("http").String()}, {GRPC: s.Address("http").String()}, {HTTP: "127.0.0.1:0", Metrics: "nowhere:1:2"},
		{Models: repository.Options{Dir: t.TempDir() + "/none"}}} {
		if _, err := serve.New(context.Background(), o); err == nil {
			t.Errorf("%+v: no error", o)
		}
	}
}

// A server that is told to stop says that it is not ready while it answers, and ends by itself. A machine that does not get to ask in the
// time that the server takes to leave shows nothing.
func TestLeaving(t *testing.T) {
	const delay = 2 * time.Second
	s := start(t, serve.Options{Models: repository.Options{Dir: servetest.Folder(t, "digits")}, DrainDelay: delay})
	if code, _ := get(t, s.url("http", "/v2/health/ready"), ""); code != 200 {
		t.Errorf("ready: %d", code)
	}
	begin := time.Now()
	s.stop()
	for !s.Service().Leaving() {
		time.Sleep(time.Millisecond)
	}
	for _, c := range []struct {
		path, body string
		want       int
	}{{"/v2/health/ready", "", 503}, {"/v2/health/live", "", 200}, {"/v1/classify/digits", string(servetest.Digit(t, "3")), 200}} {
		q, err := http.NewRequest(map[bool]string{false: http.MethodGet, true: http.MethodPost}[c.body != ""], s.url("http", c.path), strings.NewReader(c.body))
		if err != nil {
			t.Fatal(err)
		}
		res, err := http.DefaultClient.Do(q)
		if time.Since(begin) > delay {
			t.Skip("too slow")
		}
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
		if res.StatusCode != c.want {
			t.Errorf("%s while it leaves: %d, want %d", c.path, res.StatusCode, c.want)
		}
	}
	if err := s.end(); err != nil {
		t.Error(err)
	}
}

// A hundred clients that send a byte now and then hold up nobody.
func TestSlowClientsHoldUpNobody(t *testing.T) {
	s := start(t, serve.Options{Models: repository.Options{Dir: servetest.Folder(t, "digits")}, MaxBytes: 8 << 20})
	var all sync.WaitGroup
	release := make(chan struct{})
	for i := range 100 {
		body, feed := io.Pipe()
		q, err := http.NewRequest(http.MethodPost, s.url("http", "/v1/classify/digits"), body)
		if err != nil {
			t.Fatal(err)
		}
		q.ContentLength = 1 << 20
		all.Go(func() {
			if res, err := http.DefaultClient.Do(q); err == nil {
				res.Body.Close()
			}
		})
		all.Go(func() {
			_, _ = feed.Write(make([]byte, 1+i))
			<-release
			_ = feed.CloseWithError(io.ErrUnexpectedEOF)
		})
	}
	for range 20 {
		if code, text := get(t, s.url("http", "/v1/classify/digits"), string(servetest.Digit(t, "8"))); code != 200 {
			t.Errorf("%d %s", code, text)
		}
	}
	close(release)
	all.Wait()
}
