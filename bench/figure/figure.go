package figure

import (
	"bytes"
	"fmt"
	"html/template"
	"image/color"
	"math"
	"slices"
	"strconv"
	"strings"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgsvg"
)

// Pictures are about as wide as a telephone, so that text keeps its size there.
const (
	width  = 4.1 * vg.Inch
	height = 3.2 * vg.Inch
)

// Colors can be told apart by people who see no red or no green (Okabe and Ito, "Color universal design", 2008).
var Colors = []color.Color{
	color.RGBA{0, 114, 178, 255}, color.RGBA{213, 94, 0, 255}, color.RGBA{0, 158, 115, 255}, color.RGBA{204, 121, 167, 255},
	color.RGBA{86, 180, 233, 255}, color.RGBA{230, 159, 0, 255}, color.RGBA{0, 0, 0, 255},
}

var shapes = []draw.GlyphDrawer{draw.CircleGlyph{}, draw.SquareGlyph{}, draw.TriangleGlyph{}, draw.PyramidGlyph{}, draw.RingGlyph{}, draw.BoxGlyph{}, draw.PlusGlyph{}}

// Figure is a plot with what it shows in words.
type Figure struct {
	*plot.Plot
	Title, Caption string
	Height         vg.Length
	series         int
}

// New returns a figure without data; x and y name its axes.
func New(title, caption, x, y string) *Figure {
	p := plot.New()
	p.X.Label.Text, p.Y.Label.Text = x, y
	for _, style := range []*font.Font{&p.X.Label.TextStyle.Font, &p.Y.Label.TextStyle.Font, &p.X.Tick.Label.Font, &p.Y.Tick.Label.Font, &p.Legend.TextStyle.Font} {
		style.Size, style.Variant = 11, "Sans"
	}
	p.X.Tick.Marker, p.Y.Tick.Marker = short{}, short{}
	p.Legend.Top, p.Legend.Padding = true, vg.Points(2)
	p.Add(plotter.NewGrid())
	return &Figure{Plot: p, Title: title, Caption: caption, Height: height}
}

// Line adds a series of points joined by a line.
func (d *Figure) Line(name string, points plotter.XYs, markers bool) error {
	l, s, err := plotter.NewLinePoints(points)
	if err != nil {
		return err
	}
	c := Colors[d.series%len(Colors)]
	l.Color, l.Width, s.Color, s.Shape, s.Radius = c, vg.Points(1.5), c, shapes[d.series%len(shapes)], vg.Points(3)
	if d.series >= len(Colors) {
		l.Dashes = []vg.Length{vg.Points(4), vg.Points(2)}
	}
	d.series++
	if markers {
		d.Add(l, s)
		d.Legend.Add(name, l, s)
		return nil
	}
	d.Add(l)
	d.Legend.Add(name, l)
	return nil
}

// Dots adds a series of points.
func (d *Figure) Dots(name string, points plotter.XYs) error {
	s, err := plotter.NewScatter(points)
	if err != nil {
		return err
	}
	s.Color, s.Shape, s.Radius = Colors[d.series%len(Colors)], shapes[d.series%len(shapes)], vg.Points(2.5)
	d.series++
	d.Add(s)
	d.Legend.Add(name, s)
	return nil
}

// across is about how long the horizontal axis is, in points, and barShare how much of it bars take.
const (
	across   = 250
	barShare = 0.8
)

// Stack adds a series of bars on top of those below, nil for none.
func (d *Figure) Stack(name string, values []float64, below *plotter.BarChart) (*plotter.BarChart, error) {
	return d.bars(name, values, 0, 1, below)
}

// Beside adds a series of bars, the place-th of so many that stand beside each other.
func (d *Figure) Beside(name string, values []float64, place, of int) error {
	_, err := d.bars(name, values, place, of, nil)
	return err
}

