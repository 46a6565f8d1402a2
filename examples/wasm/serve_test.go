//go:build !js

package main

import (
	"errors"
	"io"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

func TestServesWithThePolicy(t *testing.T) {
	w := httptest.NewRecorder()
	handler("web").ServeHTTP(w, httptest.NewRequest("GET", "/page.js", nil))
	if w.Code != 200 || !strings.HasPrefix(w.Header().Get("Content-Type"), "text/javascript") {
		t.Errorf("status %d, type %q", w.Code, w.Header().Get("Content-Type"))
	}
	if w.Header().Get("Content-Security-Policy") == "" || w.Header().Get("Cross-Origin-Embedder-Policy") == "" {
		t.Errorf("headers %v", w.Header())
	}
}

func TestAFolderWithoutThePageIsAnError(t *testing.T) {
	if err := run([]string{"-dir", t.TempDir()}, io.Discard); !errors.Is(err, errNoPage) {
		t.Errorf("got %v, want %v", err, errNoPage)
	}
}

// TestThePageFitsItsPolicy: from a server that sends no headers, the page's own policy holds; it cannot say frame-ancestors.
func TestThePageFitsItsPolicy(t *testing.T) {
	data, err := os.ReadFile(filepath.Join("web", "index.html"))
	if err != nil {
		t.Fatal(err)
	}
	page := string(data)
	want, _, _ := strings.Cut(headers["Content-Security-Policy"], "; frame-ancestors")
	if !strings.Contains(page, `content="`+want+`"`) {
		t.Errorf("index.html does not name the policy %s", want)
	}
	for _, bad := range []string{`<script>`, `<style`, ` style="`, ` on\w+="`, `https?://`} {
		if m := regexp.MustCompile(bad).FindString(page); m != "" {
			t.Errorf("index.html has %s, which the policy forbids", m)
		}
	}
}

// TestTheServiceWorkerNamesEveryFile: what it does not fetch when it is installed is missing offline.
func TestTheServiceWorkerNamesEveryFile(t *testing.T) {
	data, err := os.ReadFile(filepath.Join("web", "offline.js"))
	if err != nil {
		t.Fatal(err)
	}
	entries, err := os.ReadDir("web")
	if err != nil {
		t.Fatal(err)
	}
	names := []string{"octet.wasm", "wasm_exec.js", "digits.onnx", "3.png", "7.png", "8.png"}
	for _, e := range entries {
		if e.Name() != "offline.js" && e.Name() != "index.html" {
			names = append(names, e.Name())
		}
	}
	for _, name := range names {
		if !strings.Contains(string(data), `"`+name+`"`) {
			t.Errorf("offline.js does not name %s", name)
		}
	}
}
