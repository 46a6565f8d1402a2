// Package loadpage draws what package serve/load has measured: one HTML page without anything outside of it, for people.
package loadpage

import (
	"bytes"
	_ "embed" // the page
	"errors"
	"fmt"
	"html/template"
	"io"
	"math"
	"strconv"
	"time"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"

	"github.com/octet-ml/octet/bench/figure"
	"github.com/octet-ml/octet/serve/load"
)

//go:embed page.html
var page string

var pageTemplate = template.Must(template.New("page").Funcs(template.FuncMap{
	"ms":    func(d time.Duration) string { return fmt.Sprintf("%.4g", milliseconds(d)) },
	"rate":  func(v float64) string { return fmt.Sprintf("%.1f", v) },
	"share": func(n, of int64) string { return fmt.Sprintf("%.2f %%", 100*float64(n)/float64(of)) },
	"mib":   func(n int64) string { return fmt.Sprintf("%.1f", float64(n)/(1<<20)) },
}).Parse(page))

// milliseconds returns a time in milliseconds.
func milliseconds(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

// Write writes the page. Without requests it returns an error.
func Write(w io.Writer, r *load.Report) error {
	if len(r.Outcomes) == 0 {
		return errors.New("loadpage: no request was sent")
	}
	view := struct {
		*load.Report
		Pictures []*figure.Figure
	}{Report: r}
	for _, draw := range []func(*load.Report) (*figure.Figure, error){quantiles, histogram} {
		g, err := draw(r)
		if err != nil {
			return fmt.Errorf("loadpage: %w", err)
		}
		view.Pictures = append(view.Pictures, g)
	}
	var out bytes.Buffer
	if err := pageTemplate.Execute(&out, view); err != nil {
		return fmt.Errorf("loadpage: %w", err)
	}
	_, err := out.WriteTo(w)
	return err
}

// least is the least time on a logarithmic axis, in milliseconds: what package load tells apart.
const least = 0.001

// quantiles draws the time that a share of requests did not exceed, against that share, on an axis on which each nine has the same
// length.
func quantiles(r *load.Report) (*figure.Figure, error) {
	g := figure.New("Latency by share of requests", "So many of the requests with each code took no longer, from when they were due. Both axes are logarithmic.", "share of requests", "ms")
	for _, o := range r.Outcomes {
		var points plotter.XYs
		for i, q := range o.Quantiles {
			left := 1 - q.Share
			if q.Share == 1 { // the slowest request, as far to the right as one request is
				left = min(1/float64(o.Latency.Count), 1-o.Quantiles[max(i-1, 0)].Share)
			}
			points = append(points, plotter.XY{X: 1 / left, Y: max(milliseconds(q.Time), least)})
		}
		if err := g.Line(o.Code, points, len(points) < 3); err != nil {
			return nil, err
		}
	}
	figure.Logarithmic(&g.X)
	g.X.Tick.Marker = nines{}
	figure.Logarithmic(&g.Y)
	g.Y.Tick.Marker = figure.Powers{}
	g.Legend.Left = true
	g.RoomForLegend(len(r.Outcomes))
	return g, nil
}

// nines are ticks of an axis of 1/(1-share) at shares of 0, 50 %, 90 %, 99 % and so on.
type nines struct{}

// Ticks returns the ticks between two values.
func (nines) Ticks(first, last float64) []plot.Tick {
	ticks := []plot.Tick{{Value: 1, Label: "0"}, {Value: 2, Label: "50 %"}}
	for v := 10.0; v <= last; v *= 10 {
		ticks = append(ticks, plot.Tick{Value: v, Label: strconv.FormatFloat(100-100/v, 'g', 9, 64) + " %"})
	}
	var out []plot.Tick
	for _, t := range ticks {
		if t.Value >= first && t.Value <= last {
			out = append(out, t)
		}
	}
	return out
}

// histogram draws how many requests took how long.
func histogram(r *load.Report) (*figure.Figure, error) {
	g := figure.New("Requests by latency", "Requests in each of ten intervals of a factor of ten, from when they were due. The horizontal axis is logarithmic.", "ms", "requests")
	for _, o := range r.Outcomes {
		var outline plotter.XYs
		for i, b := range o.Histogram {
			from, to := max(milliseconds(b.From), least), max(milliseconds(b.To), least)
			if i == 0 {
				outline = append(outline, plotter.XY{X: from})
			}
			outline = append(outline, plotter.XY{X: from, Y: float64(b.Count)}, plotter.XY{X: to, Y: float64(b.Count)})
			if i == len(o.Histogram)-1 {
				outline = append(outline, plotter.XY{X: to})
			}
		}
		if err := g.Line(o.Code, outline, false); err != nil {
			return nil, err
		}
	}
	figure.Logarithmic(&g.X)
	g.X.Tick.Marker = figure.Powers{}
	g.Y.Min = 0
	g.Y.Max = math.Max(g.Y.Max, 1)
	g.RoomForLegend(len(r.Outcomes))
	return g, nil
}
