package quantize

import (
	"fmt"
	"maps"
	"slices"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/internal/cpu"
)

// Times is what was measured where time decided what stays float: medians of runs in turns, in milliseconds, one input. They hold
// for the machine, its instruction-set level and the number of threads. Float, Quantized and Result are measured together, after the
// decision; by chance the result may then miss a bound that it held when it was decided on.
type Times struct {
	Float     float64     `json:"float_ms"`         // the float model
	Quantized float64     `json:"all_quantized_ms"` // all layers quantized but those that rules leave float
	Result    float64     `json:"result_ms"`
	Ratio     float64     `json:"ratio"` // of the result to the float model: the median of the rounds' ratios
	Rounds    int         `json:"rounds"`
	Threads   int         `json:"threads"`
	Level     string      `json:"level"`
	Trials    []TimeTrial `json:"trials"` // in order
}

// Machine says what the times hold for.
func (t *Times) Machine() string { return fmt.Sprintf("%s, %d threads", t.Level, t.Threads) }

// TimeTrial is one choice of float layers that was measured. Trials are measured at different moments, each beside the float model:
// what compares is the ratio.
type TimeTrial struct {
	Layers []string `json:"float_layers"`
	Time   float64  `json:"ms"`
	Ratio  float64  `json:"ratio"` // to the float model's time
}

// choice is a set of layers that stay float.
type choice map[*layer]bool

// timeOnce measures forms of the model, unless an earlier run has done so under the same key.
func (j *job) timeOnce(key string, forms ...*graph.Graph) ([]runTimes, error) {
	var t []runTimes
	key = "time " + key
	found, err := j.kept.get(key, &t)
	if err != nil {
		return nil, err
	}
	if !found {
		if t, err = j.o.clock(forms); err != nil {
			return nil, err
		}
		if err := j.kept.put(key, t); err != nil {
			return nil, err
		}
	}
	if len(t) != len(forms) {
		return nil, fmt.Errorf("%w: times of %d forms, want %d", ErrState, len(t), len(forms))
	}
	return t, nil
}

// without returns the weights of the layers that a choice does not leave float.
func without(weights map[*layer]*packed, c choice) map[*layer]*packed {
	w := maps.Clone(weights)
	for l := range c {
		delete(w, l)
	}
	return w
}

// timeLayers measures the float model and the one with all layers quantized.
func (j *job) timeLayers(weights map[*layer]*packed) error {
	whole, err := j.quantizedForm(weights)
	if err != nil {
		return err
	}
	t, err := j.timeOnce("layers", j.m.floatForm(), whole)
	if err != nil {
		return err
	}
	level, err := cpu.Best()
	if err != nil {
		return err
	}
	j.wholeForm, j.floatTimes, j.wholeTimes = whole, t[0], t[1]
	j.times = &Times{
		Float: median(t[0].Whole), Quantized: median(t[1].Whole), Rounds: len(t[0].Whole), Threads: j.w.threads, Level: level.String(),
	}
	return nil
}

// try measures choices beside the float model and notes them as trials; the first of the times is the float model's.
func (j *job) try(weights map[*layer]*packed, choices ...choice) ([]runTimes, error) {
	forms := []*graph.Graph{j.m.floatForm()}
	key := "of"
	for _, c := range choices {
		g, err := j.quantizedForm(without(weights, c))
		if err != nil {
			return nil, err
		}
		forms = append(forms, g)
		key += fmt.Sprint(" ", j.places(c))
	}
	t, err := j.timeOnce(key, forms...)
	if err != nil {
		return nil, err
	}
	for i, c := range choices {
		j.note(c, t[i+1], t[0])
	}
	return t, nil
}

// note notes a choice that was measured.
func (j *job) note(c choice, t, float runTimes) {
	names := []string{}
	for _, at := range j.places(c) {
		names = append(names, j.m.layers[at].name())
	}
	j.times.Trials = append(j.times.Trials, TimeTrial{Layers: names, Time: median(t.Whole), Ratio: ratio(t.Whole, float.Whole)})
}

// places returns the places of a choice's layers among all, in order.
func (j *job) places(c choice) []int {
	list := []int{}
	for i, l := range j.m.layers {
		if c[l] {
			list = append(list, i)
		}
	}
	return list
}

// slower returns which of the free layers stay float because the model is faster for it.
func (j *job) slower(free []*layer, weights map[*layer]*packed) (choice, error) {
	single := make(choice)
	for _, l := range free {
		if faster(j.floatTimes.Layers[l.index], j.wholeTimes.Layers[l.index], layerGain) {
			single[l] = true
		}
	}
	if len(single) == 0 {
		return single, nil
	}
	all := j.filled(single, free)
	if len(all) == len(single) {
		return j.takeBack(weights, single)
	}
	t, err := j.try(weights, single, all)
	if err != nil {
		return nil, err
	}
	if faster(t[2].Whole, t[1].Whole, modelGain) {
		return j.takeBack(weights, all)
	}
	return j.takeBack(weights, single)
}

// filled returns a choice with the free layers between two of its layers: conversions there may cost more than the layer saves.
func (j *job) filled(c choice, free []*layer) choice {
	all := maps.Clone(c)
	for i, l := range j.m.layers {
		if i > 0 && i+1 < len(j.m.layers) && c[j.m.layers[i-1]] && c[j.m.layers[i+1]] && slices.Contains(free, l) {
			all[l] = true
		}
	}
	return all
}

// groups returns the parts of a choice whose layers follow each other.
func (j *job) groups(c choice) []choice {
	var list []choice
	for i, l := range j.m.layers {
		switch {
		case !c[l]:
		case i > 0 && c[j.m.layers[i-1]]:
			list[len(list)-1][l] = true
		default:
			list = append(list, choice{l: true})
		}
	}
	return list
}

// takeBack quantizes again those groups of layers without which the model is as fast, and all where what is left does not make it
// clearly faster.
func (j *job) takeBack(weights map[*layer]*packed, c choice) (choice, error) {
	groups := j.groups(c)
	if len(groups) == 1 {
		groups = nil // it is compared with nothing below
	}
	for i, g := range groups {
		less := maps.Clone(c)
		for l := range g {
			delete(less, l)
		}
		t, err := j.try(weights, c, less)
		if err != nil {
			return nil, err
		}
		if ratio(t[2].Whole, t[1].Whole) <= 1 {
			c = less
		}
		j.o.Progress("time", i+1, len(groups))
	}
	if len(c) == 0 {
		return c, nil
	}
	t, err := j.try(weights, c, choice{})
	if err != nil || faster(t[1].Whole, t[2].Whole, modelGain) {
		return c, err
	}
	return choice{}, nil
}
