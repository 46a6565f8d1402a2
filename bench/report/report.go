package report

import (
	"bytes"
	_ "embed" // the page
	"errors"
	"fmt"
	"html/template"
	"io"

	"github.com/octet-ml/octet/bench"
	"github.com/octet-ml/octet/bench/figure"
)

// Data is what a report shows.
type Data struct {
	*bench.Report
	// Profiles are of the same model in several precisions; layers of the first two are compared.
	Profiles  []*bench.CellProfile
	Bandwidth float64 // as bench.ProbeBandwidth returns it
}

//go:embed page.html
var page string

var pageTemplate = template.Must(template.New("page").Funcs(template.FuncMap{
	"percent": func(v float64) string { return fmt.Sprintf("%.1f %%", 100*v) },
	"mib":     func(n int) string { return fmt.Sprintf("%.1f", float64(n)/(1<<20)) },
	"ms":      func(v float64) string { return fmt.Sprintf("%.4g", v) },
	"fixed":   func(v float64) string { return fmt.Sprintf("%.2f", v) },
	"rate":    func(v float64) string { return fmt.Sprintf("%.1f", v) },
}).Parse(page))

// Write writes the page. Without results it returns an error.
func Write(w io.Writer, d Data) error {
	if d.Report == nil || len(d.Results) == 0 {
		return errors.New("report: nothing was measured")
	}
	view := struct {
		Data
		Model    string
		Pictures []*figure.Figure
	}{Data: d, Model: d.Results[0].Model}
	for _, draw := range []func(Data) (*figure.Figure, error){latency, throughput, roofline, layers, memory} {
		g, err := draw(d)
		if err != nil {
			return fmt.Errorf("report: %w", err)
		}
		if g == nil {
			continue // nothing to draw
		}
		view.Pictures = append(view.Pictures, g)
	}
	var out bytes.Buffer
	if err := pageTemplate.Execute(&out, view); err != nil {
		return fmt.Errorf("report: %w", err)
	}
	_, err := out.WriteTo(w)
	return err
}
