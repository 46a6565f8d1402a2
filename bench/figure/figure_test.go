package figure_test

import (
	"strings"
	"testing"

	"gonum.org/v1/plot/plotter"

	"github.com/octet-ml/octet/bench/figure"
)

func TestAFigureIsAPartOfAPage(t *testing.T) {
	f := figure.New("title", "caption", "x <&>", "y")
	if err := f.Line("one", plotter.XYs{{X: 1, Y: 10}, {X: 2, Y: 1000}}, true); err != nil {
		t.Fatal(err)
	}
	figure.Only(&f.X, []float64{2, 1, 2})
	figure.Logarithmic(&f.Y)
	f.Y.Tick.Marker = figure.Powers{}
	f.RoomForLegend(1)
	if f.Y.Max <= 1000 {
		t.Errorf("the axis ends at %v", f.Y.Max)
	}
	svg, err := f.SVG()
	if err != nil {
		t.Fatal(err)
	}
	if s := string(svg); !strings.HasPrefix(s, "<svg") || !strings.Contains(s, "x &lt;&amp;&gt;") || !strings.Contains(s, ">one<") || !strings.Contains(s, ">100<") {
		t.Errorf("%.300s", s)
	}
}
