package main

import (
	"fmt"
	"io"
	"strings"
)

// markdown writes the ratios alone, a row a model: times do not outlive the machine that they were taken on.
func (r *report) markdown(w io.Writer) error {
	out := new(strings.Builder)
	r.head(out)
	out.WriteString("\n| model |")
	columns := 1
	for _, threads := range r.Settings.Threads {
		for _, batch := range r.Settings.Batches {
			fmt.Fprintf(out, " %s, batch %d |", plural(threads, "thread"), batch)
			columns++
		}
	}
	out.WriteString(" first load | reload | peak memory | outputs |\n" + strings.Repeat("|---", columns+4) + "|\n")
	for _, model := range r.modelNames() {
		r.markdownRow(out, model)
	}
	if s := r.summary(); s.count > 0 {
		fmt.Fprintf(out, "\nGeometric mean of the %d time ratios: %.2f; the least: %.2f.\n", s.count, s.mean, s.least.Ratio)
	}
	_, err := io.WriteString(w, out.String())
	return err
}

func (r *report) markdownRow(out *strings.Builder, model string) {
	fmt.Fprintf(out, "| %s |", model)
	var total agreement
	agrees := true
	for _, threads := range r.Settings.Threads {
		for _, batch := range r.Settings.Batches {
			c := r.cell(model, threads, batch)
			if c == nil || !c.measured() {
				out.WriteString(" - |")
				continue
			}
			fmt.Fprintf(out, " %.2f |", c.Ratio)
			total.Values += c.Agreement.Values
			total.Equal += c.Agreement.Equal
			total.MaxDiff = max(total.MaxDiff, c.Agreement.MaxDiff)
			agrees = agrees && c.Agreement.agrees()
		}
	}
	if s := r.startOf(model); s == nil || s.Error != "" {
		out.WriteString(" - | - | - |")
	} else {
		fmt.Fprintf(out, " %.2f | %.2f | %.2f |", s.First.Ratio, s.Reload.Ratio, s.Peak.Ratio)
	}
	out.WriteString(" " + outputsColumn(total, agrees) + " |\n")
}

// outputsColumn says how a model's outputs agree over its cells.
func outputsColumn(total agreement, agrees bool) string {
	switch {
	case total.Values == 0:
		return "-"
	case !agrees:
		return "they differ"
	case total.Equal == total.Values:
		return "equal"
	}
	return fmt.Sprintf("within %.1g", total.MaxDiff)
}

// modelNames returns the models in the order of the cells.
func (r *report) modelNames() []string {
	var out []string
	seen := map[string]bool{}
	for i := range r.Cells {
		if name := r.Cells[i].Model; !seen[name] {
			seen[name] = true
			out = append(out, name)
		}
	}
	return out
}

func (r *report) cell(model string, threads, batch int) *cell {
	for i := range r.Cells {
		if c := &r.Cells[i]; c.Model == model && c.Threads == threads && c.Batch == batch {
			return c
		}
	}
	return nil
}

func (r *report) startOf(model string) *start {
	for i := range r.Starts {
		if r.Starts[i].Model == model {
			return &r.Starts[i]
		}
	}
	return nil
}

func plural(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}
