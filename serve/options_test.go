package serve

import (
	"testing"

	"github.com/octet-ml/octet/internal/cpu"
	"github.com/octet-ml/octet/serve/repository"
)

// The calls that gRPC takes hold no more than 16 times the bytes of all requests together while their messages come, or are few.
func TestMaxCalls(t *testing.T) {
	for _, c := range []struct {
		all, one int64
		want     int
	}{
		{0, 0, 256},
		{512 << 20, 16 << 20, 512},
		{512 << 20, 1 << 20, 1024},
		{1 << 62, 1, 1024},
		{1 << 20, 1 << 30, 256},
	} {
		if got := (Options{MaxBytes: c.all, MaxRequestBytes: c.one}).withDefaults().maxCalls(); got != c.want {
			t.Errorf("%d bytes in requests of %d: %d calls, want %d", c.all, c.one, got, c.want)
		}
	}
}

func TestLevel(t *testing.T) {
	best, err := cpu.Best()
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name, want string
		ok         bool
	}{{"", best.String(), true}, {"generic", "generic", true}, {"sse9", "", false}} {
		got, err := Options{Models: repository.Options{Kernels: c.name}}.level()
		if (err == nil) != c.ok || c.ok && got != c.want {
			t.Errorf("%q: got %q, %v, want %q", c.name, got, err, c.want)
		}
	}
}
