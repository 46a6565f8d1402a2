package guard

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/grpc/tap"

	"github.com/octet-ml/octet/serve/oip"
)

// tokens returns a set.
func tokens(t *testing.T, values ...string) *Tokens {
	t.Helper()
	s, err := NewTokens(TokenOptions{Values: values})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestAccess(t *testing.T) {
	const load, infer = "/v2/repository/models/digits/load", "/v2/models/digits/infer"
	ask, admin := tokens(t, "ask", "ask-too"), tokens(t, "admin")
	for _, c := range []struct {
		name, path, method, header string // method: that of gRPC
		access                     Access
		want                       int
		challenge                  string
	}{
		{"open", infer, "ModelInfer", "", Access{}, 200, ""},
		{"good", infer, "ModelInfer", "Bearer ask", Access{Tokens: ask}, 200, ""},
		{"another good one", infer, "ModelInfer", "bearer  ask-too", Access{Tokens: ask}, 200, ""},
		{"none", infer, "ModelInfer", "", Access{Tokens: ask}, 401, `Bearer realm="octet"`},
		{"wrong", infer, "ModelInfer", "Bearer asks", Access{Tokens: ask}, 401, `Bearer realm="octet", error="invalid_token"`},
		{"a part", infer, "ModelInfer", "Bearer as", Access{Tokens: ask}, 401, `Bearer realm="octet", error="invalid_token"`},
		{"empty", infer, "ModelInfer", "Bearer ", Access{Tokens: ask}, 401, `Bearer realm="octet"`},
		{"other scheme", infer, "ModelInfer", "Basic ask", Access{Tokens: ask}, 401, `Bearer realm="octet"`},
		{"admin asks", infer, "ModelInfer", "Bearer admin", Access{Tokens: ask, Admin: admin}, 200, ""},
		{"admin loads", load, "RepositoryModelLoad", "Bearer admin", Access{Tokens: ask, Admin: admin}, 200, ""},
		{"asker loads", load, "RepositoryModelLoad", "Bearer ask", Access{Tokens: ask, Admin: admin}, 403, `Bearer realm="octet", error="insufficient_scope"`},
		{"asker unloads", "/v2/repository/models/digits/unload", "RepositoryModelUnload", "Bearer ask", Access{Tokens: ask, Admin: admin}, 403, `Bearer realm="octet", error="insufficient_scope"`},
		{"asker loads where askers may", load, "RepositoryModelLoad", "Bearer ask", Access{Tokens: ask}, 200, ""},
		{"anybody lists", "/v2/repository/index", "RepositoryIndex", "", Access{Admin: admin}, 200, ""},
		{"anybody loads", "//v2//repository/models/digits/load", "RepositoryModelLoad", "", Access{Admin: admin}, 401, `Bearer realm="octet"`},
		{"exempt", "/v2/health/live", "ServerLive", "", Access{Tokens: ask, Exempt: []string{"/v2/health/live", "/inference.GRPCInferenceService/ServerLive"}}, 200, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			var refused error
			h := c.access.HTTP(func(w http.ResponseWriter, _ *http.Request, err error) {
				refused = err
				w.WriteHeader(map[oip.Code]int{oip.Unauthenticated: 401, oip.Forbidden: 403}[oip.CodeOf(err)])
			})(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
			r := httptest.NewRequest(http.MethodPost, "/", nil)
			r.URL.Path = c.path
			r.Header.Set("Authorization", c.header)
			w := httptest.NewRecorder()
			h.ServeHTTP(w, r)
			if w.Code != c.want || w.Header().Get("WWW-Authenticate") != c.challenge {
				t.Errorf("got %d, %q, %v", w.Code, w.Header().Get("WWW-Authenticate"), refused)
			}
			code := map[int]codes.Code{200: codes.OK, 401: codes.Unauthenticated, 403: codes.PermissionDenied}[c.want]
			ctx := metadata.NewIncomingContext(context.Background(), metadata.Pairs("authorization", c.header))
			called := 0
			method := "/inference.GRPCInferenceService/" + c.method
			_, unary := c.access.Unary()(ctx, nil, &grpc.UnaryServerInfo{FullMethod: method}, func(context.Context, any) (any, error) { called++; return nil, nil })
			stream := c.access.Stream()(nil, fakeStream{ctx: ctx}, &grpc.StreamServerInfo{FullMethod: method}, func(any, grpc.ServerStream) error { called++; return nil })
			_, tapped := c.access.Tap(ctx, &tap.Info{FullMethodName: method, Header: metadata.Pairs("authorization", c.header)})
			if status.Code(unary) != code || status.Code(stream) != code || status.Code(tapped) != code || called != map[bool]int{true: 2}[code == codes.OK] {
				t.Errorf("got %v, %v, %v, %d calls", unary, stream, tapped, called)
			}
		})
	}
	a := Access{Tokens: ask}
	if err := a.rpc(nil, "/grpc.health.v1.Health/Check"); err != nil {
		t.Error(err)
	}
}

// fakeStream is a stream that has a context and nothing else.
type fakeStream struct {
	grpc.ServerStream
	ctx context.Context
}

func (s fakeStream) Context() context.Context { return s.ctx }

func TestTokensAreReplaced(t *testing.T) {
	file := filepath.Join(t.TempDir(), "tokens")
	write(t, file, []byte("# of the shop\n\n one \r\ntwo==\n"))
	changes := make(chan error, 64)
	s, err := NewTokens(TokenOptions{File: file, Values: []string{"fixed"}, Changed: func(err error) { changes <- err }})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	want := func(token string, want bool) {
		t.Helper()
		if got := s.Has(token); got != want {
			t.Errorf("%q: got %v", token, got)
		}
	}
	for token, has := range map[string]bool{"one": true, "two==": true, "fixed": true, "three": false, "": false, "# of the shop": false} {
		want(token, has)
	}
	write(t, file, []byte("three\n"))
	if err := <-changes; err != nil {
		t.Fatal(err)
	}
	want("three", true)
	want("one", false)
	want("fixed", true)
	write(t, file, []byte("four\nwith space\n"))
	if err := <-changes; !errors.Is(err, ErrToken) || strings.Contains(err.Error(), "with space") {
		t.Errorf("got %v", err)
	}
	want("three", true)
	want("four", false)
}

func TestBadTokens(t *testing.T) {
	empty := filepath.Join(t.TempDir(), "tokens")
	write(t, empty, []byte("# none\n"))
	for _, o := range []TokenOptions{{}, {File: "missing"}, {File: empty}, {Values: []string{""}}, {Values: []string{"ä"}}} {
		if _, err := NewTokens(o); !errors.Is(err, ErrToken) {
			t.Errorf("%+v: got %v", o, err)
		}
	}
	if _, err := NewTokens(TokenOptions{File: "missing"}); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("got %v", err)
	}
}
