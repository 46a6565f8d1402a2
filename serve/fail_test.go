package serve

import (
	"context"
	"strings"
	"testing"
	"time"
)

// A port that fails ends the server with an error that names it.
func TestAPortThatFailsEndsTheServer(t *testing.T) {
	for _, name := range []string{"http", "grpc", "metrics"} {
		const local = "127.0.0.1:0"
		s, err := New(context.Background(), Options{HTTP: local, GRPC: local, Metrics: local})
		if err != nil {
			t.Fatal(err)
		}
		done := make(chan error, 1)
		go func() { done <- s.Run(context.Background()) }()
		for _, p := range s.ports {
			if p.name == name {
				_ = p.listener.Close() // as the system may
			}
		}
		select {
		case err := <-done:
			if err == nil || !strings.Contains(err.Error(), name+": ") {
				t.Errorf("%s: got %v", name, err)
			}
		case <-time.After(time.Minute):
			t.Fatalf("%s: the server goes on", name)
		}
	}
}
