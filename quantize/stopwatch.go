package quantize

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/runtime"
)

// stopwatch measures forms of a model, whose nodes are named by timed, in turns.
type stopwatch func(forms []*graph.Graph) ([]runTimes, error)

// runTimes are the times of one form, in milliseconds, by round. The rounds of forms that were measured together are pairs.
type runTimes struct {
	Whole  []float64
	Layers map[int][]float64 // by the index of the layer's node
}

// Of measuring: rounds, which are as many as fit into a span within bounds.
const (
	leastRounds = 12
	mostRounds  = 100
	timedSpan   = 2 * time.Second
)

// stopwatch is the one of this machine, on the first calibration input.
func (j *job) stopwatch(forms []*graph.Graph) ([]runTimes, error) {
	runners := make([]*timedRunner, len(forms))
	for i, g := range forms {
		r, err := j.newTimedRunner(g)
		if err != nil {
			return nil, err
		}
		runners[i] = r
	}
	start := time.Now()
	for round := 0; round < leastRounds || round < mostRounds && time.Since(start) < timedSpan; round++ {
		if err := j.o.Cancelled(); err != nil {
			return nil, err
		}
		for i := range runners {
			if round%2 == 1 { // neither comes first always
				i = len(runners) - 1 - i
			}
			runners[i].round()
		}
	}
	out := make([]runTimes, len(forms))
	for i, r := range runners {
		out[i] = r.times
	}
	return out, nil
}

// timedRunner measures one form.
type timedRunner struct {
	session *runtime.Session
	runs    int // so far
	times   runTimes
}

func (j *job) newTimedRunner(g *graph.Graph) (*timedRunner, error) {
	p, err := runtime.Compile(g, runtime.Threads(j.w.threads), runtime.Profile())
	if err != nil {
		return nil, err
	}
	s, err := p.NewSession()
	if err != nil {
		return nil, err
	}
	for k, v := range p.Inputs() {
		data, err := j.w.input(0, v.Name)
		if err != nil {
			return nil, fmt.Errorf("%w: input %d: %w", ErrData, j.w.order[0], err)
		}
		copy(s.Input(k).Data, data)
	}
	return &timedRunner{session: s, times: runTimes{Layers: make(map[int][]float64)}}, nil
}

// sums returns the time of all runs by layer.
func (r *timedRunner) sums() map[int]time.Duration {
	sums := make(map[int]time.Duration)
	for _, s := range r.session.Profile() {
		if l, ok := timedLayer(s.Name); ok {
			sums[l] += s.Time * time.Duration(r.runs)
		}
	}
	return sums
}

// round measures one run, after one that brings the form back into the caches.
func (r *timedRunner) round() {
	const unit = float64(time.Millisecond)
	r.session.Run()
	r.runs++
	before := r.sums()
	start := time.Now()
	r.session.Run()
	r.times.Whole = append(r.times.Whole, float64(time.Since(start))/unit)
	r.runs++
	for l, t := range r.sums() {
		r.times.Layers[l] = append(r.times.Layers[l], float64(max(t-before[l], 0))/unit)
	}
}

// timedLayer returns the layer that the time of a node with the given name counts for.
func timedLayer(node string) (index int, ok bool) {
	text, _, _ := strings.Cut(node, "/")
	index, err := strconv.Atoi(text)
	return index, err == nil && index >= 0
}

// timed returns a copy of g, a form of the model, whose nodes' names begin with the index of the layer that their time counts for:
// the layer itself, what follows it up to the next ones, with the Dequantize behind it and the Quantize before it. nodes are the
// layers' nodes in g.
func timed(g *graph.Graph, nodes map[*layer]*graph.Node) *graph.Graph {
	owner := make(map[*graph.Node]int)
	for l, n := range nodes {
		owner[n] = l.index
	}
	for _, n := range g.Nodes {
		if _, ok := owner[n]; ok {
			continue
		}
		owner[n] = -1
		for _, v := range n.Inputs {
			if v != nil && v.Producer != nil {
				owner[n] = max(owner[n], owner[v.Producer])
			}
		}
	}
	readers := g.Consumers()
	for _, n := range slices.Backward(g.Nodes) {
		if r := readers[n.Outputs[0]]; len(r) > 0 && (n.Op == "Quantize" || owner[n] < 0) {
			owner[n] = owner[r[0]]
		}
	}
	c := g.Clone()
	for i, n := range c.Nodes {
		n.Name = fmt.Sprintf("%d/%d", owner[g.Nodes[i]], i)
	}
	return c
}

// floatForm returns the float model for a stopwatch.
func (m *model) floatForm() *graph.Graph {
	nodes := make(map[*layer]*graph.Node)
	for _, l := range m.layers {
		nodes[l] = l.node
	}
	return timed(m.graph, nodes)
}

// quantizedForm returns the model with the given weights for a stopwatch.
func (j *job) quantizedForm(weights map[*layer]*packed) (*graph.Graph, error) {
	g, reads, err := j.m.emit(weights, j.quants)
	if err != nil {
		return nil, err
	}
	nodes := make(map[*layer]*graph.Node)
	for l, r := range reads {
		nodes[l] = r.node
	}
	return timed(g, nodes), nil
}

// median returns the median.
func median(x []float64) float64 {
	if len(x) == 0 {
		return 0
	}
	s := slices.Sorted(slices.Values(x))
	return (s[len(s)/2] + s[(len(s)-1)/2]) / 2
}

// ratio returns the median of the ratios of a's rounds to b's.
func ratio(a, b []float64) float64 {
	r := make([]float64, min(len(a), len(b)))
	for i := range r {
		r[i] = a[i] / b[i]
	}
	return median(r)
}

// What makes a difference clear: how many rounds more than half must agree, in standard deviations of tosses of a coin, and how much is
// saved, of a layer's time and of the model's.
const (
	clearDeviations = 2.5
	layerGain       = 0.03
	modelGain       = 0.005
)

// faster reports whether a takes clearly less time than b, by the given share at least (a sign test of the rounds).
func faster(a, b []float64, gain float64) bool {
	n, wins := min(len(a), len(b)), 0
	for i := range n {
		if a[i] < b[i] {
			wins++
		}
	}
	least := float64(n)/2 + clearDeviations*math.Sqrt(float64(n))/2
	return n > 0 && float64(wins) >= least && ratio(a, b) <= 1-gain
}
