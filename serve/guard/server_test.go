package guard

import (
	"bufio"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// start serves with a listener of the given bounds.
func start(t *testing.T, h http.Handler, o ListenerOptions) (*Connections, string) {
	t.Helper()
	tcp, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l, s := Listener(tcp, o), Server(h, ServerOptions{})
	served := make(chan error, 1)
	go func() { served <- s.Serve(l) }()
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
		if err := <-served; !errors.Is(err, http.ErrServerClosed) {
			t.Error(err)
		}
	})
	return l, tcp.Addr().String()
}

// get makes a connection and a request on it, and returns both.
func get(t *testing.T, addr string) (net.Conn, error) {
	t.Helper()
	c, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(c, "GET / HTTP/1.1\r\nHost: x\r\n\r\n"); err != nil {
		return c, err
	}
	res, err := http.ReadResponse(bufio.NewReader(c), nil)
	if err == nil {
		_, err = io.ReadAll(res.Body)
	}
	return c, err
}

func TestConnectionsBeyondTheBoundAreClosed(t *testing.T) {
	for name, o := range map[string]ListenerOptions{"all": {Max: 2}, "of one address": {PerIP: 2}} {
		t.Run(name, func(t *testing.T) {
			l, addr := start(t, http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}), o)
			first, err := get(t, addr)
			if err != nil {
				t.Fatal(err)
			}
			second, err := get(t, addr)
			if err != nil {
				t.Fatal(err)
			}
			defer second.Close()
			third, err := get(t, addr)
			if err == nil || l.Refused() != 1 || l.Open() != 2 {
				t.Errorf("got %v, %d refused, %d open", err, l.Refused(), l.Open())
			}
			third.Close()
			first.Close()
			for { // the server has to notice
				c, err := get(t, addr)
				c.Close()
				if err == nil {
					break
				}
			}
		})
	}
}

func TestNetworks(t *testing.T) {
	for addr, want := range map[string]string{
		"192.0.2.1:80": "192.0.2.1", "[::ffff:192.0.2.1]:80": "192.0.2.1", "[2001:db8:1:2:3:4:5:6]:80": "2001:db8:1:2::", "[fe80::1%lo]:80": "fe80::",
	} {
		a, err := net.ResolveTCPAddr("tcp", addr)
		if err != nil {
			t.Fatal(err)
		}
		if got := network(a).String(); got != want {
			t.Errorf("%s: got %s, want %s", addr, got, want)
		}
	}
	if network(&net.UnixAddr{}).IsValid() {
		t.Error("a socket in the file system has no network")
	}
}

func TestTimeoutsAreSet(t *testing.T) {
	s := Server(http.NotFoundHandler(), ServerOptions{Idle: time.Minute})
	if s.ReadHeaderTimeout != 10*time.Second || s.IdleTimeout != time.Minute || s.MaxHeaderBytes != 64<<10 || s.ErrorLog == nil {
		t.Errorf("got %+v", s)
	}
}

// deadlines is a ResponseWriter that notes which deadlines are set.
type deadlines struct {
	*httptest.ResponseRecorder
	list []string
}

func (d *deadlines) note(name string, at time.Time) error {
	if at.IsZero() {
		name = "no " + name
	}
	d.list = append(d.list, name)
	return nil
}
func (d *deadlines) SetReadDeadline(at time.Time) error  { return d.note("read", at) }
func (d *deadlines) SetWriteDeadline(at time.Time) error { return d.note("write", at) }

func TestEachWriteHasADeadline(t *testing.T) {
	d := &deadlines{ResponseRecorder: httptest.NewRecorder()}
	Server(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, "one")
		if err := http.NewResponseController(w).Flush(); err != nil {
			t.Error(err)
		}
	}), ServerOptions{}).Handler.ServeHTTP(d, httptest.NewRequest(http.MethodGet, "/", nil))
	want := "no write, write, no write, write, no write, write, read"
	if got := strings.Join(d.list, ", "); got != want || !d.Flushed {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestAClientThatTakesNothingIsLeft(t *testing.T) {
	wrote := make(chan error, 1)
	s := httptest.NewUnstartedServer(nil)
	s.Config = Server(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		for {
			if _, err := w.Write(make([]byte, 1<<20)); err != nil {
				wrote <- err
				return
			}
		}
	}), ServerOptions{Stall: 50 * time.Millisecond})
	s.Start()
	defer s.Close()
	c, err := net.Dial("tcp", s.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if _, err := io.WriteString(c, "GET / HTTP/1.1\r\nHost: x\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	var timeout net.Error
	if err := <-wrote; !errors.As(err, &timeout) || !timeout.Timeout() {
		t.Errorf("got %v", err)
	}
}

func TestProfiles(t *testing.T) {
	h := Profiles()
	for _, c := range []struct {
		path, want string
		status     int
	}{
		{"/debug/pprof/", "goroutine?debug=1", 200},
		{"/debug/pprof/goroutine?debug=1", "goroutine profile:", 200},
		{"/debug/pprof/heap?gc=1", "\x1f\x8b", 200},
		{"/debug/pprof/profile?seconds=0.01", "\x1f\x8b", 200},
		{"/debug/pprof/trace?seconds=0.01", "go 1.", 200},
		{"/debug/pprof/cmdline", "guard.test", 200},
		{"/debug/pprof/nothing", "no such profile", 404},
		{"/debug/pprof/profile?seconds=-1", "want a number", 400},
		{"/debug/pprof/profile?seconds=NaN", "want a number", 400},
	} {
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequest(http.MethodGet, c.path, nil))
		if w.Code != c.status || !strings.Contains(w.Body.String(), c.want) {
			t.Errorf("%s: got %d, %.40q", c.path, w.Code, w.Body.String())
		}
	}
	// Nobody's mux but ours.
	if _, pattern := http.DefaultServeMux.Handler(httptest.NewRequest(http.MethodGet, "/debug/pprof/", nil)); pattern != "" {
		t.Errorf("http.DefaultServeMux has %q", pattern)
	}
}
