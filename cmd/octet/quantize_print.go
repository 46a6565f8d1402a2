package main

import (
	"fmt"
	"io"
	"text/tabwriter"

	"github.com/octet-ml/octet/quantize"
)

// printDecisions writes for people what was decided.
func printDecisions(out io.Writer, r *quantize.Result) error {
	for _, w := range r.Warnings {
		fmt.Fprintf(out, "warning     %s\n", w)
	}
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprint(w, "layer\tscheme\tweights dB\toutput dB\t")
	if r.Search != nil {
		fmt.Fprint(w, "sensitivity\t")
	}
	fmt.Fprintln(w)
	for _, l := range r.Layers {
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t", l.Name, l.Scheme, orDash("%.1f", l.SQNR), orDash("%.1f", l.Output))
		if r.Search != nil {
			fmt.Fprintf(w, "%s\t", orDash("%.2g", l.Sensitivity))
		}
		fmt.Fprintln(w)
	}
	if err := w.Flush(); err != nil {
		return err
	}
	if s := r.Search; s != nil {
		fmt.Fprintf(out, "search      %s, %s of %d\n", s.Low, s.Judge, s.Inputs)
		for _, t := range s.Trials {
			final := ""
			if t.Final {
				final = "  all rounded one after the other"
			}
			fmt.Fprintf(out, "  %3d layers %9d bytes  drop %5.2f  divergence %.4f%s\n", t.Layers, t.Bytes, t.Drop, t.Divergence, final)
		}
	}
	return nil
}

// orDash formats a number that is 0 where it is not known.
func orDash(format string, v float64) string {
	if v == 0 {
		return "-"
	}
	return fmt.Sprintf(format, v)
}
