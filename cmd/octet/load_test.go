package main

import (
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/internal/digits"
	"github.com/octet-ml/octet/internal/testkit"
	"github.com/octet-ml/octet/serve/load"
)

// inferenceServer describes model "m" and answers each request by its number, from 1, and its body.
func inferenceServer(t *testing.T, infer func(n int64, w http.ResponseWriter, r *http.Request, body string)) *httptest.Server {
	t.Helper()
	var n atomic.Int64
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodGet {
			fmt.Fprint(w, `{"inputs":[{"name":"x","datatype":"FP32","shape":[-1,4]}]}`)
			return
		}
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		infer(n.Add(1), w, r, string(body))
	}))
	s.Config.ErrorLog = log.New(io.Discard, "", 0)
	t.Cleanup(s.Close)
	return s
}

func TestLoadPrintsWhatBecameOfRequests(t *testing.T) {
	s := inferenceServer(t, func(n int64, w http.ResponseWriter, _ *http.Request, _ string) {
		if n%4 == 0 {
			http.Error(w, "queue is full", http.StatusTooManyRequests)
		}
	})
	s.Start()
	html := filepath.Join(t.TempDir(), "load.html")
	args := []string{"load", s.URL, "--model", "m", "--requests", "20", "--rate", "2000", "--html", html}
	status, out, errs := octet(nil, append(args, "--expect", "200,429")...)
	if status != 0 || errs != "" {
		t.Fatalf("status %d: %s", status, errs)
	}
	for _, want := range []string{"open loop  2000 requests/s, constant", "sent       20 in", "good       15,", "75.00 %", "25.00 %", "p99.9", `429, the first: "queue is full\n"`, "Times of 200, ms:", "#"} {
		if !strings.Contains(out, want) {
			t.Errorf("no %q in\n%s", want, out)
		}
	}
	page, err := os.ReadFile(html)
	if err != nil || strings.Count(string(page), "<svg") != 2 || !strings.Contains(string(page), "25.00 %") {
		t.Errorf("%v in %.3000s", err, page)
	}
	testkit.CheckPage(t, string(page))
	status, out, errs = octet(nil, append(args, "--expect", "200", "--json")...)
	var r load.Report
	if err := json.Unmarshal([]byte(out), &r); err != nil || r.Sent != 20 || r.Good != 15 || r.Of("429").Latency.Count != 5 {
		t.Errorf("%v in %s", err, out)
	}
	if status != 1 || !strings.Contains(errs, "--expect 200: also got 429") {
		t.Errorf("status %d: %s", status, errs)
	}
}

