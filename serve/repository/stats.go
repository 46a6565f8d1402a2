package repository

import (
	"maps"
	"sync"
	"time"

	"github.com/octet-ml/octet/serve/batch"
)

// Total says how often something was done, and how long it took in all.
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
	Internal   uint64    // of those that failed: for a fault of ours
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
	maps.Copy(out.Batches, s.s.Batches)
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

// Failure is why a request failed.
type Failure uint8

// The reasons that are told apart.
const (
	FailOther     Failure = iota // the request was wrong, say
	FailRejected                 // for want of room or time
	FailCancelled                // by the client or its deadline
	FailInternal                 // a fault of ours
)

// Failed counts a request that failed after d.
func (s *Stats) Failed(d time.Duration, why Failure) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.s.Last = time.Now()
	s.s.Fail.add(d)
	switch why {
	case FailRejected:
		s.s.Rejected++
	case FailCancelled:
		s.s.Cancelled++
	case FailInternal:
		s.s.Internal++
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
