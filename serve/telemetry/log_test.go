package telemetry

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
)

// lines is a log that tests read.
type lines struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.Write(p)
}

// read returns the lines.
func (l *lines) read(t *testing.T) []map[string]any {
	t.Helper()
	l.mu.Lock()
	defer l.mu.Unlock()
	var out []map[string]any
	d := json.NewDecoder(bytes.NewReader(l.buf.Bytes()))
	for {
		var line map[string]any
		if err := d.Decode(&line); errors.Is(err, io.EOF) {
			return out
		} else if err != nil {
			t.Fatalf("%v in %s", err, l.buf.Bytes())
		}
		out = append(out, line)
	}
}

// wantFields fails unless a line has the fields.
func wantFields(t *testing.T, line map[string]any, want map[string]any) {
	t.Helper()
	for key, value := range want {
		if line[key] != value {
			t.Errorf("%s: got %v, want %v, in %v", key, line[key], value, line)
		}
	}
}

func TestEachRequestIsALine(t *testing.T) {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /models/{name}", func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, RequestID(r.Context()))
	})
	mux.HandleFunc("POST /fail", func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		w.WriteHeader(http.StatusBadRequest)
		_, _ = io.WriteString(w, `{"error":"no such thing"}`)
	})
	mux.HandleFunc("GET /panic", func(http.ResponseWriter, *http.Request) { panic("bug: on purpose") })
	mux.HandleFunc("GET /nothing", func(http.ResponseWriter, *http.Request) {})
	for _, c := range []struct {
		name, method, path, body string
		status                   int
		want                     map[string]any // of the last line
		lines                    int
	}{
		{"answered", "GET", "/models/secret", "", 200, map[string]any{"level": "DEBUG", "method": "GET", "route": "GET /models/{name}", "status": 200., "bytes": 2., "request_id": "me", "msg": "request"}, 1},
		{"failed", "POST", "/fail", "secret", 400, map[string]any{"level": "INFO", "status": 400., "error": "no such thing", "bytes": 25.}, 1},
		{"nowhere", "GET", "/elsewhere?token=secret", "", 404, map[string]any{"level": "INFO", "path": "/elsewhere", "status": 404.}, 1},
		{"panic", "GET", "/panic", "", 500, map[string]any{"level": "ERROR", "status": 500., "error": "internal error"}, 2},
		{"nothing written", "GET", "/nothing", "", 200, map[string]any{"status": 200., "bytes": 0.}, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			var log lines
			h := HTTPLog(LogOptions{Logger: NewLogger(&log, slog.LevelDebug)})(mux)
			r := httptest.NewRequest(c.method, c.path, strings.NewReader(c.body))
			r.Header.Set("X-Request-Id", "me")
			r.Header.Set("Authorization", "Bearer secret")
			w := httptest.NewRecorder()
			h.ServeHTTP(w, r)
			if w.Code != c.status || w.Header().Get("X-Request-Id") != "me" {
				t.Errorf("got %d, %v", w.Code, w.Header())
			}
			got := log.read(t)
			if len(got) != c.lines {
				t.Fatalf("got %v", got)
			}
			wantFields(t, got[len(got)-1], c.want)
			if strings.Contains(log.buf.String(), "secret") {
				t.Errorf("the log tells a secret: %s", log.buf.String())
			}
		})
	}
}

func TestAPanicIsAnsweredAndLoggedWithItsStack(t *testing.T) {
	var log lines
	s := httptest.NewServer(HTTPLog(LogOptions{Logger: NewLogger(&log, slog.LevelDebug)})(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/late" {
			_, _ = io.WriteString(w, strings.Repeat("x", 1<<16))
		}
		w.Header().Set("Content-Length", "7")
		panic("bug: on purpose")
	})))
	defer s.Close()
	res, err := s.Client().Get(s.URL + "/early")
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(res.Body)
	res.Body.Close()
	if err != nil || res.StatusCode != 500 || string(body) != `{"error":"internal error"}` || res.Header.Get("Content-Type") != "application/json" {
		t.Errorf("got %v, %q, %v", res, body, err)
	}
	res, err = s.Client().Get(s.URL + "/late")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadAll(res.Body); err == nil {
		t.Error("half a response looks like a whole one")
	}
	res.Body.Close()
	got := log.read(t)
	if len(got) != 4 {
		t.Fatalf("got %v", got)
	}
	wantFields(t, got[0], map[string]any{"level": "ERROR", "panic": "bug: on purpose"})
	if stack, _ := got[0]["stack"].(string); !strings.Contains(stack, "TestAPanicIsAnsweredAndLoggedWithItsStack") {
		t.Errorf("got %q", stack)
	}
	wantFields(t, got[3], map[string]any{"level": "INFO", "status": 200., "error": "aborted"})
}

func TestRequestIDs(t *testing.T) {
	for _, c := range []struct {
		given string
		kept  bool
	}{
		{"6f1c-4", true}, {"a/b:c=d+e@f~g_h.i", true}, {strings.Repeat("x", 128), true},
		{"", false}, {strings.Repeat("x", 129), false}, {"a b", false}, {"a\r\nSet-Cookie: x", false}, {`"},{"`, false}, {"ü", false},
	} {
		got := requestID(c.given)
		if (got == c.given) != c.kept || !idForm.MatchString(got) {
			t.Errorf("%q: got %q", c.given, got)
		}
	}
	if requestID("") == requestID("") {
		t.Error("random ids are the same")
	}
}

