package load

import (
	"bufio"
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"mime"
	"net"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// described is a server that describes model "a/b" with an input "x" of FP32 in any batch of four, and leaves the rest to a handler.
func described(t *testing.T, rest http.HandlerFunc) *httptest.Server {
	t.Helper()
	mux := http.NewServeMux()
	for _, path := range []string{"/v2/models/{model}", "/v2/models/{model}/versions/{version}"} {
		mux.HandleFunc("GET "+path, func(w http.ResponseWriter, r *http.Request) {
			if r.PathValue("model") != "a/b" {
				http.Error(w, `{"error":"no such model"}`, http.StatusNotFound)
				return
			}
			fmt.Fprint(w, `{"name":"a/b","versions":["1"],"platform":"x","inputs":[{"name":"x","datatype":"FP32","shape":[-1,4]}],"outputs":[]}`)
		})
		mux.HandleFunc("POST "+path+"/infer", rest)
	}
	mux.HandleFunc("POST /v1/classify/{model}", rest)
	mux.HandleFunc("POST /v1/classify/{model}/{version}", rest)
	s := httptest.NewServer(mux)
	t.Cleanup(s.Close)
	return s
}

// run runs a load of model "a/b" that must succeed.
func run(t *testing.T, o Options) *Report {
	t.Helper()
	o.Model = "a/b"
	r, err := Run(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// brief is a report's outcomes in short.
func brief(r *Report) (text string) {
	for _, o := range r.Outcomes {
		text += fmt.Sprintf("%s: %d (%s) ", o.Code, o.Latency.Count, o.Example)
	}
	return text
}

func TestRequestsOfEachProtocolOverHTTP(t *testing.T) {
	jpeg, png := []byte("\xff\xd8\xff\xe0 a JPEG"), []byte("\x89PNG\r\n\x1a\n a PNG")
	tensor := Tensor{"FP32", []int64{2, 4}, append(bytes.Repeat([]byte{0, 0, 0, 0x3f}, 4), bytes.Repeat([]byte{0, 0, 0, 0x40}, 4)...)}
	for name, c := range map[string]struct {
		o    Options
		path string
		want map[string]bool // bodies, by what must be in them
		head map[string]string
	}{
		"tensors": {Options{Tensors: []Tensor{tensor}}, "/v2/models/a%2Fb/infer",
			map[string]bool{string(tensor.Data[:16]): true, string(tensor.Data[16:]): true}, map[string]string{"Content-Type": "application/octet-stream"}},
		"tensors of a batch": {Options{Tensors: []Tensor{tensor}, Batch: 2, Version: "3"}, "/v2/models/a%2Fb/versions/3/infer",
			map[string]bool{string(tensor.Data): true}, nil},
		"JSON": {Options{Tensors: []Tensor{tensor}, Protocol: HTTPJSON}, "/v2/models/a%2Fb/infer",
			map[string]bool{`"data":[0.5,0.5,0.5,0.5]`: true, `"data":[2,2,2,2]`: true}, map[string]string{"Content-Type": "application/json", "Inference-Header-Content-Length": ""}},
		"pictures as BYTES": {Options{Pictures: [][]byte{jpeg, png}, Protocol: HTTPBytes}, "/v2/models/a%2Fb/infer",
			map[string]bool{string([]byte{byte(len(jpeg)), 0, 0, 0}) + string(jpeg): true, string([]byte{byte(len(png)), 0, 0, 0}) + string(png): true}, nil},
		"a picture": {Options{Pictures: [][]byte{jpeg}}, "/v1/classify/a%2Fb",
			map[string]bool{string(jpeg): true}, map[string]string{"Content-Type": "image/jpeg"}},
		"pictures": {Options{Pictures: [][]byte{jpeg, png}, Batch: 2, Version: "3"}, "/v1/classify/a%2Fb/3",
			map[string]bool{string(jpeg): true, string(png): true}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			var mu sync.Mutex
			missing := make(map[string]bool)
			for text := range c.want {
				missing[text] = true
			}
			s := described(t, func(w http.ResponseWriter, r *http.Request) {
				body, err := io.ReadAll(r.Body)
				mu.Lock()
				defer mu.Unlock()
				if err != nil || r.URL.EscapedPath() != c.path || r.Header.Get("X-Test") != "yes" || r.Host != "elsewhere" {
					t.Errorf("%v, %s, %v", err, r.URL.EscapedPath(), r.Header)
				}
				if n := r.Header.Get("Inference-Header-Content-Length"); n != "" {
					length, _ := strconv.Atoi(n)
					if !json.Valid(body[:length]) {
						t.Errorf("header %q", body[:length])
					}
				}
				for name, value := range c.head {
					if r.Header.Get(name) != value {
						t.Errorf("%s: %q, want %q", name, r.Header.Get(name), value)
					}
				}
				if kind, parameters, _ := mime.ParseMediaType(r.Header.Get("Content-Type")); kind == "multipart/form-data" {
					if n := strings.Count(string(body), "--"+parameters["boundary"]); n != 3 {
						t.Errorf("%d boundaries", n)
					}
				}
				for text := range c.want {
					if bytes.Contains(body, []byte(text)) {
						delete(missing, text)
					}
				}
			})
			c.o.URL, c.o.Requests, c.o.Header = s.URL+"/", 4, http.Header{"x-test": {"yes"}, "Host": {"elsewhere"}}
			if r := run(t, c.o); r.Good != 4 || len(missing) > 0 {
				t.Errorf("%+v, never sent %v", r, missing)
			}
		})
	}
}

func TestTheServersStatusIsTheOutcome(t *testing.T) {
	var n atomic.Int64
	s := described(t, func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		switch n.Add(1) {
		case 2:
			w.Header().Set("Retry-After", "3")
			http.Error(w, "queue is full", http.StatusTooManyRequests)
		case 3:
			http.Error(w, "draining", http.StatusServiceUnavailable)
		case 4:
			http.Error(w, "late", http.StatusGatewayTimeout)
		case 5:
			http.Redirect(w, r, "/elsewhere", http.StatusFound)
		}
	})
	var responses []Response
	r := run(t, Options{URL: s.URL, Requests: 6, OnResponse: func(r Response) {
		r.Body = bytes.Clone(r.Body)
		responses = append(responses, r)
	}})
	for code, want := range map[string]int64{"200": 2, "429": 1, "503": 1, "504": 1, "302": 1} {
		if o := r.Of(code); o.Latency.Count != want || !o.Answer || o.Good != (code == "200") {
			t.Errorf("%s: %+v", code, o)
		}
	}
	if n.Load() != 6 || r.Sent != 6 || r.Answered != 6 || r.Good != 2 || r.Outcomes[0].Code != "200" || r.Of("429").Example != "queue is full\n" {
		t.Errorf("%d requests came: %+v", n.Load(), r)
	}
	if busy := responses[1]; busy.Code != "429" || busy.Header.Get("Retry-After") != "3" || string(busy.Body) != "queue is full\n" || busy.Index != 1 || busy.Input != 1 || busy.Done.Before(busy.Sent) {
		t.Errorf("%+v", busy)
	}
}

// raw is a server that describes a model whose examples have so many bytes, and hands connections with an inference request whose header has been read to a function.
func raw(t *testing.T, size int, infer func(n int, c *net.TCPConn, body io.Reader, length int64)) (url string, requests *atomic.Int64) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	requests = new(atomic.Int64)
	var group sync.WaitGroup
	t.Cleanup(func() { l.Close(); group.Wait() })
	group.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			group.Go(func() {
				defer c.Close()
				in := bufio.NewReader(c)
				for {
					req, err := http.ReadRequest(in)
					if err != nil {
						return
					}
					if req.Method == http.MethodGet {
						text := fmt.Sprintf(`{"inputs":[{"name":"x","datatype":"UINT8","shape":[-1,%d]}]}`, size)
						fmt.Fprintf(c, "HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s", len(text), text)
						continue
					}
					infer(int(requests.Add(1)), c.(*net.TCPConn), req.Body, req.ContentLength)
				}
			})
		}
	})
	return "http://" + l.Addr().String(), requests
}

