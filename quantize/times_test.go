package quantize_test

import (
	"bytes"
	"errors"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/quantize"
	"github.com/octet-ml/octet/runtime"
)

// clock is a machine on which every layer takes 4 ms as floats and 1 ms as integers and a conversion as long as it says, but for the
// layers that it names.
type clock struct {
	conversion float64
	integer    map[int]float64 // ms of integer layers, by their place among the layers
	noise      float64         // more or less in every second round, of integer layers
}

// options returns the options on that machine.
func (c clock) options(o quantize.Options) quantize.Options {
	return quantize.WithClock(o, c.node)
}

// node returns the time of a node.
func (c clock) node(n quantize.TimedNode, round int) float64 {
	switch n.Op {
	case "Quantize", "Dequantize":
		return c.conversion
	case "Conv", "Dense":
	default:
		return 0.25
	}
	if n.Inputs[1].DType == graph.Float32 {
		return 4
	}
	ms := 1 + c.noise*float64(round%2*2-1)
	if t, ok := c.integer[place(n)]; ok {
		ms += t - 1
	}
	return ms
}

// place returns the place of a layer of resnet8 among its layers: its weights are called after it.
func place(n quantize.TimedNode) int { return slices.Index(layerNodes, n.Inputs[1].Name) }

// layerNodes are the names of the weights of resnet8's layers.
var layerNodes []string

// floats returns the places of the layers that stay float.
func floats(r *quantize.Result) []int {
	var list []int
	for i, l := range r.Layers {
		if l.Scheme == "float" {
			list = append(list, i)
		}
	}
	return list
}

// timedModel returns resnet8.
func timedModel(t *testing.T) *graph.Graph {
	g := build(t, "resnet8")
	layerNodes = nil
	for _, n := range g.Nodes {
		if n.Op == "Conv" || n.Op == "Gemm" {
			layerNodes = append(layerNodes, n.Inputs[1].Name)
		}
	}
	return g
}

func TestLayersThatAreFasterAsFloatsStayFloat(t *testing.T) {
	g := timedModel(t)
	for name, c := range map[string]struct {
		clock clock
		want  []int
		tried bool // whole models
	}{
		"none is":                             {clock{conversion: 0.5}, nil, false},
		"one is":                              {clock{conversion: 0.5, integer: map[int]float64{4: 9}}, []int{4}, true},
		"one, but conversions take longer":    {clock{conversion: 3, integer: map[int]float64{4: 6}}, nil, true},
		"two, conversions eat what one saves": {clock{conversion: 2, integer: map[int]float64{1: 40, 6: 5}}, []int{1}, true},
		"two around one that is not, conversions dear": {clock{conversion: 6, integer: map[int]float64{5: 40, 7: 40}}, []int{5, 6, 7}, true},
		"noise": {clock{conversion: 0.5, noise: 0.9, integer: map[int]float64{4: 4.1}}, nil, false},
	} {
		r, err := quantize.Quantize(g, inputs(8), c.clock.options(quantize.Options{OptimizeTime: true, Rounding: quantize.Nearest}))
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if got := floats(r); !slices.Equal(got, c.want) {
			t.Errorf("%s: layers %v stay float, want %v; %+v", name, got, c.want, r.Times)
		}
		if (len(r.Times.Trials) > 1) != c.tried {
			t.Errorf("%s: %d models tried", name, len(r.Times.Trials))
		}
		if r.Times.Result > r.Times.Quantized+1e-9 || math.Abs(r.Times.Ratio-r.Times.Result/r.Times.Float) > 0.01 {
			t.Errorf("%s: %+v", name, r.Times)
		}
		for i, l := range r.Layers {
			want := 1.0
			if t, ok := c.clock.integer[i]; ok {
				want = t
			}
			if l.FloatTime < 4 || l.QuantizedTime < want || l.QuantizedTime > want+2*c.clock.conversion+1 {
				t.Errorf("%s: layer %d: %v ms as floats, %v as integers", name, i, l.FloatTime, l.QuantizedTime)
			}
		}
	}
}

