package cost

import (
	"fmt"
	"slices"
	"time"

	"github.com/octet-ml/octet/runtime"
)

// Timing is how long one input takes, both models in turns.
type Timing struct {
	Runs    int     `json:"runs"` // of each
	A       float64 `json:"a_ms"` // median
	B       float64 `json:"b_ms"`
	Ratio   float64 `json:"ratio"` // A's median to B's: how many times as fast B is
	Threads int     `json:"threads"`
	Level   string  `json:"level"` // of instruction set
}

// The runs that do not count, and how long all others may take together before fewer than asked for are enough.
const (
	warmUp   = 3
	enough   = 10
	patience = 5 * time.Second
)

// time measures both models on the first input, in turns, each run with all threads.
func (c *comparison) time() error {
	if c.o.Runs < 0 {
		return nil
	}
	var sessions [2]*runtime.Session
	t := &Timing{Threads: c.o.Threads}
	for k, m := range []Model{c.a, c.b} {
		p, err := runtime.Compile(m.Graph, runtime.Threads(c.o.Threads), runtime.Float32())
		if err != nil {
			return fmt.Errorf("%s: %w", m.Name, err)
		}
		one := &machine{name: m.Name, inputs: m.Inputs, program: p}
		if sessions[k], err = p.NewSession(); err != nil {
			return fmt.Errorf("%s: %w", m.Name, err)
		}
		one.sessions = sessions[k : k+1]
		if err := one.load(0, 0); err != nil {
			return err
		}
		t.Level = p.Level()
	}
	var times [2][]time.Duration
	start := time.Now()
	for i := range warmUp + c.o.Runs {
		for k, s := range sessions {
			before := time.Now()
			s.Run()
			if took := time.Since(before); i >= warmUp {
				times[k] = append(times[k], took)
			}
		}
		c.o.Progress("time", i+1, warmUp+c.o.Runs)
		if len(times[1]) >= enough && time.Since(start) > patience {
			break
		}
	}
	t.Runs, t.A, t.B = len(times[0]), median(times[0]), median(times[1])
	t.Ratio = t.A / t.B
	c.report.Time = t
	return nil
}

// median returns the median in milliseconds.
func median(times []time.Duration) float64 {
	slices.Sort(times)
	n := len(times)
	return float64(times[n/2]+times[(n-1)/2]) / 2 / float64(time.Millisecond)
}
