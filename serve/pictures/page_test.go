package pictures_test

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/octet-ml/octet/serve/internal/servetest"
	"github.com/octet-ml/octet/serve/oip"
	"github.com/octet-ml/octet/serve/pictures"
	"github.com/octet-ml/octet/serve/repository"
)

// get returns the answer to a GET request.
func get(t testing.TB, h http.Handler, path string) *http.Response {
	t.Helper()
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest(http.MethodGet, path, nil))
	return w.Result()
}

// content returns the body of a file of the page.
func content(t testing.TB, h http.Handler, path string) string {
	t.Helper()
	r := get(t, h, path)
	data, err := io.ReadAll(r.Body)
	if err != nil || r.StatusCode != http.StatusOK {
		t.Fatalf("%s: %s, %v", path, r.Status, err)
	}
	return string(data)
}

var (
	loads   = regexp.MustCompile(`(?:src|href)="([^"]*)"|from "([^"]*)"`)
	outside = regexp.MustCompile(`(?i)https?:|//[a-z]|\burl\(|@import|innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(|\sstyle=|\son[a-z]+=`)
	ids     = regexp.MustCompile(`by\("([a-z_]+)"\)`)
)

// The page must work where there is no other network than to its server, and names of models and labels must stay text.
func TestThePageLoadsNothingFromOutside(t *testing.T) {
	h := pictures.New(servetest.Service(t), pictures.Options{Sample: servetest.Digit(t, "7")})
	queue, seen := []string{"/"}, map[string]string{}
	for len(queue) > 0 {
		path := queue[0]
		queue = queue[1:]
		if _, ok := seen[path]; ok {
			continue
		}
		text := content(t, h, path)
		seen[path] = text
		for _, m := range loads.FindAllStringSubmatch(text, -1) {
			queue = append(queue, "/"+strings.TrimPrefix(m[1]+m[2], "./"))
		}
		if found := outside.FindString(strings.ReplaceAll(text, "http://www.w3.org/2000/svg", "")); found != "" {
			t.Errorf("%s has %q", path, found)
		}
	}
	for _, path := range []string{"/page.js", "/live.js", "/server.js", "/style.css", "/icon.svg"} {
		if seen[path] == "" {
			t.Errorf("the page does not load %s", path)
		}
	}
	for _, m := range ids.FindAllStringSubmatch(seen["/page.js"], -1) {
		if !strings.Contains(seen["/"], `id="`+m[1]+`"`) {
			t.Errorf("page.js uses the element %q, which the page has not", m[1])
		}
	}
	for _, m := range regexp.MustCompile(`<(?:input|select)[^>]* id="([a-z]+)"`).FindAllStringSubmatch(seen["/"], -1) {
		if id := regexp.QuoteMeta(m[1]); !regexp.MustCompile(`<label[^>]* for="` + id + `"|<label[^>]*>[^<]+<input id="` + id + `"`).MatchString(seen["/"]) {
			t.Errorf("the element %q has no label", m[1])
		}
	}
}

func TestThePageHasItsHeaders(t *testing.T) {
	h := pictures.New(servetest.Service(t), pictures.Options{})
	kinds := map[string]string{
		"/": "text/html; charset=utf-8", "/page.js": "text/javascript; charset=utf-8", "/style.css": "text/css; charset=utf-8",
		"/icon.svg": "image/svg+xml", "/v1/status": "application/json", "/nothing": "application/json",
	}
	for path, kind := range kinds {
		r := get(t, h, path)
		policy := r.Header.Get("Content-Security-Policy")
		if !strings.Contains(policy, "default-src 'none'") || strings.Contains(policy, "unsafe") {
			t.Errorf("%s: Content-Security-Policy %q", path, policy)
		}
		if got := r.Header.Get("Content-Type"); got != kind || r.Header.Get("X-Content-Type-Options") != "nosniff" {
			t.Errorf("%s: Content-Type %q, want %q", path, got, kind)
		}
		tag := r.Header.Get("ETag")
		if tag == "" {
			continue
		}
		again := httptest.NewRequest(http.MethodGet, path, nil)
		again.Header.Set("If-None-Match", tag)
		w := httptest.NewRecorder()
		h.ServeHTTP(w, again)
		if w.Code != http.StatusNotModified {
			t.Errorf("%s: status %d for what the client has", path, w.Code)
		}
	}
}

