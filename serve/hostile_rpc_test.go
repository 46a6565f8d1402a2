package serve_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"testing"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"

	"github.com/octet-ml/octet/serve/inference"
)

// dial returns a connection to the gRPC port, and the protocol on it.
func dial(t *testing.T, a *target) (*grpc.ClientConn, inference.GRPCInferenceServiceClient) {
	t.Helper()
	conn, err := grpc.NewClient(a.Address("grpc").String(), grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	return conn, inference.NewGRPCInferenceServiceClient(conn)
}

// request returns a request to infer for the picture that the server can name, to a model and version.
func (a *target) request(model, version string) *inference.ModelInferRequest {
	size := len(a.picture)
	return &inference.ModelInferRequest{
		ModelName: model, ModelVersion: version, Inputs: []*inference.ModelInferRequest_InferInputTensor{{Name: "image", Datatype: "BYTES", Shape: []int64{1}}},
		RawInputContents: [][]byte{append([]byte{byte(size), byte(size >> 8), 0, 0}, a.picture...)},
	}
}

// wellRPC checks that gRPC answers as ever, on a new connection.
func (a *target) wellRPC(t *testing.T) {
	t.Helper()
	conn, client := dial(t, a)
	defer conn.Close()
	if r, err := client.ModelInfer(context.Background(), a.request("digits", "")); err != nil || len(r.GetRawOutputContents()) == 0 {
		t.Errorf("afterwards: %v, %v", r, err)
	}
}

// codec sends bytes as they are.
type codec struct{}

func (codec) Marshal(v any) ([]byte, error)      { return v.([]byte), nil }
func (codec) Unmarshal(data []byte, v any) error { return nil }
func (codec) Name() string                       { return "proto" }

// Messages that are too long or none are refused with a code that says so.
func TestHostileMessages(t *testing.T) {
	a := attacked(t)
	conn, _ := dial(t, a)
	for name, c := range map[string]struct {
		message string
		want    []codes.Code
	}{
		"over the limit":               {strings.Repeat("x", most+1), []codes.Code{codes.ResourceExhausted}},
		"garbage":                      {strings.Repeat("\xff", 1000), []codes.Code{codes.InvalidArgument}},
		"a length beyond the end":      {"\x0a\xff\xff\xff\xff\x07x", []codes.Code{codes.InvalidArgument}},
		"a length that overflows":      {"\x0a\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", []codes.Code{codes.InvalidArgument}},
		"a group without an end":       {strings.Repeat("\x0b", 100_000), []codes.Code{codes.InvalidArgument}},
		"nothing":                      {"", []codes.Code{codes.InvalidArgument, codes.NotFound}},
		"a million empty inputs":       {"\x0a\x06digits" + strings.Repeat("\x2a\x00", 1_000_000), []codes.Code{codes.InvalidArgument, codes.ResourceExhausted}},
		"a million empty parameters":   {"\x0a\x06digits" + strings.Repeat("\x22\x00", 1_000_000), []codes.Code{codes.InvalidArgument, codes.ResourceExhausted}},
		"a million empty raw contents": {"\x0a\x06digits" + strings.Repeat("\x3a\x00", 1_000_000), []codes.Code{codes.InvalidArgument, codes.ResourceExhausted}},
	} {
		t.Run(name, func(t *testing.T) {
			for _, method := range []string{inference.GRPCInferenceService_ModelInfer_FullMethodName, inference.GRPCInferenceService_ModelReady_FullMethodName} {
				var none []byte
				err := conn.Invoke(context.Background(), method, []byte(c.message), &none, grpc.ForceCodec(codec{}))
				if method == inference.GRPCInferenceService_ModelReady_FullMethodName {
					if code := status.Code(err); code != codes.OK && code != codes.InvalidArgument && code != codes.Internal && code != codes.ResourceExhausted {
						t.Errorf("%s: %v", method, err)
					}
					continue
				}
				if !slices.Contains(c.want, status.Code(err)) {
					t.Errorf("%s: %v, want %v", method, err, c.want)
				}
			}
			a.wellRPC(t)
		})
	}
	conn.Close()
	a.unharmed(t)
}

// No name leads out of the repository.
func TestHostileNames(t *testing.T) {
	a := attacked(t)
	conn, client := dial(t, a)
	ctx := context.Background()
	for _, name := range []string{"", "..", ".", "../digits", "digits/../digits", "/etc/passwd", "digits\x00", "digits/1", "..\\digits", ".hidden", "digits\n", strings.Repeat("x", 129), strings.Repeat("x", 50_000)} {
		for what, call := range map[string]func() error{
			"metadata": func() error {
				_, err := client.ModelMetadata(ctx, &inference.ModelMetadataRequest{Name: name})
				return err
			},
			"config": func() error {
				_, err := client.ModelConfig(ctx, &inference.ModelConfigRequest{Name: name})
				return err
			},
			"infer": func() error {
				_, err := client.ModelInfer(ctx, a.request(name, ""))
				return err
			},
			"version": func() error {
				if name == "" {
					return status.Error(codes.InvalidArgument, "no version is a version")
				}
				_, err := client.ModelInfer(ctx, a.request("digits", name))
				return err
			},
			"load": func() error {
				_, err := client.RepositoryModelLoad(ctx, &inference.RepositoryModelLoadRequest{ModelName: name})
				return err
			},
			"unload": func() error {
				_, err := client.RepositoryModelUnload(ctx, &inference.RepositoryModelUnloadRequest{ModelName: name})
				return err
			},
			"ready": func() error {
				r, err := client.ModelReady(ctx, &inference.ModelReadyRequest{Name: name})
				if err == nil && !r.GetReady() {
					return status.Error(codes.NotFound, "not ready")
				}
				return err
			},
		} {
			err := call()
			if code := status.Code(err); code != codes.InvalidArgument && code != codes.NotFound {
				t.Errorf("%s of %.100q: %.300v", what, name, err)
			}
		}
	}
	conn.Close()
	a.wellRPC(t)
	a.unharmed(t)
}

// raw is a client of HTTP/2 that minds no rule.
type raw struct {
	net.Conn
	*http2.Framer
	header bytes.Buffer
	hpack  *hpack.Encoder
	next   uint32 // stream
}

// rawConn connects to the gRPC port and sends the preface, and settings unless the client is to be silent then.
func rawConn(t *testing.T, a *target, settings bool) *raw {
	t.Helper()
	c, err := net.Dial("tcp", a.Address("grpc").String())
	if err != nil {
		t.Fatal(err)
	}
	r := &raw{Conn: c, Framer: http2.NewFramer(c, c), next: 1}
	r.hpack = hpack.NewEncoder(&r.header)
	if _, err := io.WriteString(c, http2.ClientPreface); err != nil {
		t.Fatal(err)
	}
	if settings {
		if err := r.WriteSettings(); err != nil {
			t.Fatal(err)
		}
	}
	return r
}

// call opens a stream with a call whose message is still to come, and returns its number.
func (r *raw) call(method string, more ...hpack.HeaderField) (uint32, error) {
	r.header.Reset()
	for _, f := range append([]hpack.HeaderField{{Name: ":method", Value: "POST"}, {Name: ":scheme", Value: "http"}, {Name: ":path", Value: method}, {Name: ":authority", Value: "h"},
		{Name: "content-type", Value: "application/grpc"}, {Name: "te", Value: "trailers"}}, more...) {
		if err := r.hpack.WriteField(f); err != nil {
			return 0, err
		}
	}
	id := r.next
	r.next += 2
	return id, r.WriteHeaders(http2.HeadersFrameParam{StreamID: id, BlockFragment: r.header.Bytes(), EndHeaders: true})
}

// Clients that begin and never go on hold up nobody, on any port.
func TestSilentClientsHoldUpNobody(t *testing.T) {
	a := attacked(t)
	conn, client := dial(t, a)
	var silent []io.Closer
	for i := range 100 {
		for _, begin := range []string{"", "POST " + classify + " HTT", "POST " + classify + " HTTP/1.1\r\nHost: h\r\nA: b", "POST " + classify + " HTTP/1.1\r\nHost: h\r\nContent-Length: 100000\r\n\r\nx"} {
			c, err := net.Dial("tcp", a.Address("http").String())
			if err != nil {
				t.Fatal(err)
			}
			silent = append(silent, c)
			if _, err := io.WriteString(c, begin); err != nil {
				t.Fatal(err)
			}
		}
		bare, err := net.Dial("tcp", a.Address("grpc").String())
		if err != nil {
			t.Fatal(err)
		}
		calling := rawConn(t, a, true)
		silent = append(silent, bare, rawConn(t, a, false), rawConn(t, a, true), calling)
		// A call whose message never comes completely, and more streams than there may be.
		if id, err := calling.call(inference.GRPCInferenceService_ModelInfer_FullMethodName); err != nil {
			t.Fatal(err)
		} else if err := calling.WriteData(id, false, []byte("\x00\x00\x10\x00\x00part")); err != nil {
			t.Fatal(err)
		}
		for range 10 {
			if _, err := calling.call(inference.GRPCInferenceService_ModelStreamInfer_FullMethodName); err != nil {
				t.Fatal(err)
			}
		}
		if i%10 == 0 {
			a.well(t)
			a.wellRPC(t)
			if _, err := client.ModelInfer(context.Background(), a.request("digits", "1")); err != nil {
				t.Error(err)
			}
		}
	}
	conn.Close()
	for _, c := range silent {
		c.Close()
	}
	a.unharmed(t)
}

// Connections that open calls without a bound, or end them at once, or send what is no frame, are bounded or ended; others go on.
func TestHostileConnections(t *testing.T) {
	a := attacked(t)
	method := inference.GRPCInferenceService_ModelStreamInfer_FullMethodName
	for name, attack := range map[string]func(r *raw) error{
		"10000 streams": func(r *raw) error {
			for range 10_000 {
				if _, err := r.call(method); err != nil {
					return err
				}
			}
			return nil
		},
		"10000 streams that are reset": func(r *raw) error {
			for range 10_000 {
				id, err := r.call(method)
				if err == nil {
					err = r.WriteRSTStream(id, http2.ErrCodeCancel)
				}
				if err != nil {
					return err
				}
			}
			return nil
		},
		"10000 pings": func(r *raw) error {
			for range 10_000 {
				if err := r.WritePing(false, [8]byte{}); err != nil {
					return err
				}
			}
			return nil
		},
		"10000 settings": func(r *raw) error {
			for range 10_000 {
				if err := r.WriteSettings(http2.Setting{ID: http2.SettingInitialWindowSize, Val: 1}); err != nil {
					return err
				}
			}
			return nil
		},
		"headers that go on": func(r *raw) error {
			if err := r.WriteHeaders(http2.HeadersFrameParam{StreamID: 1, BlockFragment: []byte{0x82}}); err != nil {
				return err
			}
			for range 10_000 {
				if err := r.WriteContinuation(1, false, bytes.Repeat([]byte{0x82}, 1000)); err != nil {
					return err
				}
			}
			return nil
		},
		"a giant header": func(r *raw) error {
			_, err := r.call(method, hpack.HeaderField{Name: "a", Value: strings.Repeat("x", 1<<13)}, hpack.HeaderField{Name: "b", Value: strings.Repeat("\x01", 1<<13)})
			return err
		},
		"a frame of too large a size": func(r *raw) error { _, err := r.Write([]byte("\xff\xff\xff\x00\x00\x00\x00\x00\x01")); return err },
		"noise":                       func(r *raw) error { _, err := r.Write(bytes.Repeat([]byte("\xff\x00\x7f"), 1<<16)); return err },
		"data of no stream":           func(r *raw) error { return r.WriteData(7, true, make([]byte, 1000)) },
		"a window that overflows": func(r *raw) error {
			return errors.Join(r.WriteWindowUpdate(0, 1<<31-1), r.WriteWindowUpdate(0, 1<<31-1))
		},
	} {
		t.Run(name, func(t *testing.T) {
			r := rawConn(t, a, true)
			read := make(chan struct{})
			go func() { // as a client that takes what it is sent
				defer close(read)
				_, _ = io.Copy(io.Discard, r.Conn)
			}()
			if err := attack(r); err != nil {
				t.Logf("ended: %v", err)
			}
			a.wellRPC(t)
			a.well(t)
			r.Close()
			<-read
		})
	}
	a.unharmed(t)
}

// Requests on HTTP/2 that are no gRPC are refused in HTTP's words.
func TestHostileContentTypes(t *testing.T) {
	a := attacked(t)
	var conns []net.Conn
	plain := &http2.Transport{AllowHTTP: true, DialTLSContext: func(ctx context.Context, network, address string, _ *tls.Config) (net.Conn, error) {
		c, err := new(net.Dialer).DialContext(ctx, network, address)
		conns = append(conns, c)
		return c, err
	}}
	for _, c := range []struct {
		method, kind string
		want         int
	}{{"POST", "text/plain", 415}, {"POST", "", 415}, {"POST", "application/grpcnonsense", 415}, {"GET", "application/grpc", 405}, {"PUT", "application/grpc", 405}} {
		q, err := http.NewRequest(c.method, "http://"+a.Address("grpc").String()+inference.GRPCInferenceService_ModelInfer_FullMethodName, strings.NewReader("x"))
		if err != nil {
			t.Fatal(err)
		}
		q.Header.Set("Content-Type", c.kind)
		res, err := plain.RoundTrip(q)
		if err != nil {
			t.Errorf("%s of %q: %v", c.method, c.kind, err)
			continue
		}
		res.Body.Close()
		if got := fmt.Sprint(res.StatusCode, " ", res.Header.Get("Grpc-Status")); res.StatusCode != c.want && (res.StatusCode != 200 || res.Header.Get("Grpc-Status") == "0") {
			t.Errorf("%s of %q: %s, want %d", c.method, c.kind, got, c.want)
		}
	}
	for _, c := range conns { // also those that the transport thinks are in use
		c.Close()
	}
	a.wellRPC(t)
	a.unharmed(t)
}
