package main

import (
	"cmp"
	"encoding/csv"
	"fmt"
	"io"
	"path/filepath"
	goruntime "runtime"
	"strconv"
	"strings"
	"text/tabwriter"

	"github.com/octet-ml/octet/bench"
)

// printMachine writes where figures come from.
func printMachine(out io.Writer, m bench.Machine, peak bench.Peak) {
	fmt.Fprintf(out, "%s, %s, %d logical cores at %.1f GHz, GOMAXPROCS %d, kernels %s, %s",
		cmp.Or(m.Processor, "unknown processor"), m.System, m.Cores, m.Clock, m.MaxProcs, m.Level, m.Go)
	if m.Load != "" {
		fmt.Fprintf(out, ", load %s", m.Load)
	}
	fmt.Fprintf(out, "\nprobed peak of one core: int8 %.0f GMAC/s, fp32 %.0f GMAC/s\n", peak.Int8, peak.FP32)
}

func printReport(out io.Writer, r *bench.Report) error {
	printMachine(out, r.Machine, r.Peak)
	if len(r.Results) > 0 {
		first := r.Results[0]
		fmt.Fprintf(out, "%s: %.1f million multiplications a picture; times in ms\n\n", first.Model, float64(first.MACs)/1e6)
	}
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(w, "engine\tprecision\tthreads\tbatch\tquiet\t±\tp50\tp90\tp99\timages/s\tGMAC/s\tpeak\tvs fp32\tweights\tarena\tload\t")
	for _, c := range r.Results {
		speedup := "-"
		if c.Speedup > 0 {
			speedup = fmt.Sprintf("%.2f", c.Speedup)
		}
		fmt.Fprintf(w, "%s\t%s\t%d\t%d\t%s\t%.1f %%\t%s\t%s\t%s\t%.1f\t%.1f\t%.0f %%\t%s\t%s\t%s\t%.0f\t\n", c.Engine, c.Precision, c.Threads, c.Batch,
			significant(c.Quiet), 100*c.Interval, significant(c.P50), significant(c.P90), significant(c.P99),
			c.Images, c.GMACs, 100*c.Share, speedup, known(c.Weights), known(c.Arena), c.Load)
	}
	if err := w.Flush(); err != nil {
		return err
	}
	return printOutliers(out, r)
}

// printOutliers says how many runs other work has disturbed, where that is more than a few.
func printOutliers(out io.Writer, r *bench.Report) error {
	const few = 0.02
	for _, c := range r.Results {
		if float64(c.Outliers) > few*float64(c.Runs) {
			fmt.Fprintf(out, "%s, %d threads, batch %d: %d of %d runs are outliers; the machine was busy, p90 and p99 say more about it than about the model\n",
				c.Label(), c.Threads, c.Batch, c.Outliers, c.Runs)
		}
	}
	return nil
}

// printCSV writes the results with the names of the JSON form as columns.
func printCSV(out io.Writer, r *bench.Report) error {
	w := csv.NewWriter(out)
	_ = w.Write([]string{
		"model", "engine", "precision", "threads", "batch", "sessions", "runs", "outliers", "quiet_ms", "interval", "p50_ms", "p90_ms", "p99_ms",
		"images_per_second", "gmacs", "share_of_peak", "speedup_over_fp32", "macs", "weights_bytes", "arena_bytes", "load_ms",
	})
	for _, c := range r.Results {
		line := []string{c.Model, c.Engine, c.Precision}
		for _, v := range []float64{
			float64(c.Threads), float64(c.Batch), float64(c.Sessions), float64(c.Runs), float64(c.Outliers), c.Quiet, c.Interval, c.P50, c.P90, c.P99,
			c.Images, c.GMACs, c.Share, c.Speedup, float64(c.MACs), float64(c.Weights), float64(c.Arena), c.Load,
		} {
			line = append(line, strconv.FormatFloat(v, 'f', -1, 64))
		}
		_ = w.Write(line)
	}
	w.Flush()
	return w.Error()
}

// printBenchstat writes a line for each round of each cell, in the format of Go benchmarks.
func printBenchstat(out io.Writer, r *bench.Report) error {
	fmt.Fprintf(out, "goos: %s\ngoarch: %s\ncpu: %s\n", goruntime.GOOS, goruntime.GOARCH, r.Machine.Processor)
	plain := strings.NewReplacer(" ", "_", "/", "_")
	for _, c := range r.Results {
		name, label := plain.Replace(filepath.Base(c.Model)), plain.Replace(c.Label())
		for _, round := range c.Rounds {
			_, err := fmt.Fprintf(out, "BenchmarkRun/%s/%s/batch=%d/sessions=%d-%d\t%d\t%.0f ns/op\n", name, label, c.Batch, c.Sessions, c.Threads, round.Runs, 1e6*round.Mean)
			if err != nil {
				return err
			}
		}
	}
	return nil
}

func printProfiles(out io.Writer, r *profileReport) error {
	printMachine(out, r.Machine, r.Peak)
	for _, p := range r.Profiles {
		if err := printProfile(out, p); err != nil {
			return err
		}
	}
	return nil
}

func printProfile(out io.Writer, p *bench.CellProfile) error {
	fmt.Fprintf(out, "\n%s %s, threads %d, batch %d: %s ms in %d steps\n\n", p.Model, p.Precision, p.Threads, p.Batch, significant(p.Time), len(p.Steps))
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "step\tµs\ttime\tGMAC/s\tpeak\toperator\toutput\tkernel\tname")
	for i, s := range p.Steps {
		gmacs, share := rate(s.GMACs, s.Share)
		fmt.Fprintf(w, "%d\t%.1f\t%.1f %%\t%s\t%s\t%s\t%s\t%s\t%s\n", i, 1000*s.Time, 100*s.Part, gmacs, share, s.Op, s.Output, s.Kernel, s.Name)
	}
	fmt.Fprintln(w, "\noperator\tµs\ttime\tGMAC/s\tpeak\tsteps")
	for _, o := range p.Operators {
		gmacs, share := rate(o.GMACs, o.Share)
		fmt.Fprintf(w, "%s\t%.1f\t%.1f %%\t%s\t%s\t%d\n", o.Op, 1000*o.Time, 100*o.Part, gmacs, share, o.Steps)
	}
	return w.Flush()
}

// rate prints a rate and its share of the peak; nothing where there are no multiplications.
func rate(gmacs, share float64) (string, string) {
	if gmacs == 0 {
		return "", ""
	}
	return fmt.Sprintf("%.1f", gmacs), fmt.Sprintf("%.0f %%", 100*share)
}

// significant prints milliseconds with at least three digits.
func significant(ms float64) string {
	switch {
	case ms < 1:
		return fmt.Sprintf("%.4f", ms)
	case ms < 10:
		return fmt.Sprintf("%.3f", ms)
	case ms < 100:
		return fmt.Sprintf("%.2f", ms)
	}
	return fmt.Sprintf("%.1f", ms)
}

// known prints a number of bytes, which an engine may not tell.
func known(n int) string {
	if n == 0 {
		return "-"
	}
	return size(n)
}

// size prints a number of bytes for people.
func size(n int) string {
	switch {
	case n >= 1<<20:
		return fmt.Sprintf("%.1f MiB", float64(n)/(1<<20))
	case n >= 1<<10:
		return fmt.Sprintf("%.1f KiB", float64(n)/(1<<10))
	}
	return fmt.Sprintf("%d B", n)
}