// Across adds bars one above the other, the first at the bottom, and makes the figure as high as they need.
func (d *Figure) Across(values []float64) error {
	b, err := plotter.NewBarChart(plotter.Values(values), vg.Points(10))
	if err != nil {
		return err
	}
	b.Color, b.LineStyle.Width, b.Horizontal = Colors[d.series%len(Colors)], 0, true
	d.series++
	d.Add(b)
	d.Height = vg.Points(70 + 18*float64(len(values)))
	return nil
}

// bars adds a series of bars.
func (d *Figure) bars(name string, values plotter.Values, place, of int, below *plotter.BarChart) (*plotter.BarChart, error) {
	whole := across * barShare / float64(max(len(values), 1))
	b, err := plotter.NewBarChart(values, vg.Length(math.Max(1.5, whole/float64(of))))
	if err != nil {
		return nil, err
	}
	b.Color, b.LineStyle.Width = Colors[d.series%len(Colors)], 0
	b.Offset = vg.Length((float64(place) - float64(of-1)/2) * whole / float64(of))
	if below != nil {
		b.StackOn(below)
	}
	d.series++
	d.Add(b)
	d.Legend.Add(name, b)
	return b, nil
}

// Only puts ticks at the given values of an axis.
func Only(a *plot.Axis, values []float64) {
	slices.Sort(values)
	var ticks []plot.Tick
	for _, v := range slices.Compact(values) {
		ticks = append(ticks, plot.Tick{Value: v, Label: strconv.FormatFloat(v, 'g', -1, 64)})
	}
	a.Tick.Marker = plot.ConstantTicks(ticks)
	if a.Min == a.Max { // an axis needs a length, and a logarithmic one stays above 0
		a.Min, a.Max = a.Min/2, a.Min+1
	}
}

// short is the usual ticks with labels as short as can be.
type short struct{ plot.DefaultTicks }

// Ticks returns the ticks between two values.
func (s short) Ticks(least, most float64) []plot.Tick {
	ticks := s.DefaultTicks.Ticks(least, most)
	for i := range ticks {
		if t := &ticks[i]; t.Label != "" {
			t.Label = strconv.FormatFloat(t.Value, 'g', 6, 64)
		}
	}
	return ticks
}

// Powers are ticks at the powers of ten of a logarithmic axis, and at 2 and 5 of each.
type Powers struct{}

// Ticks returns the ticks between two values.
func (Powers) Ticks(least, most float64) []plot.Tick {
	var out []plot.Tick
	for e := math.Floor(math.Log10(least)); e <= math.Log10(most); e++ {
		for _, digit := range []float64{1, 2, 5} {
			if v := digit * math.Pow(10, e); v >= least && v <= most {
				t := plot.Tick{Value: v}
				if digit == 1 || most/least < 100 {
					t.Label = strconv.FormatFloat(v, 'f', -1, 64)
				}
				out = append(out, t)
			}
		}
	}
	return out
}

// Logarithmic makes an axis logarithmic, and gives it a length where there is only one value.
func Logarithmic(a *plot.Axis) {
	if a.Min == a.Max {
		a.Min, a.Max = a.Min/2, a.Max*2
	}
	a.Scale = plot.LogScale{}
}

// RoomForLegend lengthens the vertical axis, so that the legend of n series covers none of them.
func (d *Figure) RoomForLegend(n int) {
	part := min(0.6, 0.075*float64(n)+0.05) // of the height
	if _, ok := d.Y.Scale.(plot.LogScale); ok {
		d.Y.Max *= math.Pow(d.Y.Max/d.Y.Min, part/(1-part))
		return
	}
	d.Y.Max += (d.Y.Max - d.Y.Min) * part / (1 - part)
}

// SVG returns the figure as a part of a page.
func (d *Figure) SVG() (template.HTML, error) {
	c := vgsvg.New(width, d.Height)
	d.Draw(draw.New(c))
	var out bytes.Buffer
	if _, err := c.WriteTo(&out); err != nil {
		return "", fmt.Errorf("%s: %w", d.Title, err)
	}
	svg := out.String()
	if i := strings.Index(svg, "<svg"); i > 0 {
		svg = svg[i:]
	}
	return template.HTML(svg), nil // drawn by gonum/plot, which escapes text
}
