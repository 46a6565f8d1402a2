package repository

import (
	"sync"
	"time"

	"github.com/octet-ml/octet/serve/batch"
)

// Duration statistics: how often, and for how long in all.
type Total struct {
	Count uint64
	Time  time.Duration
}

// add counts a time.
func (t *Total) add(d time.Duration) {
	t.Count++
	t.Time += d
}

// Snapshot is what Stats has counted. The times of a request are those of the batch that it was in.
type Snapshot struct {
	Last       time.Time // request; zero: none
	Inferences uint64    // examples of successful requests
	Executions uint64    // batches
	Success    Total     // requests, from their arrival to their result
	Fail       Total     // requests that failed, whatever the reason, those that were refused and cancelled included
	Rejected   uint64    // of those that failed: for want of room or time
	Cancelled  uint64    // of those that failed: by the client or their deadline
	Queue      Total
	Input      Total // putting inputs together
	Infer      Total
	Output     Total              // taking outputs apart
	Batches    map[int]BatchStats // by examples of a batch
}

// BatchStats are the times of batches of one size.
type BatchStats struct{ Input, Infer, Output Total }

// Stats counts what a version has done. It is safe for concurrent use.
type Stats struct {
	mu sync.Mutex
	s  Snapshot
}

// Snapshot returns a copy of the counts.
func (s *Stats) Snapshot() Snapshot {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := s.s
	out.Batches = make(map[int]BatchStats, len(s.s.Batches))
	for n, b := range s.s.Batches {
		out.Batches[n] = b
	}
	return out
}

// Succeeded counts a request that was answered, of the given number of examples, that took d in all.
func (s *Stats) Succeeded(examples int, d time.Duration, t batch.Times) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.s.Last = time.Now()
	s.s.Inferences += uint64(examples)
	s.s.Success.add(d)
	s.s.Queue.add(t.Wait)
	s.s.Input.add(t.Input)
	s.s.Infer.add(t.Run)
	s.s.Output.add(t.Output)
}

// Failed counts a request that failed after d, refused for want of room or time, cancelled, or for another reason.
func (s *Stats) Failed(d time.Duration, rejected, cancelled bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.s.Last = time.Now()
	s.s.Fail.add(d)
	if rejected {
		s.s.Rejected++
	}
	if cancelled {
		s.s.Cancelled++
	}
}

// ran counts a batch.
func (s *Stats) ran(b batch.Batch) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.s.Executions++
	if s.s.Batches == nil {
		s.s.Batches = make(map[int]BatchStats)
	}
	t := s.s.Batches[b.Examples]
	t.Input.add(b.Input)
	t.Infer.add(b.Run)
	t.Output.add(b.Output)
	s.s.Batches[b.Examples] = t
}
