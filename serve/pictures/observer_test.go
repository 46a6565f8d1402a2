package pictures

import (
	"fmt"
	"math"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/octet-ml/octet/serve/batch"
	"github.com/octet-ml/octet/serve/oip"
	"github.com/octet-ml/octet/serve/repository"
)

// near reports whether a latency is within a sixteenth of one in milliseconds.
func near(got *float64, want float64) bool {
	return got != nil && math.Abs(*got-want) <= want/16
}

func TestObserverKeepsTheLastMinute(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var o Observer
		key := versionKey{"m", "1"}
		v := &repository.Version{Model: "m", Number: 1}
		if m := o.minute(key); m != (minute{}) {
			t.Errorf("before anything: %+v", m)
		}
		for i := range 100 {
			o.Observe(oip.Observation{Model: "m", Version: "1", Took: time.Duration(i+1) * time.Millisecond})
		}
		o.Observe(oip.Observation{Model: "m", Version: "1", Code: oip.Exhausted})
		o.Observe(oip.Observation{Model: "m", Version: "1", Code: oip.Unsupported, Took: time.Hour})
		o.Observe(oip.Observation{Model: "m", Version: "2", Took: time.Second})
		o.ObserveBatch(v, batch.Batch{Examples: 8})
		o.ObserveBatch(v, batch.Batch{Examples: 1})
		m := o.minute(key)
		if m.Requests != 102 || m.Failed != 2 || m.Rejected != 1 || *m.MeanBatch != 4.5 {
			t.Errorf("at once: %+v, mean batch %v", m, *m.MeanBatch)
		}
		// Time in the bubble begins at the beginning of a slot: the rate is that of two whole slots.
		if !near(m.P50, 50) || !near(m.P99, 99) || m.Rate != 10.2 {
			t.Errorf("p50 %v, p99 %v, rate %v", *m.P50, *m.P99, m.Rate)
		}
		time.Sleep(20 * time.Second)
		o.Observe(oip.Observation{Model: "m", Version: "1", Took: 2 * maxLatency})
		if m = o.minute(key); m.Requests != 103 || m.Rate != 0.1 || !near(m.P50, 50) {
			t.Errorf("after 20 seconds: %+v", m)
		}
		time.Sleep(40 * time.Second)
		if m = o.minute(key); m.Requests != 1 || m.Failed != 0 || m.MeanBatch != nil || !near(m.P50, milliseconds(maxLatency)) || m.Rate != 0 {
			t.Errorf("after a minute: %+v", m)
		}
		o.Observe(oip.Observation{Model: "m", Version: "1", Took: time.Millisecond}) // into the slot of the first ones
		if m = o.minute(key); m.Requests != 2 || !near(m.P50, 1) {
			t.Errorf("in a slot that was used before: %+v", m)
		}
		time.Sleep(time.Hour)
		if m = o.minute(key); m != (minute{}) {
			t.Errorf("after an hour: %+v", m)
		}
	})
}

func TestObserverForgetsVersionsThatAreIdle(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var o Observer
		observe := func(prefix string) {
			for i := range 2 * maxWindows {
				o.Observe(oip.Observation{Model: fmt.Sprint(prefix, i), Version: "1"})
			}
		}
		observe("a")
		if n := len(o.windows); n != maxWindows {
			t.Errorf("%d windows, want %d", n, maxWindows)
		}
		time.Sleep(time.Hour)
		observe("b")
		if n := len(o.windows); n != maxWindows || o.windows[versionKey{"b0", "1"}] == nil {
			t.Errorf("%d windows, want %d of b", n, maxWindows)
		}
	})
}

func TestObserverIsSafeForConcurrentUse(t *testing.T) {
	var o Observer
	var group sync.WaitGroup
	const each = 500
	for i := range 4 {
		group.Go(func() {
			for range each {
				o.Observe(oip.Observation{Model: "m", Version: fmt.Sprint(i % 2), Took: time.Millisecond})
				o.minute(versionKey{"m", "0"})
			}
		})
	}
	group.Wait()
	// Slots that leave the window while this runs would take counts with them, not add any.
	if n := o.minute(versionKey{"m", "0"}).Requests; n == 0 || n > 2*each {
		t.Errorf("%d requests", n)
	}
}
