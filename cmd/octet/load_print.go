package main

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/octet-ml/octet/serve/load"
)

// printLoad prints a report for people.
func printLoad(out io.Writer, r *load.Report) error {
	fmt.Fprintf(out, "server     %s, model %s", r.URL, r.Model)
	if r.Version != "" {
		fmt.Fprintf(out, " version %s", r.Version)
	}
	fmt.Fprintf(out, ", %s, %d different requests, batch %d\n", r.Protocol, r.Inputs, r.Batch)
	if r.Rate > 0 {
		fmt.Fprintf(out, "open loop  %.4g requests/s, %s arrivals\n", r.Rate, r.Arrivals)
	} else {
		fmt.Fprintf(out, "loop       closed, %d clients\n", r.Clients)
	}
	fmt.Fprintf(out, "sent       %d in %.3f s, %.1f/s; %d not sent; %d more in the warm-up\n", r.Sent, r.Sending.Seconds(), r.SentRate, r.Unsent, r.Warmup)
	fmt.Fprintf(out, "answered   %d, %.1f/s\n", r.Answered, r.AnsweredRate)
	fmt.Fprintf(out, "good       %d, %.1f/s, %.1f examples/s\n", r.Good, r.GoodRate, r.GoodRate*float64(r.Batch))
	fmt.Fprintf(out, "bodies     %s sent, %s received\n", size(int(r.BytesSent)), size(int(r.BytesReceived)))
	if r.Checked > 0 {
		fmt.Fprintf(out, "checked    %d good answers, %d differ from the first to the same input\n", r.Checked, r.Mismatches)
	}
	fmt.Fprintln(out, "\nTimes in ms, from when a request was due:")
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(w, "code\trequests\tshare\tmean\tp50\tp90\tp99\tp99.9\tmax\t")
	for _, o := range r.Outcomes {
		printLatency(w, o.Code, fmt.Sprintf("%.2f %%", 100*float64(o.Latency.Count)/float64(r.Sent)), o.Latency)
	}
	if r.Rate > 0 {
		printLatency(w, "late", "", r.Late)
	}
	if err := w.Flush(); err != nil {
		return err
	}
	for _, o := range r.Outcomes {
		if o.Example != "" {
			fmt.Fprintf(out, "%s, the first: %q\n", o.Code, o.Example)
		}
	}
	for _, o := range r.Outcomes {
		if o.Good {
			printHistogram(out, o)
		}
	}
	return nil
}

// printLatency prints a row of the table.
func printLatency(out io.Writer, name, share string, l load.Latency) {
	fmt.Fprintf(out, "%s\t%d\t%s\t", name, l.Count, share)
	for _, d := range []time.Duration{l.Mean, l.P50, l.P90, l.P99, l.P999, l.Max} {
		fmt.Fprintf(out, "%s\t", inMilliseconds(d))
	}
	fmt.Fprintln(out)
}

// inMilliseconds prints a time for a column whose head has the unit.
func inMilliseconds(d time.Duration) string {
	return significant(float64(d) / float64(time.Millisecond))
}

// barWidth is how long the longest bar of a histogram is, in characters.
const barWidth = 50

// printHistogram prints the times of an outcome as bars of equal width on a logarithmic axis.
func printHistogram(out io.Writer, o load.Outcome) {
	var most int64
	for _, b := range o.Histogram {
		most = max(most, b.Count)
	}
	fmt.Fprintf(out, "\nTimes of %s, ms:\n", o.Code)
	for _, b := range o.Histogram {
		bar := (b.Count*barWidth + most - 1) / most // a bar that is not empty is seen
		fmt.Fprintf(out, "%9s to %9s %9d  %s\n", inMilliseconds(b.From), inMilliseconds(b.To), b.Count, strings.Repeat("#", int(bar)))
	}
}