func TestRulesAndBitsGoWithOptimizeTime(t *testing.T) {
	g := timedModel(t)
	c := clock{conversion: 0.1, integer: map[int]float64{2: 9, 4: 9}}
	names, err := quantize.Layers(g)
	if err != nil {
		t.Fatal(err)
	}
	r, err := quantize.Quantize(g, inputs(8), c.options(quantize.Options{
		OptimizeTime: true, Rules: append([]quantize.Rule{{Layers: names[2], Scheme: quantize.Int8}}, light...), Target: quantize.Target{Drop: 100},
	}))
	if err != nil {
		t.Fatal(err)
	}
	for i, l := range r.Layers {
		want := "int4"
		switch i {
		case 2:
			want = "int8"
		case 4, 5, 6, 7, 8:
			want = "float"
		}
		if l.Scheme != want {
			t.Errorf("layer %d: %s, want %s", i, l.Scheme, want)
		}
	}
	if r.Search == nil || r.Times == nil || r.Times.Result == 0 {
		t.Errorf("%+v, %+v", r.Search, r.Times)
	}
	for i := range names {
		c.integer[i] = 50
	}
	if _, err := quantize.Quantize(g, inputs(8), c.options(quantize.Options{OptimizeTime: true})); !errors.Is(err, quantize.ErrNothing) {
		t.Errorf("all layers are slower: got %v, want %v", err, quantize.ErrNothing)
	}
}

func TestTimeIsSpentOnSensitiveLayers(t *testing.T) {
	g := timedModel(t)
	c := clock{conversion: 0.1}
	for _, o := range []quantize.Options{
		{Target: quantize.Target{Time: 0.6}, Rounding: quantize.Nearest},
		{Target: quantize.Target{Latency: 26 * time.Millisecond}, Weights: quantize.Int4, Rounding: quantize.Nearest},
		{Target: quantize.Target{Time: 0.6, Drop: 50}, Rounding: quantize.Nearest},
		{Target: quantize.Target{Time: 0.3}, Rounding: quantize.Nearest},
	} {
		r, err := quantize.Quantize(g, inputs(20), c.options(o))
		if err != nil {
			t.Fatalf("%+v: %v", o.Target, err)
		}
		most := max(o.Target.Time*r.Times.Float, float64(o.Target.Latency)/1e6)
		if r.Times.Result > most || r.Times.Result+4 < most {
			t.Errorf("%+v: %v ms of %v", o.Target, r.Times.Result, r.Times.Float)
		}
		least, most := math.Inf(1), 0.0 // sensitivity of float layers and of the others; all save the same time
		for _, l := range r.Layers {
			if l.Scheme == "float" {
				least = min(least, l.Sensitivity)
			} else {
				most = max(most, l.Sensitivity)
			}
		}
		if least < most || most == 0 || math.IsInf(least, 1) && o.Target.Time != 0.3 {
			t.Errorf("%+v: a float layer has sensitivity %g, another one %g", o.Target, least, most)
		}
	}
}

func TestTargetsForTimeThatAreRefused(t *testing.T) {
	g := timedModel(t)
	c := clock{conversion: 0.5, integer: map[int]float64{4: 9}}
	for _, x := range []struct {
		o    quantize.Options
		want error
		text string
	}{
		{quantize.Options{Target: quantize.Target{Time: 0.1}}, quantize.ErrTarget, "with 1 layers float; want at most 0.1 of the float model's time"},
		{quantize.Options{Target: quantize.Target{Latency: time.Millisecond}}, quantize.ErrTarget, "want at most 1 ms"},
		{quantize.Options{Target: quantize.Target{Latency: time.Second}}, quantize.ErrNothing, "within the bound of 1000 ms"},
		{quantize.Options{Target: quantize.Target{Time: 0.5}, Rules: []quantize.Rule{{Layers: "*", Scheme: quantize.Int8}}}, quantize.ErrOption, "rules fix"},
		{quantize.Options{Target: quantize.Target{Time: -1}}, quantize.ErrOption, "-1 of the time"},
		{quantize.Options{Target: quantize.Target{Time: math.NaN()}}, quantize.ErrOption, "NaN of the time"},
		{quantize.Options{Target: quantize.Target{Time: 0.5, Bytes: 1}}, quantize.ErrOption, "for bytes"},
		{quantize.Options{Target: quantize.Target{Time: 0.5, Latency: 1}}, quantize.ErrOption, "two targets"},
		{quantize.Options{Target: quantize.Target{Time: 0.5}, Weights: quantize.Float}, quantize.ErrOption, "wants quantized weights"},
	} {
		_, err := quantize.Quantize(g, inputs(20), c.options(x.o))
		if !errors.Is(err, x.want) || !strings.Contains(err.Error(), x.text) {
			t.Errorf("%+v: got %v, want %v with %q", x.o.Target, err, x.want, x.text)
		}
	}
}

