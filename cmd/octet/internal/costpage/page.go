package costpage

import (
	"bytes"
	_ "embed" // the page
	"fmt"
	"html/template"
	"io"
	"path/filepath"

	"github.com/octet-ml/octet/bench/figure"
	"github.com/octet-ml/octet/quantize/cost"
	"github.com/octet-ml/octet/vision"
)

// Page is what a page shows.
type Page struct {
	*cost.Report
	Data     string // name of the data set
	Input    string // where the preprocessing came from
	Commands Commands
	// Picture returns what the models see of a picture; nil where there are no pictures.
	Picture func(i int) (*vision.Image, error)
	// Class returns the name of a class.
	Class func(c int) string
}

// Commands are the command lines that reproduce the parts of a page.
type Commands struct {
	Accuracy, Storage, Time, Layers, Maps, Decisions []string
}

//go:embed page.html
var page string

var pageTemplate = template.Must(template.New("page").Funcs(template.FuncMap{
	"percent": func(v float64) string { return fmt.Sprintf("%.2f\u00a0%%", 100*v) },
	"share":   func(n, of int) string { return fmt.Sprintf("%.2f\u00a0%%", 100*float64(n)/float64(max(of, 1))) },
	"fixed":   func(v float64) string { return fmt.Sprintf("%.2f", v) },
	"fine":    func(v float64) string { return fmt.Sprintf("%.4f", v) },
	"short":   func(v float64) string { return fmt.Sprintf("%.4g", v) },
	"number":  func(v float32) string { return fmt.Sprintf("%.4g", v) },
	"kib":     func(n int) string { return fmt.Sprintf("%.1f", float64(n)/1024) },
	"million": func(n int) string { return fmt.Sprintf("%.2f", float64(n)/1e6) },
	"minus":   func(a, b int) string { return fmt.Sprintf("%+d", a-b) },
	"change":  func(a, b float64) string { return fmt.Sprintf("%+.4f", a-b) },
	"ratio":   func(a, b int) string { return fmt.Sprintf("%.3f", float64(a)/float64(max(b, 1))) },
	"base":    filepath.Base,
}).Parse(page))

// parts are the figures of a page.
type parts struct {
	Accuracy, Storage, Layers, Histograms []*figure.Figure
}

// view is what the template sees.
type view struct {
	*Page
	Figures parts
	Looks   []look
}

// Sensitive reports whether the sensitivity of layers is known.
func (v view) Sensitive() bool { return v.Decisions != nil && v.Decisions.Sensitive() }

// Write writes the page.
func Write(w io.Writer, p *Page) error {
	v := view{Page: p}
	for _, part := range []struct {
		to   *[]*figure.Figure
		draw func(*Page) ([]*figure.Figure, error)
	}{{&v.Figures.Accuracy, accuracy}, {&v.Figures.Storage, storage}, {&v.Figures.Layers, layers}, {&v.Figures.Histograms, histograms}} {
		figures, err := part.draw(p)
		if err != nil {
			return fmt.Errorf("page: %w", err)
		}
		*part.to = figures
	}
	var err error
	if v.Looks, err = looks(p); err != nil {
		return fmt.Errorf("page: %w", err)
	}
	var out bytes.Buffer
	if err := pageTemplate.Execute(&out, v); err != nil {
		return fmt.Errorf("page: %w", err)
	}
	_, err = out.WriteTo(w)
	return err
}
