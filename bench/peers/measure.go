package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/octet-ml/octet/bench/peers/probe"
)

const (
	// warmTime is how long an engine runs before each of its turns counts: caches and clocks come back, and the workers of
	// the engine that ran before stop spinning.
	warmTime = 50 * time.Millisecond
	// leastRuns is the number of runs that a turn has at least, however long they take.
	leastRuns = 3
	// probeTime is how long the processor's peak is measured in each round.
	probeTime = 10 * time.Millisecond
	// quietPeak is the quantile of the rounds' peaks that counts: the median of the best quarter, as for times.
	quietPeak = 0.875
)

// settings say how to measure.
type settings struct {
	Threads []int         `json:"threads"`
	Batches []int         `json:"batches"`
	Rounds  int           `json:"rounds"`
	Turn    time.Duration `json:"turn"` // how long an engine's turn in a round counts
}

// bench measures.
type bench struct {
	settings
	launcher *launcher
	log      io.Writer // progress
}

// cell is the comparison of one model at one number of threads and one batch size. Skipped or Error are set where there is
// none.
type cell struct {
	Model       string       `json:"model"`
	Threads     int          `json:"threads"`
	Batch       int          `json:"batch"`
	Skipped     string       `json:"skipped,omitempty"` // why the model has no such cell
	Error       string       `json:"error,omitempty"`
	Engines     [2]string    `json:"engines"`
	Times       [2]timing    `json:"times"`
	Ratio       float64      `json:"ratio"`        // of quiet medians, theirs to ours
	PairedRatio float64      `json:"paired_ratio"` // median of the rounds' ratios
	Agreement   agreement    `json:"agreement"`
	MACs        int          `json:"macs"` // of a run
	Peak        probe.Result `json:"peak"`
	PeakShare   [2]float64   `json:"peak_share"` // of the peak, reached by the quiet medians
}

// measured reports whether the cell holds times.
func (c *cell) measured() bool { return c.Skipped == "" && c.Error == "" }

// measure fills the cell of a job.
func (b *bench) measure(ctx context.Context, j *job) cell {
	c := cell{Model: modelName(j.Model), Threads: j.Threads, Batch: j.Batch}
	p, err := b.launcher.startPair(ctx)
	if err == nil {
		err = errors.Join(b.fill(&c, p, j), p.close())
	}
	if err != nil {
		c.Error = err.Error()
	}
	return c
}

// fill lets the engines take turns.
func (b *bench) fill(c *cell, p pair, j *job) error {
	opened, err := p.ask(0, request{Op: "open", Job: j})
	if err != nil {
		return err
	}
	for i, r := range opened {
		c.Engines[i] = r.Facts.Engine
		c.MACs = max(c.MACs, r.Facts.MACs)
	}
	var turns [2][][]time.Duration
	var peaks []float64
	for round := range b.Rounds {
		peak, err := probe.Peak(j.Threads, probeTime)
		if err != nil {
			return err
		}
		peaks, c.Peak.Method = append(peaks, peak.GMACs), peak.Method
		got, err := p.ask(round, request{Op: "block", Warm: warmTime, Time: b.Turn, MinRuns: leastRuns})
		if err != nil {
			return err
		}
		for i, r := range got {
			turns[i] = append(turns[i], r.Times)
		}
	}
	outputs, err := p.ask(0, request{Op: "outputs"})
	if err != nil {
		return err
	}
	if c.Agreement, err = compare(j, outputs[0].Outputs, outputs[1].Outputs); err != nil {
		return err
	}
	c.sum(turns, peaks)
	return nil
}

// sum turns what was measured into the cell's figures.
func (c *cell) sum(turns [2][][]time.Duration, peaks []float64) {
	slices.Sort(peaks)
	c.Peak.GMACs = quantile(peaks, quietPeak)
	for i := range turns {
		c.Times[i] = summarize(turns[i])
		c.PeakShare[i] = float64(c.MACs) / (c.Times[i].Quiet * 1e6) / c.Peak.GMACs
	}
	c.Ratio = c.Times[1].Quiet / c.Times[0].Quiet
	c.PairedRatio = pairedRatio(turns[0], turns[1])
}

// models measures every cell of every model, and then how each starts. Errors are in the cells, but for that of ctx.
func (b *bench) models(ctx context.Context, paths []string) (cells []cell, starts []start, err error) {
	for _, path := range paths {
		e, err := readEdge(path)
		if err != nil {
			cells = append(cells, cell{Model: modelName(path), Error: err.Error()})
			continue
		}
		var first *job
		for _, threads := range b.Threads {
			for _, batch := range b.Batches {
				j, err := e.job(path, threads, batch)
				if err != nil {
					cells = append(cells, noCell(path, threads, batch, err))
					continue
				}
				if first == nil {
					first = j
				}
				b.progress("%s: %d threads, batch %d", modelName(path), threads, batch)
				cells = append(cells, b.measure(ctx, j))
				if ctx.Err() != nil {
					return cells, starts, ctx.Err()
				}
			}
		}
		if first == nil {
			continue
		}
		b.progress("%s: loading and memory", modelName(path))
		starts = append(starts, b.start(ctx, first))
		if ctx.Err() != nil {
			return cells, starts, ctx.Err()
		}
	}
	return cells, starts, nil
}

// noCell returns a cell without a job: skipped where the model has no such batch size.
func noCell(path string, threads, batch int, err error) cell {
	c := cell{Model: modelName(path), Threads: threads, Batch: batch}
	if errors.Is(err, errFixedBatch) {
		c.Skipped = err.Error()
	} else {
		c.Error = err.Error()
	}
	return c
}

func (b *bench) progress(format string, args ...any) { fmt.Fprintf(b.log, format+"\n", args...) }
