package serve_test

import (
	"bytes"
	"context"
	"log/slog"
	"strings"
	"sync"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"github.com/octet-ml/octet/internal/cpu"
	"github.com/octet-ml/octet/serve"
	"github.com/octet-ml/octet/serve/guard"
	"github.com/octet-ml/octet/serve/inference"
	"github.com/octet-ml/octet/serve/internal/servetest"
	"github.com/octet-ml/octet/serve/repository"
)

// lines is a log that may be read while it is written.
type lines struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// Without a token a call is refused from its header: the answer does not wait for the message. That is logged, without the token.
func TestCallsWithoutTokensAreRefused(t *testing.T) {
	tokens, err := guard.NewTokens(guard.TokenOptions{Values: []string{"open"}})
	if err != nil {
		t.Fatal(err)
	}
	var log lines
	s := start(t, serve.Options{
		Models: repository.Options{Dir: servetest.Folder(t, "digits")}, Tokens: tokens, Logger: slog.New(slog.NewTextHandler(&log, nil)),
	})
	conn, err := grpc.NewClient(s.Address("grpc").String(), grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	client := inference.NewGRPCInferenceServiceClient(conn)
	for _, c := range []struct {
		token string
		want  codes.Code
	}{{"", codes.Unauthenticated}, {"shut", codes.Unauthenticated}, {"open", codes.OK}} {
		ctx := context.Background()
		if c.token != "" {
			ctx = metadata.AppendToOutgoingContext(ctx, "authorization", "Bearer "+c.token)
		}
		if _, err := client.ModelReady(ctx, &inference.ModelReadyRequest{Name: "digits"}); status.Code(err) != c.want {
			t.Errorf("token %q: got %v, want %v", c.token, err, c.want)
		}
		if c.want == codes.OK {
			continue
		}
		stream, err := conn.NewStream(ctx, &grpc.StreamDesc{ClientStreams: true}, inference.GRPCInferenceService_ModelInfer_FullMethodName)
		if err != nil {
			t.Fatal(err)
		}
		if err := stream.RecvMsg(new(inference.ModelInferResponse)); status.Code(err) != c.want {
			t.Errorf("token %q, no message: got %v, want %v", c.token, err, c.want)
		}
	}
	if _, err := client.ServerLive(context.Background(), new(inference.ServerLiveRequest)); err != nil {
		t.Errorf("live: %v", err)
	}
	text := log.String()
	if n := strings.Count(text, "Unauthenticated"); n != 4 || strings.Contains(text, "shut") {
		t.Errorf("%d lines of refused calls, want 4 without tokens:\n%s", n, text)
	}
}

// Metrics name the level of the kernels where nobody chose one.
func TestMetricsNameTheLevel(t *testing.T) {
	best, err := cpu.Best()
	if err != nil {
		t.Fatal(err)
	}
	s := start(t, serve.Options{})
	if _, text := get(t, s.url("metrics", "/metrics"), ""); !strings.Contains(text, `level="`+best.String()+`"`) {
		t.Errorf("no level %v in\n%s", best, text)
	}
}
