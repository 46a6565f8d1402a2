package telemetry

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"

	"github.com/octet-ml/octet/serve/batch"
	"github.com/octet-ml/octet/serve/internal/servetest"
	"github.com/octet-ml/octet/serve/oip"
	"github.com/octet-ml/octet/serve/repository"
)

// watched returns metrics of a service for models "digits" and "other".
func watched(t testing.TB, o MetricsOptions) (*Metrics, *oip.Service) {
	t.Helper()
	m := NewMetrics(o)
	models := servetest.Repository(t, repository.Options{Dir: servetest.Folder(t, "digits", "other"), OnBatch: m.OnBatch})
	s := oip.NewService(models, oip.Options{AllowChange: true, Budget: oip.NewBudget(1 << 20), Observe: m.Observe})
	m.Watch(s)
	return m, s
}

// scrape returns what a scrape gets, asked for as Prometheus does.
func scrape(t testing.TB, m *Metrics) string {
	t.Helper()
	r := httptest.NewRequest(http.MethodGet, "/metrics", nil)
	r.Header.Set("Accept", "application/openmetrics-text;version=1.0.0;q=0.5,text/plain;version=0.0.4;q=0.4,*/*;q=0.1")
	w := httptest.NewRecorder()
	m.Handler().ServeHTTP(w, r)
	body, err := io.ReadAll(w.Body)
	if err != nil || w.Code != http.StatusOK {
		t.Fatalf("got %d, %v: %s", w.Code, err, body)
	}
	return string(body)
}

// classify asks for a digit.
func classify(t testing.TB, s *oip.Service, model string, files ...[]byte) error {
	t.Helper()
	_, err := s.Classify(context.Background(), &oip.ClassifyRequest{Model: model, Pictures: files})
	return err
}

// wantLines fails unless each line is in what was scraped.
func wantLines(t *testing.T, got string, lines ...string) {
	t.Helper()
	for _, line := range lines {
		if !strings.Contains("\n"+got, "\n"+line+"\n") {
			t.Errorf("no line %q", line)
		}
	}
	if t.Failed() {
		for line := range strings.Lines(got) {
			if strings.HasPrefix(line, "octet_") || strings.HasPrefix(line, "nv_") {
				t.Log(strings.TrimSpace(line))
			}
		}
	}
}

func TestNamesFollowPrometheusRules(t *testing.T) {
	m, s := watched(t, MetricsOptions{Version: "v1"})
	if err := classify(t, s, "digits", servetest.Digit(t, "3")); err != nil {
		t.Fatal(err)
	}
	problems, err := testutil.GatherAndLint(m.registry)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range problems {
		t.Errorf("%s: %s", p.Metric, p.Text)
	}
}

func TestRequestsAreCounted(t *testing.T) {
	m, s := watched(t, MetricsOptions{Version: "v1", Level: "avx2"})
	for range 3 {
		if err := classify(t, s, "digits", servetest.Digit(t, "3"), servetest.Digit(t, "7")); err != nil {
			t.Fatal(err)
		}
	}
	if err := classify(t, s, "digits", []byte("no picture")); oip.CodeOf(err) != oip.Unsupported {
		t.Fatalf("got %v", err)
	}
	if err := classify(t, s, "nobody", servetest.Digit(t, "3")); oip.CodeOf(err) != oip.NotFound {
		t.Fatalf("got %v", err)
	}
	got := scrape(t, m)
	wantLines(t, got,
		`octet_requests_total{code="ok",model="digits",version="1"} 3`,
		`octet_requests_total{code="unsupported",model="digits",version="1"} 1`,
		`octet_requests_total{code="exhausted",model="digits",version="1"} 0`,
		`octet_requests_total{code="ok",model="other",version="1"} 0`,
		`octet_examples_total{model="digits",version="1"} 6`,
		`octet_request_duration_seconds_count{model="digits",version="1"} 4`,
		`octet_request_duration_seconds_bucket{model="digits",version="1",le="30"} 4`,
		`octet_queue_wait_seconds_count{model="digits",version="1"} 3`,
		`octet_decode_seconds_count{model="digits",version="1"} 3`,
		`octet_preprocess_seconds_count{model="digits",version="1"} 3`,
		`octet_batch_size_sum{model="digits",version="1"} 6`,
		`octet_queue_length{model="digits",version="1"} 0`,
		`octet_running_batches{model="other",version="1"} 0`,
		`octet_models_ready 2`,
		`octet_in_flight_bytes 0`,
		`octet_in_flight_limit_bytes 1.048576e+06`,
	)
	for _, part := range []string{`octet_build_info{goversion="go`, `level="avx2",version="v1"} 1`, "go_goroutines ", `octet_model_loaded_timestamp_seconds{model="digits",version="1"} 1.`} {
		if !strings.Contains(got, part) {
			t.Errorf("no %q", part)
		}
	}
	if strings.Contains(got, "nobody") || strings.Contains(got, "nv_") {
		t.Error("a model that is not there, or Triton's names, unasked")
	}
}

