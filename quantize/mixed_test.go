package quantize_test

import (
	"errors"
	"testing"

	"github.com/octet-ml/octet/quantize"
)

// labelled is inputs whose right answers are all output 0.
type labelled struct{ inputs }

func (labelled) Label(int) int { return 0 }

// weightBytes is the size of the weights of a result, with a scale and a bias for each channel not counted.
func weightBytes(r *quantize.Result) (sum int) {
	for _, l := range r.Layers {
		bits := 8
		if l.Scheme != "int8" {
			bits = 4
		}
		sum += l.Weights * bits / 8
	}
	return sum
}

func TestTargetOfBytesIsMetWithTheLeastSensitiveLayers(t *testing.T) {
	g := build(t, "resnet8")
	whole, err := quantize.Quantize(g, inputs(16), quantize.Options{})
	if err != nil {
		t.Fatal(err)
	}
	most := weightBytes(whole) * 3 / 4
	r, err := quantize.Quantize(g, inputs(16), quantize.Options{Target: quantize.Target{Bytes: most}})
	if err != nil {
		t.Fatal(err)
	}
	last := r.Search.Trials[len(r.Search.Trials)-1]
	if got := weightBytes(r); got > most || last.Bytes > most || last.Bytes < got || !last.Final {
		t.Errorf("want at most %d bytes, got %d, in the report %+v", most, got, last)
	}
	worst, best := 0.0, 1e9 // sensitivity for each byte saved, of the layers with 4 bits and with 8
	for _, l := range r.Layers {
		s := l.Sensitivity / float64(l.Weights)
		if l.Scheme == "int4" {
			worst = max(worst, s)
		} else {
			best = min(best, s)
		}
	}
	if worst > best*1.001 {
		t.Errorf("a layer with 4 bits has sensitivity %g for each weight, one with 8 bits %g", worst, best)
	}
	_, err = quantize.Quantize(g, inputs(4), quantize.Options{Target: quantize.Target{Bytes: most / 10}})
	if !errors.Is(err, quantize.ErrTarget) {
		t.Errorf("a tenth of that: got %v, want %v", err, quantize.ErrTarget)
	}
}

func TestTargetOfDrop(t *testing.T) {
	g := build(t, "resnet8")
	for name, data := range map[string]quantize.Data{"answers that changed": inputs(40), "right answers lost": labelled{40}} {
		r, err := quantize.Quantize(g, data, quantize.Options{Weights: quantize.Int4Log, Target: quantize.Target{Drop: 10}})
		if err != nil {
			t.Fatal(err)
		}
		last := r.Search.Trials[len(r.Search.Trials)-1]
		if r.Search.Judge != name || r.Search.Low != "int4-log" || last.Drop > 10 || last.Layers == 0 {
			t.Errorf("%s: %+v", name, r.Search)
		}
		low := 0
		for _, l := range r.Layers {
			if l.Scheme == "int4-log" {
				low++
			}
		}
		if low != last.Layers {
			t.Errorf("%s: %d layers have 4 bits, the search says %d", name, low, last.Layers)
		}
	}
}

func TestTargetLeavesWhatRulesSay(t *testing.T) {
	g := build(t, "resnet8")
	rules := []quantize.Rule{{Layers: "first", Scheme: quantize.Int8}, {Layers: "last", Scheme: quantize.Int4KMeans}}
	r, err := quantize.Quantize(g, inputs(8), quantize.Options{Rules: rules, Target: quantize.Target{Drop: 100}})
	if err != nil {
		t.Fatal(err)
	}
	for i, l := range r.Layers {
		want := "int4"
		switch i {
		case 0:
			want = "int8"
		case len(r.Layers) - 1:
			want = "int4-kmeans"
		}
		if l.Scheme != want {
			t.Errorf("%s: %s, want %s", l.Name, l.Scheme, want)
		}
	}
	for _, o := range []quantize.Options{
		{Target: quantize.Target{Drop: -1}},
		{Target: quantize.Target{Drop: 1}, Rounding: quantize.Nearest},
		{Target: quantize.Target{Bytes: 1}, Weights: quantize.Float},
	} {
		if _, err := quantize.Quantize(g, inputs(4), o); !errors.Is(err, quantize.ErrOption) {
			t.Errorf("%+v: got %v, want %v", o, err, quantize.ErrOption)
		}
	}
}
