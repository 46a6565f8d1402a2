package main

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"testing"
)

// seven returns a picture file of a seven.
func seven(t *testing.T) []byte {
	t.Helper()
	data, err := os.ReadFile("../7.png")
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func TestAPictureIsAnsweredByDigits(t *testing.T) {
	s := httptest.NewServer(http.HandlerFunc(classify))
	defer s.Close()
	data := seven(t)
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			r, err := http.Post(s.URL, "image/png", bytes.NewReader(data))
			if err != nil {
				t.Error(err)
				return
			}
			defer r.Body.Close()
			var answers []answer
			if err := json.NewDecoder(r.Body).Decode(&answers); err != nil || r.StatusCode != http.StatusOK || r.Header.Get("Content-Type") != "application/json" {
				t.Errorf("status %d, %v", r.StatusCode, err)
			}
			if len(answers) != 3 || answers[0].Label != "7" || answers[0].Probability < 0.9 {
				t.Errorf("got %v", answers)
			}
		})
	}
	all.Wait()
}

func TestOtherRequestsAreRefused(t *testing.T) {
	for _, c := range []struct {
		name, method, body string
		want               int
	}{
		{"no picture", http.MethodPost, "text", http.StatusUnsupportedMediaType},
		{"nothing", http.MethodPost, "", http.StatusUnsupportedMediaType},
		{"a part of one", http.MethodPost, string(seven(t)[:100]), http.StatusUnsupportedMediaType},
		{"too much", http.MethodPost, strings.Repeat("x", maxPicture+1), http.StatusRequestEntityTooLarge},
		{"GET", http.MethodGet, "", http.StatusMethodNotAllowed},
	} {
		w := httptest.NewRecorder()
		classify(w, httptest.NewRequest(c.method, "/", strings.NewReader(c.body)))
		if w.Code != c.want {
			t.Errorf("%s: status %d, want %d: %s", c.name, w.Code, c.want, w.Body)
		}
	}
}

func TestAnAddressInUseIsAnError(t *testing.T) {
	s := httptest.NewServer(http.NotFoundHandler())
	defer s.Close()
	if err := run(strings.TrimPrefix(s.URL, "http://")); err == nil {
		t.Error("no error")
	}
}
