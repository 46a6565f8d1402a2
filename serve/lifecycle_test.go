package serve_test

import (
	"context"
	"net/http"
	"os"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/octet-ml/octet/serve"
	"github.com/octet-ml/octet/serve/internal/servetest"
	"github.com/octet-ml/octet/serve/load"
	"github.com/octet-ml/octet/serve/oip"
	"github.com/octet-ml/octet/serve/repository"
)

// soak reports whether tests are to take minutes: OCTET_SOAK=1.
func soak() bool { return os.Getenv("OCTET_SOAK") == "1" }

// Requests meet 50 reloads, 20 cycles of unloading and loading, and the end of the server. None that was accepted is lost, none is
// answered by anything but the whole model: what the server counts as answered is what clients got, byte for byte as ever.
func TestNothingIsLostWhileModelsComeAndGo(t *testing.T) {
	requests := 8000
	if soak() {
		requests = 100_000
	}
	var answered, got atomic.Int64 // by the server, and what clients got
	folder := servetest.Folder(t, "digits", "other")
	s := start(t, serve.Options{Models: repository.Options{Dir: folder}, Watch: true, AllowChange: true, DrainDelay: 50 * time.Millisecond,
		Observe: func(o oip.Observation) {
			switch o.Code {
			case oip.OK:
				answered.Add(1)
			case oip.Unavailable:
			default:
				t.Errorf("a request for %s ended by %v", o.Model, o.Code)
			}
		}})
	var mu sync.Mutex
	codes := make(map[string]int) // by model and code
	progress := make(chan int, requests)
	client := func(model string, requests int) (*load.Report, error) {
		return load.Run(context.Background(), load.Options{
			URL: s.url("http", ""), Model: model, Clients: 8, Requests: requests, Check: true,
			OnResponse: func(r load.Response) {
				if model == "digits" {
					progress <- r.Index
				}
				mu.Lock()
				defer mu.Unlock()
				codes[model+" "+r.Code]++
				if r.Code == "200" {
					got.Add(1)
				}
			},
		})
	}
	var all sync.WaitGroup
	for _, model := range []string{"digits", "other"} {
		all.Go(func() {
			n := requests
			if model == "other" {
				n = requests / 8
			}
			r, err := client(model, n)
			if err != nil {
				t.Error(err)
				return
			}
			if r.Mismatches > 0 {
				t.Errorf("%s: %d answers differ: %s", model, r.Mismatches, r.Mismatch)
			}
		})
	}
	// Changes are spread over the requests: the last 3 % meet the end of the server.
	seen, changes := 0, 0
	wait := func(n int) {
		for seen < n {
			<-progress
			seen++
		}
	}
	for i := range 50 {
		wait(requests * (i + 1) / 53)
		var err error
		if i%2 == 0 {
			err = s.Service().Load(context.Background(), "digits", nil)
		} else {
			servetest.Write(t, folder, "digits/1/model.onnx", servetest.Digits(t))
		}
		if err != nil {
			t.Error(err)
		}
		if i%5 < 2 {
			if err := s.Service().Unload("other"); err != nil {
				t.Error(err)
			}
			if err := s.Service().Load(context.Background(), "other", nil); err != nil {
				t.Error(err)
			}
			changes++
		}
	}
	wait(requests * 97 / 100)
	if changes != 20 {
		t.Errorf("%d cycles of unloading and loading, want 20", changes)
	}
	if err := s.end(); err != nil {
		t.Error(err)
	}
	all.Wait()
	for code, n := range codes {
		switch code {
		case "digits 200", "other 200":
		case "other 503": // while it is unloaded, and at the end
		case "digits 503", "digits refused", "other refused", "digits closed", "other closed", "digits reset", "other reset":
			// Connections that the server had not taken from the system yet are reset; nobody has read what came by them.
			if n > requests*3/100+16 {
				t.Errorf("%s: %d times, more than the requests at the end", code, n)
			}
		default:
			t.Errorf("%s: %d times", code, n)
		}
	}
	if answered.Load() != got.Load() {
		t.Errorf("the server answered %d requests, clients got %d answers", answered.Load(), got.Load())
	}
	t.Logf("%d requests: %v", requests, codes)
	http.DefaultClient.CloseIdleConnections()
}