// TestTheTimesOfAResultCompare is about a machine that becomes slower: the figures of the result must be of the same moment.
func TestTheTimesOfAResultCompare(t *testing.T) {
	g := timedModel(t)
	c := clock{conversion: 0.5, integer: map[int]float64{4: 9}}
	slower := 1.0
	o := quantize.WithClock(quantize.Options{OptimizeTime: true, Rounding: quantize.Nearest}, func(n quantize.TimedNode, round int) float64 {
		slower *= 1 + 5e-4
		return slower * c.node(n, round)
	})
	r, err := quantize.Quantize(g, inputs(8), o)
	if err != nil {
		t.Fatal(err)
	}
	if x := r.Times; len(x.Trials) < 2 || slower < 1.3 || math.Abs(x.Result/x.Float-x.Ratio) > 0.02*x.Ratio || x.Result > x.Quantized {
		t.Errorf("%.2f times as slow: %+v", slower, x)
	}
}

// undecided subtracts the mean outputs on n inputs from the last layer's bias of a model: its answers differ then.
func undecided(t *testing.T, g *graph.Graph, n int) *graph.Graph {
	t.Helper()
	p, err := runtime.Compile(g)
	if err != nil {
		t.Fatal(err)
	}
	s, err := p.NewSession()
	if err != nil {
		t.Fatal(err)
	}
	g = g.Clone()
	at := slices.IndexFunc(g.Nodes, func(n *graph.Node) bool { return n.Op == "Gemm" })
	bias := g.Nodes[at].Inputs[2].Const.Clone()
	g.Nodes[at].Inputs[2].Const = bias
	for i := range n {
		if err := inputs(n).Read(i, []*graph.Tensor{s.Input(0)}); err != nil {
			t.Fatal(err)
		}
		s.Run()
		for k := range bias.Len() {
			bias.SetFloat(k, bias.Float(k)-s.Output(0).Float(k)/float64(n))
		}
	}
	return g
}

func TestAModelInTimeThatLosesAnswersIsRefused(t *testing.T) {
	g := undecided(t, timedModel(t), 60)
	o := quantize.Options{Target: quantize.Target{Time: 0.3, Drop: 1e-9}, Weights: quantize.Int4Log, Rounding: quantize.Nearest}
	_, err := quantize.Quantize(g, inputs(60), clock{conversion: 0.1}.options(o))
	if want := "within 0.3 of the float model's time "; !errors.Is(err, quantize.ErrTarget) || !strings.Contains(err.Error(), want) {
		t.Errorf("got %v, want %v with %q", err, quantize.ErrTarget, want)
	}
}

// TestTimesAreKept goes on with another clock, whose times must not be seen.
func TestTimesAreKept(t *testing.T) {
	g := timedModel(t)
	c := clock{conversion: 0.5, integer: map[int]float64{4: 9}}
	o := quantize.Options{OptimizeTime: true, Target: quantize.Target{Time: 0.7}, Rules: light}
	r, err := quantize.Quantize(g, inputs(20), c.options(o))
	if err != nil {
		t.Fatal(err)
	}
	want := whole(t, r)
	o.State = &memory{}
	for _, s := range []stop{{"time", 1}, {"weights", 3}, {"sensitivity", 2}} {
		interrupted(t, g, inputs(20), c.options(o), s.stage, s.at)
		c.integer = map[int]float64{7: 30}
	}
	c = clock{conversion: 0.5, integer: map[int]float64{4: 9}}
	if r, err = quantize.Quantize(g, inputs(20), c.options(o)); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(whole(t, r), want) {
		t.Error("other bytes than without interruptions")
	}
}

// TestTheStopwatchMeasures looks at what a real one must hold, whatever the machine: all time belongs to layers.
func TestTheStopwatchMeasures(t *testing.T) {
	g := build(t, "resnet8")
	r, err := quantize.Quantize(g, inputs(4), quantize.Options{OptimizeTime: true, Rounding: quantize.Nearest})
	if errors.Is(err, quantize.ErrNothing) {
		t.Skip("a machine on which nothing is faster as integers")
	}
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range r.Layers {
		if l.FloatTime <= 0 || l.QuantizedTime <= 0 {
			t.Errorf("%s: %v ms as floats, %v as integers", l.Name, l.FloatTime, l.QuantizedTime)
		}
	}
	if r.Times.Float <= 0 || r.Times.Quantized <= 0 || r.Times.Result <= 0 || r.Times.Rounds < 6 || r.Times.Level == "" {
		t.Errorf("%+v", r.Times)
	}
}
