package bench

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"github.com/octet-ml/octet/runtime"
)

// StepProfile is the time of one step of a program.
type StepProfile struct {
	Op     string  `json:"op"`
	Name   string  `json:"name"`
	Kernel string  `json:"kernel"` // the tile is part of its name
	Output string  `json:"output"` // type and shape
	Time   float64 `json:"ms"`
	Part   float64 `json:"part"` // of the time of all steps
	MACs   int64   `json:"macs"` // of the whole batch
	GMACs  float64 `json:"gmacs,omitempty"`
	Share  float64 `json:"share_of_peak,omitempty"`
	Bytes  int64   `json:"bytes"` // inputs, outputs and packed weights
	Live   int     `json:"live"`  // bytes of values in the arena while the step runs
}

// OperatorProfile is the time of all steps of one operator.
type OperatorProfile struct {
	Op    string  `json:"op"`
	Steps int     `json:"steps"`
	Time  float64 `json:"ms"`
	Part  float64 `json:"part"`
	MACs  int64   `json:"macs"`
	GMACs float64 `json:"gmacs,omitempty"`
	Share float64 `json:"share_of_peak,omitempty"`
}

// CellProfile is where the time of a cell goes. The time of a step is its mean over the quarter of rounds that is best for it;
// measuring adds about 0.1 µs to each.
type CellProfile struct {
	Model     string            `json:"model"`
	Precision string            `json:"precision"`
	Threads   int               `json:"threads"`
	Batch     int               `json:"batch"`
	Time      float64           `json:"ms"`        // of all steps
	Steps     []StepProfile     `json:"steps"`     // in order
	Operators []OperatorProfile `json:"operators"` // the longest first
}

// Profile measures each step of a cell for Options.Duration. The peak is that of one core (ProbePeak).
func Profile(c Cell, peak Peak, o Options) (*CellProfile, error) {
	if err := o.check(); err != nil {
		return nil, err
	}
	l, err := level(o.Level)
	if err != nil {
		return nil, err
	}
	if c.Engine != nil {
		return nil, fmt.Errorf("%v: %w: only Octet has a profile", &c, ErrOption)
	}
	c.Sessions = 1
	r, err := newRunner(c, octet{[]runtime.Option{runtime.Kernels(l.String()), runtime.Profile()}})
	if err != nil {
		return nil, fmt.Errorf("%v: %w", &c, err)
	}
	session := r.instances[0].(*session).session
	session.Run()
	steps := session.Profile()
	out := &CellProfile{Model: c.Model, Precision: c.Precision.String(), Threads: c.Threads, Batch: c.Batch}
	times := stepTimes(session, o.Duration)
	total := sum(times)
	out.Time = milliseconds(total)
	scale := peak.of(c.Precision) * float64(c.Threads)
	for i, s := range steps {
		p := StepProfile{Op: s.Op, Name: s.Name, Kernel: s.Kernel, Output: s.Output, MACs: int64(s.MACs), Time: milliseconds(times[i])}
		p.Bytes, p.Live = int64(s.Moved+s.Weights), s.Live
		p.Part = float64(times[i]) / float64(max(total, 1))
		p.GMACs = giga(float64(s.MACs), times[i])
		p.Share = p.GMACs / scale
		out.Steps = append(out.Steps, p)
	}
	out.Operators = totals(out.Steps, scale)
	return out, nil
}

// stepTimes runs the session, which has run once, in rounds and returns, for each step, the mean time over the quarter of rounds that is best for it.
func stepTimes(session *runtime.Session, duration time.Duration) []time.Duration {
	const parts = 16
	before := make([]time.Duration, len(session.Profile())) // sums over the runs so far
	means := make([][]time.Duration, len(before))           // by step and round
	runs := 1
	for i := range parts + 1 { // the first one warms up
		first := runs
		for begin := time.Now(); runs == first || time.Since(begin) < duration/parts; runs++ {
			session.Run()
		}
		for k, s := range session.Profile() {
			now := s.Time * time.Duration(runs)
			if i > 0 {
				means[k] = append(means[k], max(now-before[k], 0)/time.Duration(runs-first))
			}
			before[k] = now
		}
	}
	out := make([]time.Duration, len(means))
	for k, m := range means {
		slices.Sort(m)
		out[k] = sum(m[:parts/4]) / (parts / 4)
	}
	return out
}

func sum(times []time.Duration) time.Duration {
	total := time.Duration(0)
	for _, t := range times {
		total += t
	}
	return total
}

// totals returns the sums of the steps by operator.
func totals(steps []StepProfile, peak float64) []OperatorProfile {
	var out []OperatorProfile
	for _, s := range steps {
		i := slices.IndexFunc(out, func(o OperatorProfile) bool { return o.Op == s.Op })
		if i < 0 {
			i = len(out)
			out = append(out, OperatorProfile{Op: s.Op})
		}
		o := &out[i]
		o.Steps++
		o.Time, o.Part, o.MACs = o.Time+s.Time, o.Part+s.Part, o.MACs+s.MACs
	}
	for i := range out {
		o := &out[i]
		o.GMACs = giga(float64(o.MACs), time.Duration(o.Time*float64(time.Millisecond)))
		o.Share = o.GMACs / peak
	}
	slices.SortStableFunc(out, func(a, b OperatorProfile) int { return cmp.Compare(b.Time, a.Time) })
	return out
}
