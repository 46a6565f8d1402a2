package report

import (
	"fmt"
	"math"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"

	"github.com/octet-ml/octet/bench"
	"github.com/octet-ml/octet/bench/figure"
)

// lines draws the results as lines over whole numbers, one for each name, and returns how many.
func lines(g *figure.Figure, results []bench.Result, name func(r bench.Result) string, x func(r bench.Result) int, y func(r bench.Result) float64) (int, error) {
	var names []string // in order of the first of each
	var ticks []float64
	series := make(map[string]plotter.XYs)
	for _, r := range results {
		n, at := name(r), float64(x(r))
		if series[n] == nil {
			names = append(names, n)
		}
		series[n] = append(series[n], plotter.XY{X: at, Y: y(r)})
		ticks = append(ticks, at)
	}
	for _, n := range names {
		if err := g.Line(n, series[n], true); err != nil {
			return 0, err
		}
	}
	figure.Only(&g.X, ticks)
	g.Legend.Left = true
	return len(names), nil
}

// latency draws the time of a run against the batch.
func latency(d Data) (*figure.Figure, error) {
	g := figure.New("Latency against batch", "Quiet median of one run, of all pictures of a batch; both axes are logarithmic. Lower is better.", "batch", "ms")
	n, err := lines(g, d.Results,
		func(r bench.Result) string { return fmt.Sprintf("%s, %s", r.Label(), count(r.Threads, "thread")) },
		func(r bench.Result) int { return r.Batch },
		func(r bench.Result) float64 { return r.Quiet })
	if err != nil {
		return nil, err
	}
	figure.Logarithmic(&g.Y)
	g.Y.Tick.Marker = figure.Powers{}
	figure.Logarithmic(&g.X)
	g.RoomForLegend(n)
	return g, nil
}

// throughput draws pictures a second against threads.
func throughput(d Data) (*figure.Figure, error) {
	g := figure.New("Throughput against threads", "Pictures a second, all sessions together. Higher is better; a straight line through the origin is perfect scaling.", "threads", "images/s")
	n, err := lines(g, d.Results,
		func(r bench.Result) string { return fmt.Sprintf("%s, batch %d", r.Label(), r.Batch) },
		func(r bench.Result) int { return r.Threads },
		func(r bench.Result) float64 { return r.Images })
	if err != nil {
		return nil, err
	}
	g.Y.Min = 0
	g.RoomForLegend(n)
	return g, nil
}

// roofline draws the rate of every step that multiplies against its multiplications a byte, beneath what the processor can do.
func roofline(d Data) (*figure.Figure, error) {
	if len(d.Profiles) == 0 || d.Bandwidth <= 0 {
		return nil, nil
	}
	g := figure.New("Roofline", "Each point is a convolution or dense layer; the lines are the probed peak of one core and what its copying speed would feed. "+
		"Points left of the bend wait for memory, unless caches serve them.", "multiplications a byte", "GMAC/s")
	least, most := math.Inf(1), 0.0
	for _, p := range d.Profiles {
		var points plotter.XYs
		for _, s := range p.Steps {
			if s.MACs > 0 && s.Bytes > 0 && s.GMACs > 0 {
				points = append(points, plotter.XY{X: float64(s.MACs) / float64(s.Bytes), Y: s.GMACs})
			}
		}
		for _, q := range points {
			least, most = min(least, q.X), max(most, q.X)
		}
		if len(points) == 0 {
			continue
		}
		if err := g.Dots(p.Precision, points); err != nil {
			return nil, err
		}
	}
	if most == 0 {
		return nil, nil
	}
	for _, roof := range []struct {
		name string
		peak float64
	}{{"int8 roof", d.Peak.Int8}, {"fp32 roof", d.Peak.FP32}} {
		var points plotter.XYs
		for x := least / 2; x < most*2; x *= 1.05 {
			points = append(points, plotter.XY{X: x, Y: min(roof.peak, d.Bandwidth*x)})
		}
		if err := g.Line(roof.name, points, false); err != nil {
			return nil, err
		}
	}
	for _, a := range []*plot.Axis{&g.X, &g.Y} {
		figure.Logarithmic(a)
		a.Tick.Marker = figure.Powers{}
	}
	g.Legend.Top = false
	g.Y.Max *= 1.3
	return g, nil
}

// layers draws the time of each layer of the second profile, and how much longer the first takes on top of it.
func layers(d Data) (*figure.Figure, error) {
	if len(d.Profiles) < 2 {
		return nil, nil
	}
	slow, fast := d.Profiles[0], d.Profiles[1]
	times := make(map[string]float64)
	for _, s := range fast.Steps {
		times[s.Name] = s.Time
	}
	var below, above []float64
	for _, s := range slow.Steps {
		if t, ok := times[s.Name]; ok && s.MACs > 0 {
			below = append(below, 1000*t)
			above = append(above, max(0, 1000*(s.Time-t)))
		}
	}
	if len(below) == 0 {
		return nil, nil
	}
	g := figure.New("Time of layers", fmt.Sprintf("Convolutions and dense layers in order, %s. A whole bar is %s, its lower part %s.",
		count(slow.Threads, "thread"), slow.Precision, fast.Precision), "layer", "µs")
	lower, err := g.Stack(fast.Precision, below, nil)
	if err != nil {
		return nil, err
	}
	if _, err := g.Stack("more in "+slow.Precision, above, lower); err != nil {
		return nil, err
	}
	g.RoomForLegend(2)
	return g, nil
}

// memory draws the bytes of live values at each step.
func memory(d Data) (*figure.Figure, error) {
	if len(d.Profiles) == 0 {
		return nil, nil
	}
	g := figure.New("Memory over the steps", fmt.Sprintf("Bytes of values that are live while a step runs, batch %d, without weights.", d.Profiles[0].Batch), "step", "MiB")
	for _, p := range d.Profiles {
		var points plotter.XYs
		for i, s := range p.Steps {
			points = append(points, plotter.XY{X: float64(i), Y: float64(s.Live) / (1 << 20)})
		}
		if err := g.Line(p.Precision, points, false); err != nil {
			return nil, err
		}
	}
	g.Y.Min = 0
	g.RoomForLegend(len(d.Profiles))
	return g, nil
}

// count writes a number of things.
func count(n int, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return fmt.Sprintf("%d %ss", n, thing)
}
