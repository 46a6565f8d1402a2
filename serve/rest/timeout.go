package rest

import (
	"fmt"
	"math"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/octet-ml/octet/serve/oip"
)

// TimeoutHeader is the header that says how long a client waits for its answer: a number of seconds, such as 2 or 0.25, or a number with a
// unit as in time.ParseDuration, such as 250ms.
const TimeoutHeader = "X-Request-Timeout"

// timeoutHeaders are TimeoutHeader and its likes that gateways send.
var timeoutHeaders = []struct {
	name  string
	parse func(string) (time.Duration, error)
}{
	{TimeoutHeader, parseTimeout},
	{"Grpc-Timeout", parseGRPCTimeout},
	{"X-Envoy-Expected-Rq-Timeout-Ms", func(s string) (time.Duration, error) { return parseCount(s, 19, time.Millisecond) }},
}

// Timeout returns how long the client waits, as its headers say: TimeoutHeader; Grpc-Timeout, which gateways between HTTP and gRPC send;
// or X-Envoy-Expected-Rq-Timeout-Ms, by which Envoy says how long it will wait. The shortest counts; 0: there is none. Errors wrap
// oip.ErrInvalid.
func Timeout(r *http.Request) (time.Duration, error) {
	var out time.Duration
	for _, h := range timeoutHeaders {
		text := strings.TrimSpace(r.Header.Get(h.name))
		if text == "" {
			continue
		}
		d, err := h.parse(text)
		if err != nil {
			return 0, fmt.Errorf("%w: header %s: %.40q: %w", oip.ErrInvalid, h.name, text, err)
		}
		if out == 0 || d < out {
			out = d
		}
	}
	return out, nil
}

// parseTimeout reads seconds, or a duration with its unit.
func parseTimeout(s string) (time.Duration, error) {
	d, err := time.ParseDuration(s)
	if last := s[len(s)-1]; last >= '0' && last <= '9' || last == '.' {
		d, err = time.ParseDuration(s + "s")
	}
	if err != nil || d <= 0 {
		return 0, fmt.Errorf("want a positive number of seconds, or one with a unit, such as 250ms")
	}
	return d, nil
}

// grpcUnits are the units of the header grpc-timeout.
var grpcUnits = map[byte]time.Duration{
	'H': time.Hour, 'M': time.Minute, 'S': time.Second, 'm': time.Millisecond, 'u': time.Microsecond, 'n': time.Nanosecond,
}

// parseGRPCTimeout reads the form of gRPC over HTTP/2 (PROTOCOL-HTTP2.md, Timeout): up to 8 digits and a unit.
func parseGRPCTimeout(s string) (time.Duration, error) {
	unit, ok := grpcUnits[s[len(s)-1]]
	if !ok {
		return 0, fmt.Errorf("want up to 8 digits and one of H, M, S, m, u, n")
	}
	return parseCount(s[:len(s)-1], 8, unit)
}

// parseCount reads a positive number of up to so many digits that counts units; one that is too large becomes the longest duration.
func parseCount(s string, digits int, unit time.Duration) (time.Duration, error) {
	n, err := strconv.ParseUint(s, 10, 63)
	if err != nil || n == 0 || len(s) > digits {
		return 0, fmt.Errorf("want a positive whole number of up to %d digits", digits)
	}
	if n > uint64(math.MaxInt64/unit) {
		return math.MaxInt64, nil
	}
	return time.Duration(n) * unit, nil
}
