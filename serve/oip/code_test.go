package oip

import (
	"fmt"
	"testing"
	"time"

	"github.com/octet-ml/octet/serve/batch"
)

func TestRetryAfterIsTheWaitOfAFullQueue(t *testing.T) {
	full := &batch.FullError{Waiting: 3, Wait: 1500 * time.Millisecond}
	for _, c := range []struct {
		err  error
		want time.Duration
	}{{full, 1500 * time.Millisecond}, {fmt.Errorf("model: %w", full), 1500 * time.Millisecond}, {ErrBusy, 0}, {nil, 0}} {
		if got := RetryAfter(c.err); got != c.want {
			t.Errorf("%v: %v, want %v", c.err, got, c.want)
		}
	}
}