func TestLoadSendsFilesAndHeaders(t *testing.T) {
	model, picture := files(t)
	dir := filepath.Dir(picture)
	tensor, token := filepath.Join(dir, "x.npy"), filepath.Join(dir, "token")
	x := graph.NewTensor(graph.Float32, 6, 4)
	copy(x.Data, "somewhere in the tensor")
	if err := writeTensor(tensor, x); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(token, []byte("secret\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		args   []string
		path   string
		holds  string
		inputs int
	}{
		{[]string{"--tensors", tensor, "--batch", "2"}, "/v2/models/m/infer", string(x.Data[:32]), 3},
		{[]string{"--tensors", tensor, "--batch", "6", "--protocol", "http-json", "--version", "7"}, "/v2/models/m/versions/7/infer", `"shape":[6,4]`, 1},
		{[]string{"--tensors", "random", "--inputs", "5"}, "/v2/models/m/infer", `"shape":[1,4]`, 5},
		{[]string{"--pictures", dir}, "/v1/classify/m", string(digits.Picture()), 1}, // the model there is no picture
		{[]string{"--pictures", model}, "/v1/classify/m", string(digits.Model()), 1},
		{[]string{"--pictures", picture, "--protocol", "http-bytes"}, "/v2/models/m/infer", "BYTES", 1},
	} {
		s := inferenceServer(t, func(n int64, w http.ResponseWriter, r *http.Request, body string) {
			if r.URL.Path != c.path || r.Header.Get("X-Test") != "a: b" || r.Header.Get("Authorization") != "Bearer secret" {
				t.Errorf("%v: %s with %v", c.args, r.URL.Path, r.Header)
			}
			if n == 1 && !strings.Contains(body, c.holds) {
				t.Errorf("%v: no %.100q in %.300q", c.args, c.holds, body)
			}
		})
		s.Start()
		args := append([]string{"load", s.URL, "--model", "m", "--requests", "3", "--json", "--expect", "200", "--header", "X-Test: a: b", "--token-file", token}, c.args...)
		status, out, errs := octet(nil, args...)
		var r load.Report
		if err := json.Unmarshal([]byte(out), &r); status != 0 || err != nil || r.Inputs != c.inputs || r.Good != 3 {
			t.Errorf("%v: status %d, %v: %s%s", c.args, status, err, out, errs)
		}
	}
}

func TestLoadChecksAnswers(t *testing.T) {
	s := inferenceServer(t, func(n int64, w http.ResponseWriter, _ *http.Request, _ string) { fmt.Fprint(w, n/5) })
	s.Start()
	args := []string{"load", s.URL, "--model", "m", "--inputs", "1", "--check", "--requests"}
	if status, out, errs := octet(nil, append(args, "4")...); status != 0 || !strings.Contains(out, "checked    4 good answers, 0 differ") {
		t.Errorf("status %d: %s%s", status, out, errs)
	}
	s = inferenceServer(t, func(n int64, w http.ResponseWriter, _ *http.Request, _ string) { fmt.Fprint(w, n/5) })
	s.Start()
	args[1] = s.URL
	if status, out, errs := octet(nil, append(args, "5")...); status != 1 || !strings.Contains(out, "5 good answers, 1 differ") || !strings.Contains(errs, "1 of 5 answers differ") {
		t.Errorf("status %d: %s%s", status, out, errs)
	}
}

func TestLoadChecksCertificates(t *testing.T) {
	s := inferenceServer(t, func(int64, http.ResponseWriter, *http.Request, string) {})
	s.StartTLS()
	ca := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(ca, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s.Certificate().Raw}), 0o600); err != nil {
		t.Fatal(err)
	}
	args := []string{"load", s.URL, "--model", "m", "--requests", "2", "--expect", "200"}
	for flag, want := range map[string]int{"--ca=" + ca: 0, "--insecure": 0, "--quiet": 1} {
		if status, out, errs := octet(nil, append(args, flag)...); status != want || want == 1 && !strings.Contains(errs, "certificate") {
			t.Errorf("%s: status %d: %s%s", flag, status, out, errs)
		}
	}
}

func TestWrongLoadArguments(t *testing.T) {
	model, _ := files(t)
	empty := t.TempDir()
	for _, c := range []struct {
		status int
		want   string
		args   []string
	}{
		{2, "arg", nil},
		{2, "--model is missing", []string{"http://h"}},
		{2, "want http, https, grpc or grpcs", []string{"h:8000", "--model", "m"}},
		{2, "want one of [http ", []string{"http://h", "--model", "m", "--protocol", "smtp"}},
		{2, "does not go with", []string{"grpc://h:1", "--model", "m", "--protocol", "http"}},
		{2, "exclude each other", []string{"http://h", "--model", "m", "--rate", "1", "--clients", "1"}},
		{2, "exclude each other", []string{"http://h", "--model", "m", "--pictures", "a", "--tensors", "b"}},
		{2, "arrivals", []string{"http://h", "--model", "m", "--arrivals", "poisson"}},
		{2, "arrivals", []string{"http://h", "--model", "m", "--rate", "5", "--arrivals", "tidal"}},
		{2, "--header", []string{"http://h", "--model", "m", "--header", "none"}},
		{2, "--cert and --key", []string{"http://h", "--model", "m", "--cert", "c.pem"}},
		{2, "--ca and --insecure", []string{"http://h", "--model", "m", "--ca", "c.pem", "--insecure"}},
		{2, "invalid argument", []string{"http://h", "--model", "m", "--rate", "fast"}},
		{1, "absent", []string{"http://h", "--model", "m", "--pictures", "absent"}},
		{1, "no file is a picture", []string{"http://h", "--model", "m", "--pictures", empty}},
		{1, "digits.onnx", []string{"http://h", "--model", "m", "--tensors", model}},
		{1, "no certificate", []string{"http://h", "--model", "m", "--ca", model}},
		{1, "absent", []string{"http://h", "--model", "m", "--token-file", "absent"}},
	} {
		status, _, errs := octet(nil, append([]string{"load"}, c.args...)...)
		if status != c.status || !strings.Contains(errs, c.want) {
			t.Errorf("%v: status %d: %s", c.args, status, errs)
		}
	}
	status, out, _ := octet(nil, "load", "--help")
	for _, want := range []string{"http-bytes", "--max-in-flight", "not sent", "--check"} {
		if status != 0 || !strings.Contains(out, want) {
			t.Errorf("help: status %d, no %q in %s", status, want, out)
		}
	}
}
