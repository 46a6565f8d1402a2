package main

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"github.com/octet-ml/octet/quantize"
)

// printDecisions writes for people what was decided.
func printDecisions(out io.Writer, r *quantize.Result) error {
	for _, w := range r.Warnings {
		fmt.Fprintf(out, "warning     %s\n", w)
	}
	if len(r.Equalized) > 0 {
		fmt.Fprintf(out, "equalized   outputs of %d layers: %s\n", len(r.Equalized), strings.Join(r.Equalized, ", "))
	}
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	columns := []struct {
		name  string
		shown bool
		text  func(l quantize.LayerChoice) string
	}{
		{"layer", true, func(l quantize.LayerChoice) string { return l.Name }},
		{"scheme", true, func(l quantize.LayerChoice) string { return l.Scheme }},
		{"weights dB", true, func(l quantize.LayerChoice) string { return orDash("%.1f", l.SQNR) }},
		{"output dB", true, func(l quantize.LayerChoice) string { return orDash("%.1f", l.Output) }},
		{"sensitivity", r.Sensitive(), func(l quantize.LayerChoice) string { return orDash("%.2g", l.Sensitivity) }},
		{"float ms", r.Times != nil, func(l quantize.LayerChoice) string { return orDash("%.4f", l.FloatTime) }},
		{"quantized ms", r.Times != nil, func(l quantize.LayerChoice) string { return orDash("%.4f", l.QuantizedTime) }},
	}
	for _, c := range columns {
		if c.shown {
			fmt.Fprint(w, c.name, "\t")
		}
	}
	fmt.Fprintln(w)
	for _, l := range r.Layers {
		for _, c := range columns {
			if c.shown {
				fmt.Fprint(w, c.text(l), "\t")
			}
		}
		fmt.Fprintln(w)
	}
	if err := w.Flush(); err != nil {
		return err
	}
	printSearch(out, r.Search)
	printTimes(out, r.Times)
	return nil
}

// printSearch writes how the bits were found, if they were searched.
func printSearch(out io.Writer, s *quantize.Search) {
	if s == nil {
		return
	}
	fmt.Fprintf(out, "search      %s, %s of %d\n", s.Low, s.Judge, s.Inputs)
	for _, t := range s.Trials {
		final := ""
		if t.Final {
			final = "  all rounded one after the other"
		}
		fmt.Fprintf(out, "  %3d layers %9d bytes  drop %5.2f  divergence %.4f%s\n", t.Layers, t.Bytes, t.Drop, t.Divergence, final)
	}
}

// printTimes writes what was measured, if time decided.
func printTimes(out io.Writer, t *quantize.Times) {
	if t == nil {
		return
	}
	fmt.Fprintf(out, "time        float %.4g ms, all quantized %.4g ms, result %.4g ms (%.3f of float); medians of %d, %s\n", t.Float, t.Quantized, t.Result, t.Ratio, t.Rounds, t.Machine())
	for _, c := range t.Trials {
		fmt.Fprintf(out, "  %3d layers float  %8.4g ms  %.3f of float\n", len(c.Layers), c.Time, c.Ratio)
	}
}

// orDash formats a number that is 0 where it is not known.
func orDash(format string, v float64) string {
	if v == 0 {
		return "-"
	}
	return fmt.Sprintf(format, v)
}