// A body of 32 MiB is more than what the buffers of a connection hold: the server answers, and resets the connection, while it is
// being written.
func TestAnEarlyAnswerCountsThoughTheServerDoesNotReadTheBody(t *testing.T) {
	url, requests := raw(t, 32<<20, func(_ int, c *net.TCPConn, _ io.Reader, _ int64) {
		fmt.Fprint(c, "HTTP/1.1 429 Too Many Requests\r\nRetry-After: 1\r\nConnection: close\r\nContent-Length: 4\r\n\r\nbusy")
		c.Close() // with unread data, which resets the connection
	})
	r := run(t, Options{URL: url, Requests: 20, Inputs: 1, Clients: 2})
	if o := r.Of("429"); o.Latency.Count != 20 || o.Example != "busy" || requests.Load() != 20 {
		t.Errorf("%d requests: %s", requests.Load(), brief(r))
	}
}

func TestFailuresOfConnectionsAreToldApartAndNeverRepeated(t *testing.T) {
	for name, infer := range map[string]func(n int, c *net.TCPConn, body io.Reader, length int64){
		Reset: func(_ int, c *net.TCPConn, _ io.Reader, _ int64) {
			_ = c.SetLinger(0)
			c.Close()
		},
		Closed: func(_ int, c *net.TCPConn, body io.Reader, length int64) {
			_, _ = io.CopyN(io.Discard, body, length)
			c.Close()
		},
		CutOff: func(_ int, c *net.TCPConn, body io.Reader, length int64) {
			_, _ = io.CopyN(io.Discard, body, length)
			fmt.Fprint(c, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nonly this")
			c.Close()
		},
		Failed: func(_ int, c *net.TCPConn, body io.Reader, length int64) {
			_, _ = io.CopyN(io.Discard, body, length)
			fmt.Fprint(c, "who are you?\r\n\r\n")
			c.Close()
		},
	} {
		t.Run(name, func(t *testing.T) {
			url, requests := raw(t, 1<<20, func(n int, c *net.TCPConn, body io.Reader, length int64) {
				if n%2 == 1 { // on a connection that has been used
					_, _ = io.CopyN(io.Discard, body, length)
					fmt.Fprint(c, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
					return
				}
				infer(n, c, body, length)
			})
			r := run(t, Options{URL: url, Requests: 6, Inputs: 1})
			if o := r.Of(name); r.Good != 3 || o.Latency.Count != 3 || o.Answer || o.Example == "" || requests.Load() != 6 || r.Answered != 3 {
				t.Errorf("%d requests: %s", requests.Load(), brief(r))
			}
		})
	}
}

func TestAServerThatDoesNotListenRefuses(t *testing.T) {
	var s *httptest.Server
	var once sync.Once
	s = described(t, func(w http.ResponseWriter, r *http.Request) { w.Header().Set("Connection", "close") })
	r := run(t, Options{URL: s.URL, Requests: 3, OnResponse: func(Response) { once.Do(s.Close) }})
	if o := r.Of(Refused); o.Latency.Count != 2 || o.Answer {
		t.Errorf("%+v", r)
	}
	if _, err := Run(t.Context(), Options{URL: s.URL, Model: "a/b", Requests: 1}); !errors.Is(err, ErrServer) {
		t.Errorf("without a description: %v", err)
	}
}

// Three clients need three connections, however many requests they send. The first requests wait for each other, so that none of
// the clients can take the connection of another.
func TestConnectionsAreUsedAgain(t *testing.T) {
	var mu sync.Mutex
	connections := make(map[string]int)
	var first sync.WaitGroup
	first.Add(3)
	var n atomic.Int64
	s := described(t, func(_ http.ResponseWriter, r *http.Request) {
		mu.Lock()
		connections[r.RemoteAddr]++
		mu.Unlock()
		if n.Add(1) <= 3 {
			first.Done()
			first.Wait()
		}
	})
	if r := run(t, Options{URL: s.URL, Requests: 60, Clients: 3}); r.Good != 60 || len(connections) != 3 {
		t.Errorf("%d good over %v", r.Good, connections)
	}
}

func TestAnswersOverHTTPAreCompared(t *testing.T) {
	var n atomic.Int64
	s := described(t, func(w http.ResponseWriter, r *http.Request) {
		i := n.Add(1)
		label := "seven"
		if i == 5 {
			label = "three"
		}
		fmt.Fprintf(w, `{"results":[{"classes":[{"label":%q}]}],"model":"a/b","times":{"total":%d}}`, label, i)
	})
	r := run(t, Options{URL: s.URL, Requests: 6, Check: true, Pictures: [][]byte{[]byte("x"), []byte("y")}})
	if r.Checked != 6 || r.Mismatches != 1 || !strings.Contains(r.Mismatch, "three") || !strings.Contains(r.Mismatch, "request 4, input 0") {
		t.Errorf("times apart: %d of %d differ: %s", r.Mismatches, r.Checked, r.Mismatch)
	}
	r = run(t, Options{URL: s.URL, Requests: 4, Check: true, Inputs: 1})
	if r.Mismatches != 3 {
		t.Errorf("to the byte: %d differ", r.Mismatches)
	}
}

func TestEncryptedConnections(t *testing.T) {
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprint(w, `{"inputs":[{"name":"x","datatype":"FP32","shape":[-1,4]}]}`)
	}))
	s.Config.ErrorLog = log.New(io.Discard, "", 0)
	s.StartTLS()
	defer s.Close()
	pool := x509.NewCertPool()
	pool.AddCert(s.Certificate())
	if r := run(t, Options{URL: s.URL, Requests: 3, TLS: &tls.Config{RootCAs: pool}}); r.Good != 3 {
		t.Errorf("%+v", r)
	}
	if _, err := Run(t.Context(), Options{URL: s.URL, Model: "m", Requests: 1}); !errors.Is(err, ErrServer) || !strings.Contains(err.Error(), "certificate") {
		t.Errorf("an unknown authority: %v", err)
	}
}

