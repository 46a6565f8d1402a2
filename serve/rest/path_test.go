package rest_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/octet-ml/octet/serve/internal/servetest"
	"github.com/octet-ml/octet/serve/rest"
)

// Whatever the path, the answer is the protocol's, and no name reaches past the repository.
func FuzzPath(f *testing.F) {
	for _, path := range []string{
		"/v2", "/v2/", "/v2/health/live", "/v2/models/digits", "/v2/models/digits/versions/1/infer", "/v2/models/digits/versions/01/ready",
		"/v2/models/..%2f..%2fetc%2fpasswd", "/v2/models/%2e%2e/ready", "/v2/models/../health/live", "/v2/models/digits%2fversions%2f1/ready",
		"/v2/models/%00/infer", "/v2/models/%ff/config", "/v2/models/stats/stats", "/v2/repository/models/..%5cx/load", "/v2/repository/models/%2e/unload",
		"//v2/models", "/v2//models/digits", "/v2/models/digits/", "/v2/./models", "/v2/models/digits?a=b#c", "/", "/v2/models/digits/versions/-1/infer",
		"/v2/models/digits/versions/99999999999999999999/infer", "/v2/models/é/stats", "/v2/models/" + strings.Repeat("a", 5000),
	} {
		f.Add(path, false)
		f.Add(path, true)
	}
	h := rest.New(servetest.Service(f), rest.Options{})
	f.Fuzz(func(t *testing.T, path string, post bool) {
		u, err := url.ParseRequestURI(path)
		if err != nil || u.Host != "" || !strings.HasPrefix(path, "/") {
			return
		}
		method := "GET"
		if post {
			method = "POST"
		}
		r := httptest.NewRequest(method, "/", strings.NewReader(""))
		r.URL = u
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		if w.Code >= 300 && w.Code < 400 {
			t.Errorf("%s %q leads to %q", method, path, w.Header().Get("Location"))
		}
		if w.Code >= http.StatusInternalServerError && w.Code != http.StatusServiceUnavailable {
			t.Errorf("%s %q: %d %s", method, path, w.Code, w.Body)
		}
		var doc map[string]any
		if w.Code >= 400 && (json.Unmarshal(w.Body.Bytes(), &doc) != nil || doc["error"] == nil && doc["ready"] == nil) {
			t.Errorf("%s %q: %d %s: want an error", method, path, w.Code, w.Body)
		}
		if w.Code == 200 && strings.Contains(u.Path, "..") && !strings.Contains(u.RawQuery+u.Fragment, "..") {
			t.Errorf("%s %q was answered: %s", method, path, w.Body)
		}
	})
}

func TestPathsThatAreNotPlain(t *testing.T) {
	h := rest.New(servetest.Service(t), rest.Options{})
	for path, want := range map[string]int{
		"/v2/models/digits":                            200,
		"/v2/models/%64igits":                          200, // an escape that is not needed
		"/v2/models/digits%2fready":                    404, // a name with a slash in it
		"/v2/models/..%2fmodels%2fdigits":              404,
		"/v2/models/%2e%2e/ready":                      404,
		"/v2/models/../models/digits":                  404,
		"/v2/models/digits/versions/1":                 200,
		"/v2/models/digits/versions/01":                400,
		"/v2/models/digits/versions/+1":                400,
		"/v2/models/digits/versions/1/../../../digits": 404,
		"/v2/models/digits%00":                         404,
		"/V2/models/digits":                            404,
	} {
		r := httptest.NewRequest("GET", "/", nil)
		var err error
		if r.URL, err = url.ParseRequestURI(path); err != nil {
			t.Fatal(err)
		}
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		if w.Code != want {
			t.Errorf("%s: %d %s, want %d", path, w.Code, w.Body, want)
		}
	}
}
