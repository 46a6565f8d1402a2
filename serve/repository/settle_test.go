package repository

import (
	"context"
	"testing"
	"testing/synctest"
	"time"
)

// Watch looks at the folder when changes have come to rest, or do not come to rest, and sleeps while there are none.
func TestSettle(t *testing.T) {
	for _, c := range []struct {
		name    string
		wait    time.Duration
		changes []time.Duration // times between changes
		end     time.Duration   // of the context; 0: never
		want    time.Duration   // when settle returns
		result  bool
	}{
		{"one change", 0, []time.Duration{time.Hour}, 0, time.Hour + quietTime, true},
		{"a few changes", 0, []time.Duration{time.Second, quietTime - 1, quietTime - 1}, 0, time.Second + 3*quietTime - 2, true},
		{"changes without end", 0, hundred(quietTime / 2), 0, quietTime/2 + mostNoise, true},
		{"nobody reports", time.Minute, nil, 0, time.Minute, true},
		{"a change before the poll", time.Minute, []time.Duration{time.Second}, 0, time.Second + quietTime, true},
		{"end while nothing happens", 0, nil, time.Hour, time.Hour, false},
		{"end while changes come", 0, []time.Duration{time.Second}, time.Second + 1, time.Second + 1, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithCancel(context.Background())
				defer cancel()
				if c.end > 0 {
					ctx, cancel = context.WithTimeout(ctx, c.end)
					defer cancel()
				}
				changed := make(chan struct{}, 1)
				stop := make(chan struct{})
				defer close(stop)
				go func() {
					for _, d := range c.changes {
						select {
						case <-time.After(d):
						case <-stop:
							return
						}
						select {
						case changed <- struct{}{}:
						default:
						}
					}
				}()
				start := time.Now()
				if got := settle(ctx, changed, c.wait); got != c.result || time.Since(start) != c.want {
					t.Errorf("got %v after %v, want %v after %v", got, time.Since(start), c.result, c.want)
				}
			})
		})
	}
}

// hundred returns a hundred times d.
func hundred(d time.Duration) []time.Duration {
	out := make([]time.Duration, 100)
	for i := range out {
		out[i] = d
	}
	return out
}

func TestRetriesBackOff(t *testing.T) {
	var last time.Duration
	for _, c := range []struct {
		again bool
		want  time.Duration
	}{{true, firstRetry}, {true, 2 * firstRetry}, {true, 4 * firstRetry}, {false, 0}, {true, firstRetry}} {
		if last = backOff(last, c.again); last != c.want {
			t.Errorf("got %v, want %v", last, c.want)
		}
	}
	for range 20 {
		last = backOff(last, true)
	}
	if last != lastRetry {
		t.Errorf("got %v in the end", last)
	}
	for _, c := range [][3]time.Duration{{0, 0, 0}, {0, 1, 1}, {1, 0, 1}, {1, 2, 1}, {2, 1, 1}} {
		if got := shorter(c[0], c[1]); got != c[2] {
			t.Errorf("shorter(%v, %v): %v", c[0], c[1], got)
		}
	}
}
