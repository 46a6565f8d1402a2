package pictures

import (
	"sync"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"

	"github.com/octet-ml/octet/serve/batch"
	"github.com/octet-ml/octet/serve/oip"
	"github.com/octet-ml/octet/serve/repository"
)

// Observer keeps what the last minute brought to each version of a model: Observe belongs into oip.Options.Observe, ObserveBatch into
// repository.Options.OnBatch. It takes at most about 45 KiB for each of at most maxWindows versions, needs no goroutine, and holds a lock
// of the version for as long as a few counts take. The zero value is ready; it is safe for concurrent use.
type Observer struct {
	mu      sync.RWMutex
	windows map[versionKey]*window
}

// versionKey names a version of a model.
type versionKey struct{ model, version string }

// Bounds of what an Observer keeps.
const (
	slotTime   = 5 * time.Second
	slots      = 12 // of a window: a minute, the youngest slot included
	rateSlots  = 3  // over which rates are taken: 10 to 15 seconds
	maxWindows = 1024
)

// Latencies are counted in microseconds up to ten minutes, in steps of a sixteenth of a power of two at most.
const (
	latencyUnit    = time.Microsecond
	maxLatency     = 10 * time.Minute
	latencyFigures = 1
)

// window is the last minute of a version.
type window struct {
	mu    sync.Mutex
	slots [slots]slot
}

// slot is what slotTime brought.
type slot struct {
	number   int64 // of slotTime since the epoch
	requests uint64
	failed   uint64                  // of requests
	rejected uint64                  // of failed: for want of room
	batches  uint64                  // that ran
	examples uint64                  // of batches
	latency  *hdrhistogram.Histogram // of requests that succeeded; nil: none
}

// Observe counts a request.
func (o *Observer) Observe(ob oip.Observation) {
	o.count(versionKey{ob.Model, ob.Version}, func(s *slot) {
		s.requests++
		switch {
		case ob.Code == oip.OK:
			if s.latency == nil {
				s.latency = newLatency()
			}
			_ = s.latency.RecordValue(int64(min(ob.Took, maxLatency) / latencyUnit)) // which is in its range
		case ob.Code == oip.Exhausted:
			s.rejected++
			fallthrough
		default:
			s.failed++
		}
	})
}

// ObserveBatch counts a batch.
func (o *Observer) ObserveBatch(v *repository.Version, b batch.Batch) {
	o.count(versionKey{v.Model, v.Version()}, func(s *slot) {
		s.batches++
		s.examples += uint64(b.Examples)
	})
}

// newLatency returns an empty histogram of latencies.
func newLatency() *hdrhistogram.Histogram {
	return hdrhistogram.New(1, int64(maxLatency/latencyUnit), latencyFigures)
}

// count calls f with the youngest slot of a version, under its lock.
func (o *Observer) count(key versionKey, f func(*slot)) {
	now := slotNumber(time.Now())
	w := o.window(key, now)
	if w == nil {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	s := &w.slots[now%slots]
	if s.number != now {
		latency := s.latency
		if latency != nil {
			latency.Reset()
		}
		*s = slot{number: now, latency: latency}
	}
	f(s)
}

// slotNumber returns the number of the slot of a time.
func slotNumber(t time.Time) int64 { return t.UnixNano() / int64(slotTime) }

// window returns the window of a version, a new one where there is none. It returns nil where too many versions are busy.
func (o *Observer) window(key versionKey, now int64) *window {
	o.mu.RLock()
	w := o.windows[key]
	o.mu.RUnlock()
	if w != nil {
		return w
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	if w = o.windows[key]; w != nil {
		return w
	}
	for k, old := range o.windows {
		old.mu.Lock()
		idle := old.recent(now) == nil
		old.mu.Unlock()
		if idle {
			delete(o.windows, k)
		}
	}
	if len(o.windows) >= maxWindows {
		return nil
	}
	if o.windows == nil {
		o.windows = make(map[versionKey]*window)
	}
	w = new(window)
	w.slots[now%slots].number = now // it is not idle
	o.windows[key] = w
	return w
}

// minute is what the last minute brought. Times are in milliseconds, rates by second.
type minute struct {
	Requests  uint64   `json:"requests"`
	Failed    uint64   `json:"failed"`         // of requests, rejected ones included
	Rejected  uint64   `json:"rejected"`       // for want of room
	Rate      float64  `json:"rate"`           // requests by second of the last ten seconds
	MeanBatch *float64 `json:"mean_batch"`     // examples; null: no batch
	P50       *float64 `json:"latency_p50_ms"` // of requests that succeeded; null: none
	P99       *float64 `json:"latency_p99_ms"`
}

// minute returns what the last minute brought to a version.
func (o *Observer) minute(key versionKey) minute {
	o.mu.RLock()
	w := o.windows[key]
	o.mu.RUnlock()
	var m minute
	if w == nil {
		return m
	}
	now := time.Now()
	number := slotNumber(now)
	latency := newLatency()
	var sum, young slot
	w.mu.Lock()
	for _, s := range w.recent(number) {
		sum.requests += s.requests
		sum.failed += s.failed
		sum.rejected += s.rejected
		sum.batches += s.batches
		sum.examples += s.examples
		if s.number > number-rateSlots {
			young.requests += s.requests
		}
		if s.latency != nil {
			latency.Merge(s.latency)
		}
	}
	w.mu.Unlock()
	m.Requests, m.Failed, m.Rejected = sum.requests, sum.failed, sum.rejected
	covered := now.Sub(time.Unix(0, (number-rateSlots+1)*int64(slotTime)))
	m.Rate = float64(young.requests) / covered.Seconds()
	if sum.batches > 0 {
		mean := float64(sum.examples) / float64(sum.batches)
		m.MeanBatch = &mean
	}
	if latency.TotalCount() > 0 {
		at := func(percent float64) *float64 {
			v := milliseconds(time.Duration(latency.ValueAtPercentile(percent)) * latencyUnit)
			return &v
		}
		m.P50, m.P99 = at(50), at(99)
	}
	return m
}

// recent returns the slots of the last minute, nil where there is none; the caller holds the lock.
func (w *window) recent(now int64) []*slot {
	var out []*slot
	for i := range w.slots {
		if s := &w.slots[i]; s.number > now-slots && s.number <= now {
			out = append(out, s)
		}
	}
	return out
}