func TestTheSampleIsOfferedWhereThereIsOne(t *testing.T) {
	s, seven := servetest.Service(t), servetest.Digit(t, "7")
	with, without := pictures.New(s, pictures.Options{Sample: seven}), pictures.New(s, pictures.Options{})
	const button = `id="sample"`
	if !strings.Contains(content(t, with, "/"), button) || strings.Contains(content(t, without, "/"), button) {
		t.Error("the button of the sample")
	}
	if r := get(t, with, "/sample"); r.Header.Get("Content-Type") != "image/png" || !bytes.Equal([]byte(content(t, with, "/sample")), seven) {
		t.Errorf("the sample: %v", r.Header)
	}
	if r := get(t, without, "/sample"); r.StatusCode != http.StatusNotFound {
		t.Errorf("no sample: %s", r.Status)
	}
}

func TestStatus(t *testing.T) {
	folder := servetest.Folder(t, "digits", "other")
	if err := os.MkdirAll(filepath.Join(folder, "broken", "1"), 0o755); err != nil {
		t.Fatal(err)
	}
	servetest.Write(t, folder, "broken/1/model.onnx", []byte("no model"))
	o := new(pictures.Observer)
	s := oip.NewService(servetest.Repository(t, repository.Options{Dir: folder, OnBatch: o.ObserveBatch}), oip.Options{Observe: o.Observe, Budget: oip.NewBudget(1 << 20)})
	h := pictures.New(s, pictures.Options{Observer: o})
	ask(t, h, post("/v1/classify/digits", "", servetest.Digit(t, "7")), http.StatusOK)
	ask(t, h, post("/v1/classify/digits", "", []byte("no picture")), http.StatusUnsupportedMediaType)
	type document struct {
		Ready  bool
		Bytes  struct{ Used, Limit int64 }
		Models []struct {
			Name, Version, State, Reason string
			Serving                      *struct {
				Pictures         bool
				Classes          int
				Max_batch        int
				Waiting, Running int
				Total            struct{ Succeeded, Failed, Rejected, Examples, Batches uint64 }
				Minute           *struct {
					Requests, Failed                           uint64
					Rate                                       float64
					Mean_batch, Latency_p50_ms, Latency_p99_ms *float64
				}
			}
		}
	}
	var d document
	if err := json.Unmarshal([]byte(content(t, h, "/v1/status")), &d); err != nil {
		t.Fatal(err)
	}
	if d.Ready || d.Bytes.Limit != 1<<20 || d.Bytes.Used != 0 || len(d.Models) != 3 {
		t.Fatalf("got %+v", d)
	}
	if b := d.Models[0]; b.Name != "broken" || b.State != "UNAVAILABLE" || b.Reason == "" || b.Serving != nil {
		t.Errorf("broken: %+v", b)
	}
	v := d.Models[1].Serving
	if v == nil || !v.Pictures || v.Classes != 10 || v.Max_batch != 8 || v.Waiting != 0 {
		t.Fatalf("digits: %+v", v)
	}
	if v.Total.Succeeded != 1 || v.Total.Failed != 1 || v.Total.Examples != 1 || v.Total.Batches != 1 {
		t.Errorf("digits: %+v", v.Total)
	}
	if m := v.Minute; m == nil || m.Requests != 2 || m.Failed != 1 || m.Mean_batch == nil || *m.Mean_batch != 1 || m.Latency_p99_ms == nil || *m.Latency_p99_ms <= 0 {
		t.Errorf("digits: %+v", m)
	}
	if m := d.Models[2].Serving.Minute; m == nil || m.Requests != 0 || m.Latency_p50_ms != nil || m.Mean_batch != nil {
		t.Errorf("other: %+v", m)
	}
	var unobserved document
	if err := json.Unmarshal([]byte(content(t, pictures.New(s, pictures.Options{}), "/v1/status")), &unobserved); err != nil || unobserved.Models[1].Serving.Minute != nil {
		t.Errorf("without an observer: %+v, %v", unobserved.Models[1].Serving.Minute, err)
	}
}
