package main

import (
	"fmt"
	"io"
	"text/tabwriter"

	"github.com/octet-ml/octet/cmd/octet/internal/costpage"
	"github.com/octet-ml/octet/quantize/cost"
)

// shownConfusions is the number of changed confusions that compare prints.
const shownConfusions = 5

// print writes a comparison for people.
func (f *comparer) print(p *costpage.Page) error {
	out := f.stdout
	fmt.Fprintf(out, "A           %s\nB           %s\ndata        %d pictures of %s, input from %s\n\n", p.A.Name, p.B.Name, p.Inputs, p.Data, p.Input)
	if err := printSides(out, p.Report); err != nil {
		return err
	}
	printAnswers(out, p)
	if err := printLayers(out, p.Report); err != nil {
		return err
	}
	if m := p.Maps; m != nil {
		fmt.Fprintf(out, "\nmaps        %d pictures; occlusion by %d x %d pixels in steps of %d, %d random masks\n", len(m.Pictures), m.Patch, m.Patch, m.Step, m.Masks)
		fmt.Fprintf(out, "occlusion   rank correlation %.3f, overlap of the top fifth %.1f %%\n", m.Occlusion.Rank, 100*m.Occlusion.Overlap)
		fmt.Fprintf(out, "saliency    rank correlation %.3f, overlap of the top fifth %.1f %%\n", m.Saliency.Rank, 100*m.Saliency.Overlap)
	}
	for _, n := range p.Notes {
		fmt.Fprintf(out, "note        %s\n", n)
	}
	return nil
}

// printSides writes what the models are by themselves.
func printSides(out io.Writer, r *cost.Report) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(w, "\tA\tB\tB : A\t")
	if a, b := r.A.Score, r.B.Score; a != nil {
		fmt.Fprintf(w, "top-1\t%d\t%d\t%+d\t\n", a.Top1, b.Top1, b.Top1-a.Top1)
		fmt.Fprintf(w, "top-5\t%d\t%d\t%+d\t\n", a.Top5, b.Top5, b.Top5-a.Top5)
		fmt.Fprintf(w, "macro-F1\t%.4f\t%.4f\t%+.4f\t\n", a.MacroF1, b.MacroF1, b.MacroF1-a.MacroF1)
	}
	x, y := r.A.Storage, r.B.Storage
	for _, row := range []struct {
		name string
		a, b int
	}{{"file bytes", x.File, y.File}, {"weight bytes", x.Weights, y.Weights}, {"packed bytes", x.Packed, y.Packed}, {"arena bytes", x.Arena, y.Arena}} {
		if row.a > 0 && row.b > 0 {
			fmt.Fprintf(w, "%s\t%d\t%d\t%.3f\t\n", row.name, row.a, row.b, float64(row.b)/float64(row.a))
		}
	}
	for _, bits := range []int{4, 8, 16, 32} {
		a, b := macsOf(r.A, bits), macsOf(r.B, bits)
		if a+b > 0 {
			fmt.Fprintf(w, "MMAC, %d bits\t%.2f\t%.2f\t\t\n", bits, float64(a)/1e6, float64(b)/1e6)
		}
	}
	if t := r.Time; t != nil {
		fmt.Fprintf(w, "time in ms\t%.4g\t%.4g\t%.3f\t\n", t.A, t.B, t.B/t.A)
	}
	return w.Flush()
}

// macsOf returns the multiplications of a model by weights of so many bits.
func macsOf(s cost.Side, bits int) int {
	for _, w := range s.Widths {
		if w.Bits == bits {
			return w.MACs
		}
	}
	return 0
}

// printAnswers writes how the answers differ.
func printAnswers(out io.Writer, p *costpage.Page) {
	a := p.Answers
	if t := p.Time; t != nil {
		fmt.Fprintf(out, "\ntime        medians of %d runs in turns, %d threads, kernels %s: B is %.2f times as fast\n", t.Runs, t.Threads, t.Level, t.Ratio)
	}
	fmt.Fprintf(out, "same answer %d of %d (%.2f %%)", a.Same, p.Inputs, 100*float64(a.Same)/float64(p.Inputs))
	if p.A.Score != nil {
		fmt.Fprintf(out, "; only A is right %d times, only B %d times", a.Lost, a.Won)
	}
	fmt.Fprintf(out, "\n%-11s differ by %.4g on average, by %.4g at most (picture %d); %.1f dB\n", a.Of, a.Mean, a.Worst, a.WorstInput, a.SQNR)
	for _, c := range a.Confusions[:min(len(a.Confusions), shownConfusions)] {
		fmt.Fprintf(out, "confusion   %s taken for %s: %d times by A, %d by B\n", p.Class(c.Label), p.Class(c.Answer), c.A, c.B)
	}
}

// printLayers writes how close activations and weights are, and what has no counterpart.
func printLayers(out io.Writer, r *cost.Report) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	if len(r.Values) > 0 {
		fmt.Fprintf(w, "\nactivation, on %d pictures\tdB\tcosine\tclipped\tstep\n", r.Sampled)
		for _, v := range r.Values {
			step := "float"
			if v.Grid != nil {
				step = fmt.Sprintf("%.4g", v.Grid.Step)
			}
			fmt.Fprintf(w, "%s\t%.1f\t%.4f\t%.3f %%\t%s\n", elided(v.Name), v.SQNR, v.Cosine, 100*v.Clipped, step)
		}
	}
	if len(r.Layers) > 0 {
		fmt.Fprint(w, "\nweights of layer\tdB\tcosine\tclipped\tbits\tscheme\n")
		for _, l := range r.Layers {
			scheme := "-"
			if l.Decision != nil {
				scheme = l.Decision.Scheme
			}
			fmt.Fprintf(w, "%s\t%.1f\t%.4f\t%.3f %%\t%d\t%s\n", elided(l.Name), l.SQNR, l.Cosine, 100*l.Clipped, l.BitsB, scheme)
		}
	}
	parts := 0
	for i, u := range r.Unmatched {
		if i == 0 {
			fmt.Fprint(w, "\nwithout counterpart\tof\twhy\n")
		}
		if u.Kind == "part" {
			parts++
			continue
		}
		fmt.Fprintf(w, "%s %s\t%s\t%s\n", u.Kind, elided(u.Name), u.Model, u.Why)
	}
	if parts > 0 {
		fmt.Fprintf(w, "%d activations within layers\t\tthe layers' results stand for them (--json lists them)\n", parts)
	}
	return w.Flush()
}

// elided returns a name without its middle, where it is too long for a table: TFLite files have names of hundreds of letters.
func elided(name string) string {
	const most, end = 60, 28
	r := []rune(name)
	if len(r) <= most {
		return name
	}
	return string(r[:end]) + "..." + string(r[len(r)-end:])
}
