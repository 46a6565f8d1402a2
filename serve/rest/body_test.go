package rest

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"compress/zlib"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httptrace"
	"os"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/octet-ml/octet/serve/oip"
)

// compressed returns data in a content encoding.
func compressed(t testing.TB, encoding string, data []byte) []byte {
	t.Helper()
	var b bytes.Buffer
	var w io.WriteCloser
	switch encoding {
	case "gzip":
		w = gzip.NewWriter(&b)
	case "deflate":
		w = zlib.NewWriter(&b)
	default:
		return data
	}
	if _, err := w.Write(data); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// unsized hides the type of a reader, so that its length is unknown.
type unsized struct{ io.Reader }

func TestBody(t *testing.T) {
	pattern := make([]byte, 700_000)
	for i := range pattern {
		pattern[i] = byte(i * i >> 7)
	}
	const limit = 600_000
	for _, c := range []struct {
		name     string
		size     int
		encoding string
		chunked  bool
		mangle   func([]byte) []byte
		want     error
	}{
		{name: "empty"},
		{name: "one byte", size: 1},
		{name: "one byte chunked", size: 1, chunked: true},
		{name: "first buffer", size: smallest},
		{name: "first buffer chunked", size: smallest, chunked: true},
		{name: "one more", size: smallest + 1, chunked: true},
		{name: "the limit", size: limit},
		{name: "the limit chunked", size: limit, chunked: true},
		{name: "the limit gzip", size: limit, encoding: "gzip"},
		{name: "the limit deflate chunked", size: limit, encoding: "deflate", chunked: true},
		{name: "over", size: limit + 1, want: oip.ErrTooLarge},
		{name: "over chunked", size: limit + 1, chunked: true, want: oip.ErrTooLarge},
		{name: "over gzip", size: limit + 1, encoding: "gzip", want: oip.ErrTooLarge},
		{name: "over deflate", size: limit + 1, encoding: "deflate", want: oip.ErrTooLarge},
		{name: "unknown encoding", size: 10, encoding: "br", want: ErrEncoding},
		{name: "two encodings", size: 10, encoding: "gzip, deflate", want: ErrEncoding},
		{name: "identity", size: 10, encoding: "identity"},
		{name: "not gzip", size: 10, encoding: "gzip", mangle: func(b []byte) []byte { return []byte("plain text") }, want: oip.ErrInvalid},
		{name: "gzip cut short", size: 1000, encoding: "gzip", mangle: func(b []byte) []byte { return b[:len(b)-9] }, want: oip.ErrInvalid},
		{name: "gzip of nothing", encoding: "gzip", mangle: func(b []byte) []byte { return nil }, want: oip.ErrInvalid},
		{name: "gzip and more", size: 1000, encoding: "gzip", mangle: func(b []byte) []byte { return append(b, "more"...) }, want: oip.ErrInvalid},
		{name: "deflate and more", size: 1000, encoding: "deflate", mangle: func(b []byte) []byte { return append(b, "more"...) }, want: oip.ErrInvalid},
		{name: "deflate checksum", size: 1000, encoding: "deflate", mangle: func(b []byte) []byte { b[len(b)-1] ^= 1; return b }, want: oip.ErrInvalid},
	} {
		t.Run(c.name, func(t *testing.T) {
			body := compressed(t, c.encoding, pattern[:c.size])
			if c.mangle != nil {
				body = c.mangle(body)
			}
			var src io.Reader = bytes.NewReader(body)
			if c.chunked {
				src = unsized{src}
			}
			r := httptest.NewRequest("POST", "/", src)
			r.Header.Set("Content-Encoding", c.encoding)
			budget := oip.NewBudget(1 << 20)
			got, release, err := Body(httptest.NewRecorder(), r, limit, budget)
			if !errors.Is(err, c.want) || err != nil && c.want == nil {
				t.Fatalf("error %v, want %v", err, c.want)
			}
			if c.want == nil && !bytes.Equal(got, pattern[:c.size]) {
				t.Fatalf("%d bytes, want %d, or others", len(got), c.size)
			}
			if used := budget.Used(); used < int64(len(got)) {
				t.Errorf("the budget holds %d bytes, the body %d", used, len(got))
			}
			release()
			release()
			if used := budget.Used(); used != 0 {
				t.Errorf("the budget holds %d bytes in the end", used)
			}
		})
	}
}

func TestBodyOfABudgetThatIsSmall(t *testing.T) {
	for _, c := range []struct {
		name    string
		size    int
		chunked bool
		taken   int64 // by others
		want    error
	}{
		{name: "fits exactly", size: 100_000},
		{name: "fits exactly chunked", size: 100_000, chunked: true},
		{name: "more than the whole", size: 100_001, want: oip.ErrTooLarge},
		{name: "more than the whole chunked", size: 100_001, chunked: true, want: oip.ErrTooLarge},
		{name: "others hold it", size: 50_000, taken: 60_000, want: oip.ErrBusy},
	} {
		t.Run(c.name, func(t *testing.T) {
			budget := oip.NewBudget(100_000)
			if err := budget.Take(c.taken); err != nil {
				t.Fatal(err)
			}
			var src io.Reader = bytes.NewReader(make([]byte, c.size))
			if c.chunked {
				src = unsized{src}
			}
			got, release, err := Body(httptest.NewRecorder(), httptest.NewRequest("POST", "/", src), 1<<30, budget)
			if !errors.Is(err, c.want) || c.want == nil && len(got) != c.size {
				t.Fatalf("%d bytes, error %v, want %v", len(got), err, c.want)
			}
			release()
			if used := budget.Used(); used != c.taken {
				t.Errorf("the budget holds %d bytes in the end, want %d", used, c.taken)
			}
		})
	}
}

// A client that announces much and sends little holds little.
func TestBodyTakesBytesAsTheyCome(t *testing.T) {
	budget := oip.NewBudget(1 << 30)
	came := int64(0)
	const size = 20 << 20
	src := readerFunc(func(dst []byte) (int, error) {
		if used := budget.Used(); used > max(smallest, growth*came) {
			t.Fatalf("%d bytes came, the budget holds %d", came, used)
		}
		n := min(len(dst), 10_000, int(size-came))
		came += int64(n)
		if came == size {
			return n, io.EOF
		}
		return n, nil
	})
	r := httptest.NewRequest("POST", "/", src)
	r.ContentLength = size
	got, release, err := Body(httptest.NewRecorder(), r, 1<<30, budget)
	if err != nil || len(got) != size || budget.Used() != size {
		t.Errorf("%d bytes, %d of the budget, %v", len(got), budget.Used(), err)
	}
	release()
}

// readerFunc is a reader.
type readerFunc func([]byte) (int, error)

func (f readerFunc) Read(dst []byte) (int, error) { return f(dst) }

func TestBodyOfAConnectionThatFails(t *testing.T) {
	past, cancel := context.WithDeadline(context.Background(), time.Unix(1, 0))
	defer cancel()
	gone, stop := context.WithCancel(context.Background())
	stop()
	for _, c := range []struct {
		name    string
		ctx     context.Context
		err     error
		chunked bool
		want    error
		status  int
	}{
		{name: "the deadline of a read", err: os.ErrDeadlineExceeded, want: ErrSlow, status: 408},
		{name: "the deadline of the request", ctx: past, err: os.ErrDeadlineExceeded, want: context.DeadlineExceeded, status: 504},
		{name: "the client closes", err: io.ErrUnexpectedEOF, want: oip.ErrCancelled, status: 499},
		{name: "the client closes between chunks", err: io.ErrUnexpectedEOF, chunked: true, want: oip.ErrCancelled, status: 499},
		{name: "a reset", err: &net.OpError{Op: "read", Err: os.ErrInvalid}, want: oip.ErrCancelled, status: 499},
		{name: "a reset of a stream", ctx: gone, err: errors.New("stream"), chunked: true, want: oip.ErrCancelled, status: 499},
		{name: "malformed chunks", err: errors.New("invalid byte in chunk length"), chunked: true, want: oip.ErrInvalid, status: 400},
		{name: "a limit from outside", err: &http.MaxBytesError{Limit: 3}, want: oip.ErrTooLarge, status: 413},
		{name: "a reader that is stuck", err: nil, want: io.ErrNoProgress, status: 500},
	} {
		for _, encoding := range []string{"", "gzip"} {
			if c.err == nil && encoding != "" {
				continue
			}
			t.Run(c.name+encoding, func(t *testing.T) {
				start := compressed(t, encoding, make([]byte, 1000))[:10]
				failed := false
				r := httptest.NewRequest("POST", "/", io.MultiReader(bytes.NewReader(start), readerFunc(func([]byte) (int, error) {
					if failed && c.err != nil {
						t.Error("read again after an error")
					}
					failed = true
					return 0, c.err
				})))
				r.ContentLength = 1000
				r.Header.Set("Content-Encoding", encoding)
				if c.chunked {
					r.TransferEncoding = []string{"chunked"}
				}
				if c.ctx != nil {
					r = r.WithContext(c.ctx)
				}
				budget := oip.NewBudget(1 << 20)
				w := httptest.NewRecorder()
				_, _, err := Body(w, r, 1<<20, budget)
				WriteError(w, r, err)
				if w.Header().Get("Connection") != "close" {
					t.Error("the connection is not closed")
				}
				if !errors.Is(err, c.want) || Status(err) != c.status {
					t.Errorf("error %v of status %d, want %v of %d", err, Status(err), c.want, c.status)
				}
				if used := budget.Used(); used != 0 {
					t.Errorf("the budget holds %d bytes in the end", used)
				}
			})
		}
	}
}

// Bodies of a usual size are read into memory that is there.
func TestBodiesUseMemoryAgain(t *testing.T) {
	const size, runs = 600_000, 50
	read := func() {
		r := httptest.NewRequest("POST", "/", unsized{bytes.NewReader(make([]byte, 0))})
		r.Body, r.ContentLength = io.NopCloser(io.LimitReader(zeros{}, size)), size
		_, release, err := Body(httptest.NewRecorder(), r, 1<<20, nil)
		if err != nil {
			t.Fatal(err)
		}
		release()
	}
	var before, after runtime.MemStats
	read()
	runtime.ReadMemStats(&before)
	for range runs {
		read()
	}
	runtime.ReadMemStats(&after)
	if got := (after.TotalAlloc - before.TotalAlloc) / runs; got > size { // a pool may forget some, above all under the race detector
		t.Errorf("%d bytes for each body of %d", got, size)
	}
}

// zeros is a reader of zeros.
type zeros struct{}

func (zeros) Read(dst []byte) (int, error) { clear(dst); return len(dst), nil }

func TestPaceOfAClient(t *testing.T) {
	start := time.Unix(1000, 0)
	for _, c := range []struct {
		name  string
		got   int64
		after time.Duration
		until time.Duration // of a request without a deadline, from its start
	}{
		{"at the start", 0, 0, 10 * time.Second},
		{"a few bytes buy nothing", 100, 9 * time.Second, 10 * time.Second},
		{"bytes buy time", 5 * paceRate, 12 * time.Second, 15 * time.Second},
		{"much does not buy a rest", 1 << 30, 2 * time.Second, 12 * time.Second},
		{"too slow", 16 * paceRate, 30 * time.Second, 26 * time.Second},
	} {
		for _, limit := range []time.Duration{0, 5 * time.Second, time.Hour} {
			t.Run(fmt.Sprint(c.name, limit), func(t *testing.T) {
				r := httptest.NewRequest("POST", "/", nil)
				want := c.until
				if limit > 0 {
					ctx, cancel := context.WithDeadline(context.Background(), start.Add(limit))
					defer cancel()
					r = r.WithContext(ctx)
					want = min(want, limit)
				}
				p := &paced{r: r, start: start, now: func() time.Time { return start.Add(c.after) }, got: c.got}
				if got := p.deadline().Sub(start); got != want {
					t.Errorf("the next bytes must come within %v of the start, want %v", got, want)
				}
			})
		}
	}
}

// serve runs a handler on the loopback and returns its address.
func serve(t *testing.T, h http.HandlerFunc) string {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	return s.Listener.Addr().String()
}

func TestClientThatGoesWhileItSends(t *testing.T) {
	errs := make(chan error, 1)
	addr := serve(t, func(w http.ResponseWriter, r *http.Request) {
		_, _, err := Body(w, r, 1<<20, nil)
		errs <- err
	})
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	fmt.Fprintf(conn, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\nstart")
	conn.Close()
	if err := <-errs; !errors.Is(err, oip.ErrCancelled) {
		t.Errorf("error %v, want %v", err, oip.ErrCancelled)
	}
}

// The request's deadline reaches the connection: a client that sends nothing is cut.
func TestClientThatSendsNothing(t *testing.T) {
	addr := serve(t, func(w http.ResponseWriter, r *http.Request) {
		ctx, cancel := context.WithDeadline(r.Context(), time.Unix(1, 0))
		defer cancel()
		_, _, err := Body(w, r.WithContext(ctx), 1<<20, nil)
		WriteError(w, r, err)
	})
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	fmt.Fprintf(conn, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n")
	res, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if text, _ := io.ReadAll(res.Body); res.StatusCode != 504 || !res.Close {
		t.Errorf("%s, closes %v, %s", res.Status, res.Close, text)
	}
}

// After a body has been read, the deadline that it had must not end the request while it is answered.
func TestDeadlineOfABodyEndsWithIt(t *testing.T) {
	var deadlines []time.Time
	w := &deadlineRecorder{ResponseRecorder: httptest.NewRecorder(), deadlines: &deadlines}
	if _, _, err := Body(w, httptest.NewRequest("POST", "/", strings.NewReader("body")), 1<<20, nil); err != nil {
		t.Fatal(err)
	}
	if n := len(deadlines); n < 2 || deadlines[0].IsZero() || !deadlines[n-1].IsZero() {
		t.Errorf("deadlines %v: want some and then none", deadlines)
	}
}

type deadlineRecorder struct {
	*httptest.ResponseRecorder
	deadlines *[]time.Time
}

func (d *deadlineRecorder) SetReadDeadline(at time.Time) error {
	*d.deadlines = append(*d.deadlines, at)
	return nil
}

func TestRefusalBeforeTheBodyIsRead(t *testing.T) {
	addr := serve(t, func(w http.ResponseWriter, r *http.Request) { WriteError(w, r, oip.ErrBusy) })
	for _, c := range []struct {
		name   string
		size   int64
		body   io.Reader
		reused bool
	}{
		{"no body", 0, nil, true},
		{"small", 900_000, nil, true},
		{"large", 8 << 20, nil, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			transport := &http.Transport{}
			defer transport.CloseIdleConnections()
			for i, want := range []bool{false, c.reused} {
				reused := false
				ctx := httptrace.WithClientTrace(context.Background(), &httptrace.ClientTrace{GotConn: func(i httptrace.GotConnInfo) { reused = i.Reused }})
				req, err := http.NewRequestWithContext(ctx, "POST", "http://"+addr, bytes.NewReader(make([]byte, c.size)))
				if err != nil {
					t.Fatal(err)
				}
				res, err := transport.RoundTrip(req)
				if err != nil {
					t.Fatal(err)
				}
				text, _ := io.ReadAll(res.Body)
				res.Body.Close()
				if res.StatusCode != 429 || res.Header.Get("Retry-After") != "1" || !strings.Contains(string(text), `{"error":"too many`) {
					t.Errorf("request %d: %s %v %s", i, res.Status, res.Header, text)
				}
				if reused != want {
					t.Errorf("request %d on a connection that was there: %v, want %v", i, reused, want)
				}
			}
		})
	}
}

func TestRefusalOfAClientThatWaits(t *testing.T) {
	addr := serve(t, func(w http.ResponseWriter, r *http.Request) { WriteError(w, r, oip.ErrBusy) })
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	fmt.Fprintf(conn, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\nExpect: 100-continue\r\n\r\n")
	line, err := bufio.NewReader(conn).ReadString('\n')
	if err != nil || !strings.HasPrefix(line, "HTTP/1.1 429") {
		t.Errorf("the first answer is %q, %v: want 429 and no 100", line, err)
	}
}
