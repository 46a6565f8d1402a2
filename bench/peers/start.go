package main

import (
	"context"
	"errors"
	"time"
)

// reloadsPerRound is how often each engine loads the model again, in turns, for each round.
const reloadsPerRound = 3

// memoryRuns is the number of runs after which memory is read.
const memoryRuns = 3

// versus is a figure of both engines.
type versus struct {
	Ours   float64 `json:"ours"`
	Theirs float64 `json:"theirs"`
	Ratio  float64 `json:"ratio"` // theirs to ours
}

func compareFigures(ours, theirs float64) versus {
	return versus{Ours: ours, Theirs: theirs, Ratio: theirs / ours}
}

// start is what a model costs before it runs and while it is there. Error is set where nothing was measured.
type start struct {
	Model   string  `json:"model"`
	Threads int     `json:"threads"`
	Batch   int     `json:"batch"`
	Error   string  `json:"error,omitempty"`
	First   versus  `json:"first_load_ms"` // the first load in a process, the file in the system's cache; quiet medians
	Reload  versus  `json:"reload_ms"`     // later loads in one process; quiet medians
	Peak    versus  `json:"peak_bytes"`    // resident at most after loading and a few runs; medians
	Base    float64 `json:"base_bytes"`    // of Peak, what the process had before it opened anything: Go's runtime
}

// start measures the loading and memory of a job's model, in processes that do nothing else.
func (b *bench) start(ctx context.Context, j *job) start {
	s := start{Model: modelName(j.Model), Threads: j.Threads, Batch: j.Batch}
	if err := b.fillStart(ctx, &s, j); err != nil {
		s.Error = err.Error()
	}
	return s
}

func (b *bench) fillStart(ctx context.Context, s *start, j *job) error {
	var first, again [2][][]time.Duration
	var peak [2][]float64
	var base []float64
	for round := range b.Rounds {
		for turn := range peerNames {
			i := (turn + round) % len(peerNames)
			got, err := b.fresh(ctx, peerNames[i], j)
			if err != nil {
				return err
			}
			first[i] = append(first[i], []time.Duration{got.load})
			peak[i] = append(peak[i], float64(got.peak))
			base = append(base, float64(got.base))
		}
	}
	p, err := b.launcher.startPair(ctx)
	if err != nil {
		return err
	}
	if err := errors.Join(b.reload(p, j, &again), p.close()); err != nil {
		return err
	}
	s.First = compareFigures(milliseconds(quietMedian(first[0])), milliseconds(quietMedian(first[1])))
	s.Reload = compareFigures(milliseconds(quietMedian(again[0])), milliseconds(quietMedian(again[1])))
	s.Peak = compareFigures(median(peak[0]), median(peak[1]))
	s.Base = median(base)
	return nil
}

// birth is what a fresh process measured.
type birth struct {
	load       time.Duration
	base, peak int64
}

// fresh opens the model in a new process and runs it a few times.
func (b *bench) fresh(ctx context.Context, name string, j *job) (out birth, err error) {
	c, err := b.launcher.start(ctx, name)
	if err != nil {
		return birth{}, err
	}
	defer func() { err = errors.Join(err, c.close()) }()
	before, err := c.ask(request{Op: "peak"})
	if err != nil {
		return birth{}, err
	}
	opened, err := c.ask(request{Op: "open", Job: j})
	if err != nil {
		return birth{}, err
	}
	if _, err := c.ask(request{Op: "block", MinRuns: memoryRuns}); err != nil {
		return birth{}, err
	}
	after, err := c.ask(request{Op: "peak"})
	if err != nil {
		return birth{}, err
	}
	return birth{load: opened.Load, base: before.Peak, peak: after.Peak}, nil
}

// reload lets the engines of a pair load the model again and again, in turns.
func (b *bench) reload(p pair, j *job, times *[2][][]time.Duration) error {
	if _, err := p.ask(0, request{Op: "open", Job: j}); err != nil {
		return err
	}
	for round := range b.Rounds * reloadsPerRound {
		got, err := p.ask(round, request{Op: "load"})
		if err != nil {
			return err
		}
		for i, r := range got {
			times[i] = append(times[i], []time.Duration{r.Load})
		}
	}
	return nil
}