func TestWrongDescriptionsAreRefused(t *testing.T) {
	for _, text := range []string{"", "no", "[]", `{"inputs":[]}`, `{"inputs":[{"shape":"x"}]}`} {
		s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, text) }))
		if _, err := Run(t.Context(), Options{URL: s.URL, Model: "m"}); !errors.Is(err, ErrServer) {
			t.Errorf("%q: %v", text, err)
		}
		s.Close()
	}
	s := described(t, http.NotFound)
	if _, err := Run(t.Context(), Options{URL: s.URL, Model: "c"}); !errors.Is(err, ErrServer) || !strings.Contains(err.Error(), "404") {
		t.Errorf("an unknown model: %v", err)
	}
}

func TestWrongOptionsAreRefused(t *testing.T) {
	good := Options{URL: "http://h:1", Model: "m"}
	for name, change := range map[string]func(o *Options){
		"no URL":                    func(o *Options) { o.URL = "" },
		"no host":                   func(o *Options) { o.URL = "http:///x" },
		"another scheme":            func(o *Options) { o.URL = "ftp://h" },
		"a URL that is none":        func(o *Options) { o.URL = "http://h:x" },
		"gRPC without a port":       func(o *Options) { o.URL = "grpc://h" },
		"gRPC over HTTP":            func(o *Options) { o.Protocol = GRPC },
		"HTTP over gRPC":            func(o *Options) { o.URL, o.Protocol = "grpc://h:1", HTTP },
		"an unknown protocol":       func(o *Options) { o.Protocol = "smtp" },
		"no model":                  func(o *Options) { o.Model = "" },
		"pictures and tensors":      func(o *Options) { o.Pictures, o.Tensors = make([][]byte, 1), make([]Tensor, 1) },
		"pictures as tensors":       func(o *Options) { o.Pictures, o.Protocol = make([][]byte, 1), HTTPJSON },
		"no pictures":               func(o *Options) { o.Protocol = HTTPBytes },
		"a negative batch":          func(o *Options) { o.Batch = -1 },
		"a negative rate":           func(o *Options) { o.Rate = -1 },
		"a rate and clients":        func(o *Options) { o.Rate, o.Clients = 1, 1 },
		"arrivals of a closed loop": func(o *Options) { o.Arrivals = Poisson },
		"unknown arrivals":          func(o *Options) { o.Rate, o.Arrivals = 1, "bursts" },
		"negative clients":          func(o *Options) { o.Clients = -1 },
		"a bound of a closed loop":  func(o *Options) { o.MaxInFlight = 3 },
		"a negative duration":       func(o *Options) { o.Duration = -time.Second },
	} {
		o := good
		change(&o)
		if _, err := Run(t.Context(), o); !errors.Is(err, ErrOption) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