func TestFlushAndDeadlinesReachTheConnection(t *testing.T) {
	begun, went := make(chan struct{}), make(chan struct{})
	var log lines
	s := httptest.NewServer(HTTPLog(LogOptions{Logger: NewLogger(&log, slog.LevelDebug)})(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c := http.NewResponseController(w)
		if err := errors.Join(c.SetReadDeadline(time.Time{}), c.SetWriteDeadline(time.Time{})); err != nil {
			t.Error(err)
		}
		_, _ = io.WriteString(w, "first")
		if err := c.Flush(); err != nil {
			t.Error(err)
		}
		if _, ok := w.(http.Flusher); !ok {
			t.Error("no http.Flusher")
		}
		close(begun)
		<-went
	})))
	defer s.Close()
	res, err := s.Client().Get(s.URL)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	<-begun
	first := make([]byte, 5)
	if _, err := io.ReadFull(res.Body, first); err != nil || string(first) != "first" {
		t.Errorf("got %q, %v", first, err)
	}
	close(went)
	if _, err := io.ReadAll(res.Body); err != nil {
		t.Error(err)
	}
}

// message is one with a text.
type message = healthpb.HealthCheckRequest

// The service test.Echo answers with what it is sent; "panic" and "fail" are what they say.
func echo(ctx context.Context, text string) (*message, error) {
	switch text {
	case "panic":
		panic("bug: on purpose")
	case "fail":
		return nil, status.Error(codes.NotFound, "no such thing")
	case "id":
		text = RequestID(ctx)
	}
	return &message{Service: text}, nil
}

// registerEcho adds the service to a server.
func registerEcho(s *grpc.Server) {
	s.RegisterService(&grpc.ServiceDesc{
		ServiceName: "test.Echo", HandlerType: (*any)(nil),
		Methods: []grpc.MethodDesc{{MethodName: "Echo", Handler: func(_ any, ctx context.Context, decode func(any) error, next grpc.UnaryServerInterceptor) (any, error) {
			in := new(message)
			if err := decode(in); err != nil {
				return nil, err
			}
			handler := func(ctx context.Context, req any) (any, error) { return echo(ctx, req.(*message).Service) }
			if next == nil {
				return handler(ctx, in)
			}
			return next(ctx, in, &grpc.UnaryServerInfo{FullMethod: "/test.Echo/Echo"}, handler)
		}}},
		Streams: []grpc.StreamDesc{{StreamName: "Stream", ServerStreams: true, ClientStreams: true, Handler: func(_ any, ss grpc.ServerStream) error {
			in := new(message)
			if err := ss.RecvMsg(in); err != nil {
				return err
			}
			out, err := echo(ss.Context(), in.Service)
			if err != nil {
				return err
			}
			return ss.SendMsg(out)
		}}},
	}, nil)
}

// callEcho calls the service.
func callEcho(ctx context.Context, conn *grpc.ClientConn, text string, o ...grpc.CallOption) (string, error) {
	out := new(message)
	err := conn.Invoke(ctx, "/test.Echo/Echo", &message{Service: text}, out, o...)
	return out.Service, err
}

// streamEcho calls the service by a stream.
func streamEcho(ctx context.Context, conn *grpc.ClientConn, text string, o ...grpc.CallOption) (string, error) {
	s, err := conn.NewStream(ctx, &grpc.StreamDesc{ServerStreams: true, ClientStreams: true}, "/test.Echo/Stream", o...)
	if err != nil {
		return "", err
	}
	out := new(message)
	if err := errors.Join(s.SendMsg(&message{Service: text}), s.CloseSend()); err != nil {
		return "", err
	}
	if err := s.RecvMsg(out); err != nil {
		return "", err
	}
	if err := s.RecvMsg(new(message)); !errors.Is(err, io.EOF) {
		return "", err
	}
	return out.Service, nil
}

func TestEachCallIsALine(t *testing.T) {
	for _, kind := range []struct {
		name, method string
		call         func(context.Context, *grpc.ClientConn, string, ...grpc.CallOption) (string, error)
	}{{"unary", "/test.Echo/Echo", callEcho}, {"stream", "/test.Echo/Stream", streamEcho}} {
		for _, c := range []struct {
			text, answer string
			code         codes.Code
			want         map[string]any
			lines        int
		}{
			{"id", "me", codes.OK, map[string]any{"level": "DEBUG", "code": "OK", "request_id": "me", "error": nil}, 1},
			{"fail", "", codes.NotFound, map[string]any{"level": "INFO", "code": "NotFound", "error": "no such thing"}, 1},
			{"panic", "", codes.Internal, map[string]any{"level": "ERROR", "code": "Internal", "error": "internal error"}, 2},
		} {
			t.Run(kind.name+"/"+c.text, func(t *testing.T) {
				var log lines
				o := LogOptions{Logger: NewLogger(&log, slog.LevelDebug)}
				s := grpc.NewServer(grpc.ChainUnaryInterceptor(UnaryLog(o)), grpc.ChainStreamInterceptor(StreamLog(o)))
				registerEcho(s)
				conn, stop := dial(t, s)
				var header metadata.MD
				got, err := kind.call(metadata.AppendToOutgoingContext(context.Background(), "x-request-id", "me", "authorization", "Bearer secret"), conn, c.text, grpc.Header(&header))
				if got != c.answer || status.Code(err) != c.code || len(header.Get("x-request-id")) != 1 || header.Get("x-request-id")[0] != "me" {
					t.Errorf("got %q, %v, %v", got, err, header)
				}
				stop() // lines come behind their calls
				list := log.read(t)
				if len(list) != c.lines {
					t.Fatalf("got %v", list)
				}
				c.want["method"] = kind.method
				wantFields(t, list[len(list)-1], c.want)
				if strings.Contains(log.buf.String(), "secret") {
					t.Errorf("the log tells a secret: %s", log.buf.String())
				}
			})
		}
	}
}
