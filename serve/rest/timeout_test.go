package rest

import (
	"errors"
	"math"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/octet-ml/octet/serve/oip"
)

func TestTimeout(t *testing.T) {
	for _, c := range []struct {
		header, value string
		want          time.Duration // 0: an error
	}{
		{"X-Request-Timeout", "2", 2 * time.Second},
		{"X-Request-Timeout", "0.25", 250 * time.Millisecond},
		{"X-Request-Timeout", " 250ms ", 250 * time.Millisecond},
		{"X-Request-Timeout", "1m30s", 90 * time.Second},
		{"X-Request-Timeout", "0", 0},
		{"X-Request-Timeout", "-1s", 0},
		{"X-Request-Timeout", "soon", 0},
		{"X-Request-Timeout", "NaN", 0},
		{"X-Request-Timeout", "1e9", 0},
		{"X-Request-Timeout", "99999999999999999999", 0},
		{"Grpc-Timeout", "100m", 100 * time.Millisecond},
		{"Grpc-Timeout", "3S", 3 * time.Second},
		{"Grpc-Timeout", "99999999H", math.MaxInt64},
		{"Grpc-Timeout", "123456789S", 0},
		{"Grpc-Timeout", "-1S", 0},
		{"Grpc-Timeout", "S", 0},
		{"Grpc-Timeout", "5", 0},
		{"X-Envoy-Expected-Rq-Timeout-Ms", "1500", 1500 * time.Millisecond},
		{"X-Envoy-Expected-Rq-Timeout-Ms", "9223372036854775807", math.MaxInt64},
		{"X-Envoy-Expected-Rq-Timeout-Ms", "1.5", 0},
	} {
		r := httptest.NewRequest("GET", "/", nil)
		r.Header.Set(c.header, c.value)
		got, err := Timeout(r)
		if got != c.want || (err == nil) != (c.want > 0) || err != nil && !errors.Is(err, oip.ErrInvalid) {
			t.Errorf("%s: %q: %v, %v, want %v", c.header, c.value, got, err, c.want)
		}
	}
}

func TestTheShortestTimeoutCounts(t *testing.T) {
	r := httptest.NewRequest("GET", "/", nil)
	if got, err := Timeout(r); got != 0 || err != nil {
		t.Errorf("no header: %v, %v", got, err)
	}
	r.Header.Set("X-Request-Timeout", "3")
	r.Header.Set("Grpc-Timeout", "2S")
	r.Header.Set("X-Envoy-Expected-Rq-Timeout-Ms", "2500")
	if got, err := Timeout(r); got != 2*time.Second || err != nil {
		t.Errorf("%v, %v, want 2s", got, err)
	}
}
