package main

import (
	"encoding/json"
	"fmt"
	"io"
	goruntime "runtime"
	"text/tabwriter"

	"github.com/octet-ml/octet/internal/cpu"
)

// report is the result of a comparison.
type report struct {
	Processor string    `json:"processor"`
	Cores     int       `json:"cores"`
	Go        string    `json:"go"`
	Load      [2]string `json:"load"` // averages of the system's load, before and after
	Settings  settings  `json:"settings"`
	Cells     []cell    `json:"cells"`
	Starts    []start   `json:"starts"`
}

func newReport(s settings) *report {
	info := cpu.Describe()
	return &report{Processor: info.Brand, Cores: info.Cores, Go: goruntime.Version(), Settings: s, Load: [2]string{loadAverage()}}
}

// summary is what the cells come to.
type summary struct {
	count         int
	mean          float64 // geometric, of the ratios; NaN where count is 0
	least         *cell   // of the smallest ratio
	failures      int     // cells and starts with an error
	disagreements int     // cells whose outputs differ too much
}

func (r *report) summary() summary {
	var s summary
	var ratios []float64
	for i := range r.Cells {
		c := &r.Cells[i]
		if c.Error != "" {
			s.failures++
		}
		if !c.measured() {
			continue
		}
		ratios = append(ratios, c.Ratio)
		if s.least == nil || c.Ratio < s.least.Ratio {
			s.least = c
		}
		if !c.Agreement.agrees() {
			s.disagreements++
		}
	}
	for i := range r.Starts {
		if r.Starts[i].Error != "" {
			s.failures++
		}
	}
	s.count, s.mean = len(ratios), geometricMean(ratios)
	return s
}

// head writes where and how the figures were taken.
func (r *report) head(w io.Writer) {
	fmt.Fprintf(w, "%s, %d cores, %s; load average %s before, %s after\n", r.Processor, r.Cores, r.Go, r.Load[0], r.Load[1])
	for i := range r.Cells {
		if c := &r.Cells[i]; c.measured() {
			fmt.Fprintf(w, "%s against %s, %d rounds in turns of %v; peak: %s\n", c.Engines[0], c.Engines[1], r.Settings.Rounds, r.Settings.Turn, c.Peak.Method)
			return
		}
	}
}

// text writes the report for people. Ratios are theirs to ours.
func (r *report) text(w io.Writer) error {
	r.head(w)
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "\nmodel\tthreads\tbatch\tours ms\ttheirs ms\tratio\tpaired\tpeak GMAC/s\tours\ttheirs\toutputs")
	for i := range r.Cells {
		c := &r.Cells[i]
		if !c.measured() {
			fmt.Fprintf(t, "%s\t%d\t%d\t-\t-\t-\t-\t-\t-\t-\t%s\n", c.Model, c.Threads, c.Batch, c.note())
			continue
		}
		fmt.Fprintf(t, "%s\t%d\t%d\t%.3f\t%.3f\t%.2f\t%.2f\t%.0f\t%.0f%%\t%.0f%%\t%v\n", c.Model, c.Threads, c.Batch, c.Times[0].Quiet,
			c.Times[1].Quiet, c.Ratio, c.PairedRatio, c.Peak.GMACs, 100*c.PeakShare[0], 100*c.PeakShare[1], c.Agreement)
	}
	fmt.Fprintln(t, "\nmodel\tfirst load ms\ttheirs\tratio\treload ms\ttheirs\tratio\tpeak MiB\ttheirs\tratio")
	for i := range r.Starts {
		s := &r.Starts[i]
		if s.Error != "" {
			fmt.Fprintf(t, "%s\terror: %s\n", s.Model, s.Error)
			continue
		}
		fmt.Fprintf(t, "%s\t%.2f\t%.2f\t%.2f\t%.2f\t%.2f\t%.2f\t%.1f\t%.1f\t%.2f\n", s.Model, s.First.Ours, s.First.Theirs, s.First.Ratio,
			s.Reload.Ours, s.Reload.Theirs, s.Reload.Ratio, s.Peak.Ours/(1<<20), s.Peak.Theirs/(1<<20), s.Peak.Ratio)
	}
	if err := t.Flush(); err != nil {
		return err
	}
	s := r.summary()
	if s.count > 0 {
		fmt.Fprintf(w, "\ngeometric mean of %d ratios %.2f; least %.2f (%s, %d threads, batch %d)\n", s.count, s.mean, s.least.Ratio,
			s.least.Model, s.least.Threads, s.least.Batch)
	}
	if s.failures > 0 || s.disagreements > 0 {
		fmt.Fprintf(w, "%d errors, %d cells whose outputs differ (cosine below %v)\n", s.failures, s.disagreements, leastCosine)
	}
	return nil
}

// note says why there are no figures.
func (c *cell) note() string {
	if c.Error != "" {
		return "error: " + c.Error
	}
	return "skipped: " + c.Skipped
}

// json writes the report for programs.
func (r *report) json(w io.Writer) error {
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	return e.Encode(r)
}