func TestAVersionThatHasGoneIsAnsweredOnceMore(t *testing.T) {
	m, s := watched(t, MetricsOptions{})
	if err := classify(t, s, "other", servetest.Digit(t, "3")); err != nil {
		t.Fatal(err)
	}
	wantLines(t, scrape(t, m), `octet_requests_total{code="ok",model="other",version="1"} 1`)
	if err := classify(t, s, "other", servetest.Digit(t, "3")); err != nil {
		t.Fatal(err)
	}
	if err := s.Unload("other"); err != nil {
		t.Fatal(err)
	}
	wantLines(t, scrape(t, m), `octet_requests_total{code="ok",model="other",version="1"} 2`, `octet_models_ready 1`)
	if got := scrape(t, m); strings.Contains(got, `model="other"`) {
		t.Errorf("got %s", got)
	}
	if err := s.Load(context.Background(), "other", nil); err != nil {
		t.Fatal(err)
	}
	wantLines(t, scrape(t, m), `octet_requests_total{code="ok",model="other",version="1"} 0`, `octet_models_ready 2`)
}

// No scrape comes in the first round: a server that nobody watches must not grow either.
func TestSeriesAreBoundedOverAThousandVersions(t *testing.T) {
	m, _ := watched(t, MetricsOptions{})
	for i := range 1000 {
		v := &repository.Version{Model: "digits", Number: int64(i + 2)}
		m.OnBatch(v, batch.Batch{Requests: 1, Examples: 1})
		m.Observe(oip.Observation{Model: "digits", Version: v.Version()})
	}
	if n := len(*m.series.Load()); n > mostSeries {
		t.Errorf("%d versions have series, want at most %d", n, mostSeries)
	}
	scrape(t, m)
	if n := testutil.CollectAndCount(m.families.requests); n != 2*int(oip.Codes) {
		t.Errorf("%d series of requests, want those of two models that serve", n)
	}
	for i, c := range m.families.times() {
		if n := testutil.CollectAndCount(c); n != 2 {
			t.Errorf("times %d: %d series, want those of two models that serve", i, n)
		}
	}
}

func TestCountingAllocatesNothing(t *testing.T) {
	m, s := watched(t, MetricsOptions{})
	v := s.Repository().Serving()[0]
	o := oip.Observation{Model: "digits", Version: "1", Examples: 1, Took: time.Millisecond,
		Times: oip.Times{Times: batch.Times{Queued: time.Now(), Wait: time.Microsecond}, Decode: time.Millisecond, Preprocess: time.Millisecond}}
	b := batch.Batch{Requests: 1, Examples: 4, Run: time.Millisecond}
	m.Observe(o)
	m.OnBatch(v, b)
	if n := testing.AllocsPerRun(100, func() { m.Observe(o); m.OnBatch(v, b) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func TestScrapesWhileModelsComeAndGo(t *testing.T) {
	m, s := watched(t, MetricsOptions{Triton: true})
	var all sync.WaitGroup
	for range 2 {
		all.Go(func() {
			for range 10 {
				scrape(t, m)
			}
		})
		all.Go(func() {
			for range 20 {
				_ = classify(t, s, "other", servetest.Digit(t, "3")) // which may be unloaded
			}
		})
	}
	all.Go(func() {
		for i := range 10 {
			if err := s.Unload("other"); err != nil {
				t.Error(err)
			}
			if err := s.Load(context.Background(), "other", nil); err != nil {
				t.Error(i, err)
			}
		}
	})
	all.Wait()
	wantLines(t, scrape(t, m), "octet_models_ready 2")
}

func TestTritonNames(t *testing.T) {
	m, s := watched(t, MetricsOptions{Triton: true})
	for range 3 {
		if err := classify(t, s, "digits", servetest.Digit(t, "3"), servetest.Digit(t, "7")); err != nil {
			t.Fatal(err)
		}
	}
	if err := classify(t, s, "digits", []byte("no picture")); err == nil {
		t.Fatal("want an error")
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := s.Classify(ctx, &oip.ClassifyRequest{Model: "digits", Pictures: [][]byte{servetest.Digit(t, "3")}}); err == nil {
		t.Fatal("want an error")
	}
	stats := s.Repository().Serving()[0].Stats
	stats.Failed(0, repository.FailInternal)
	stats.Failed(0, repository.FailRejected)
	snapshot := stats.Snapshot()
	got := scrape(t, m)
	wantLines(t, got,
		`# TYPE nv_inference_request_success counter`,
		`# TYPE nv_inference_pending_request_count gauge`,
		`nv_inference_request_success{model="digits",version="1"} 3`,
		`nv_inference_request_failure{model="digits",reason="OTHER",version="1"} 1`,
		`nv_inference_request_failure{model="digits",reason="CANCELED",version="1"} 1`,
		`nv_inference_request_failure{model="digits",reason="REJECTED",version="1"} 1`,
		`nv_inference_request_failure{model="digits",reason="BACKEND",version="1"} 1`,
		`nv_inference_count{model="digits",version="1"} 6`,
		fmt.Sprintf(`nv_inference_exec_count{model="digits",version="1"} %d`, snapshot.Executions),
		`nv_inference_pending_request_count{model="digits",version="1"} 0`,
		`nv_inference_count{model="other",version="1"} 0`,
	)
	for _, name := range []string{"request", "queue", "compute_input", "compute_infer", "compute_output"} {
		if !strings.Contains(got, "# TYPE nv_inference_"+name+"_duration_us counter\n") {
			t.Errorf("no counter of %s", name)
		}
	}
	if want := `nv_inference_request_duration_us{model="digits",version="1"} ` + strconv.FormatFloat(float64(snapshot.Success.Time.Microseconds()), 'g', -1, 64) + "\n"; !strings.Contains(got, want) {
		t.Errorf("no %q", want)
	}
}
