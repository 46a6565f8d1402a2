package report

import (
	"bytes"
	"html/template"
	"image/color"
	"math"
	"slices"
	"strconv"

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

// colors can be told apart by people who see no red or no green (Okabe and Ito, "Color universal design", 2008).
var colors = []color.Color{
	color.RGBA{0, 114, 178, 255}, color.RGBA{213, 94, 0, 255}, color.RGBA{0, 158, 115, 255}, color.RGBA{204, 121, 167, 255},
	color.RGBA{86, 180, 233, 255}, color.RGBA{230, 159, 0, 255}, color.RGBA{0, 0, 0, 255},
}

var shapes = []draw.GlyphDrawer{draw.CircleGlyph{}, draw.SquareGlyph{}, draw.TriangleGlyph{}, draw.PyramidGlyph{}, draw.RingGlyph{}, draw.BoxGlyph{}, draw.PlusGlyph{}}

// drawing is a plot with what it shows in words.
type drawing struct {
	*plot.Plot
	title, caption string
	series         int
}

func newDrawing(title, caption, x, y string) *drawing {
	p := plot.New()
	p.X.Label.Text, p.Y.Label.Text = x, y
	for _, style := range []*font.Font{&p.X.Label.TextStyle.Font, &p.Y.Label.TextStyle.Font, &p.X.Tick.Label.Font, &p.Y.Tick.Label.Font, &p.Legend.TextStyle.Font} {
		style.Size, style.Variant = 11, "Sans"
	}
	p.X.Tick.Marker, p.Y.Tick.Marker = short{}, short{}
	p.Legend.Top, p.Legend.Padding = true, vg.Points(2)
	p.Add(plotter.NewGrid())
	return &drawing{Plot: p, title: title, caption: caption}
}

// line adds a series of points joined by a line.
func (d *drawing) line(name string, points plotter.XYs, markers bool) error {
	l, s, err := plotter.NewLinePoints(points)
	if err != nil {
		return err
	}
	c := colors[d.series%len(colors)]
	l.Color, l.Width, s.Color, s.Shape, s.Radius = c, vg.Points(1.5), c, shapes[d.series%len(shapes)], vg.Points(3)
	if d.series >= len(colors) {
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

// dots adds a series of points.
func (d *drawing) dots(name string, points plotter.XYs) error {
	s, err := plotter.NewScatter(points)
	if err != nil {
		return err
	}
	s.Color, s.Shape, s.Radius = colors[d.series%len(colors)], shapes[d.series%len(shapes)], vg.Points(2.5)
	d.series++
	d.Add(s)
	d.Legend.Add(name, s)
	return nil
}

// only puts ticks at the given values of an axis.
func only(a *plot.Axis, values []float64) {
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

// powers are ticks at the powers of ten of a logarithmic axis, and at 2 and 5 of each.
type powers struct{}

// Ticks returns the ticks between two values.
func (powers) Ticks(least, most float64) []plot.Tick {
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

// logarithmic makes an axis logarithmic, and gives it a length where there is only one value.
func logarithmic(a *plot.Axis) {
	if a.Min == a.Max {
		a.Min, a.Max = a.Min/2, a.Max*2
	}
	a.Scale = plot.LogScale{}
}

func (d *drawing) svg() (template.HTML, error) {
	c := vgsvg.New(width, height)
	d.Draw(draw.New(c))
	var out bytes.Buffer
	if _, err := c.WriteTo(&out); err != nil {
		return "", err
	}
	return inline(out.String()), nil
}
