package quantize

import (
	"fmt"
	"slices"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/runtime"
)

// stream runs a graph on all inputs once, in stretches of nodes: what a stretch hands to the next one is kept for every input, as
// far as the memory allows; otherwise the next stretch begins where the last one did.
type stream struct {
	w      *walker
	budget int // bytes of what is kept
	from   int // nodes before it are done
	names  []string
	kept   [][][]byte // what the values with the names hold, by input; nil at the beginning, where the data are read
}

// stretch is a run of a stream's next nodes, in progress.
type stretch struct {
	*machine // nil where no node is between
	s        *stream
	to       int
	names    []string // what is live after it, without inputs of the model
	outputs  []int    // where the machine has what the names mean; -1 where it was kept before
	keep     [][][]byte
}

// live returns the names of the values that are there before node at of g and that nodes from there on read.
func live(g *graph.Graph, at int) []string {
	there := make(map[*graph.Value]bool)
	for _, v := range g.Inputs {
		there[v] = true
	}
	for _, n := range g.Nodes[:at] {
		for _, v := range n.Outputs {
			if v != nil {
				there[v] = true
			}
		}
	}
	var names []string
	for _, n := range g.Nodes[at:] {
		for _, v := range n.Inputs {
			if v != nil && there[v] && v.Const == nil && !slices.Contains(names, v.Name) {
				names = append(names, v.Name)
			}
		}
	}
	return names
}

// segment returns nodes from up to but not including to of g as a graph with the given outputs.
func segment(g *graph.Graph, from, to int, names []string) (*graph.Graph, error) {
	c := g.Clone()
	s := &graph.Graph{Name: g.Name, Nodes: c.Nodes[from:to]}
	made := make(map[*graph.Value]bool)
	found := make(map[string]*graph.Value)
	for _, n := range s.Nodes {
		for _, v := range n.Inputs {
			if v == nil || v.Const != nil || made[v] {
				continue
			}
			made[v] = true
			v.Producer = nil
			s.Inputs = append(s.Inputs, v)
		}
		for _, v := range n.Outputs {
			if v != nil {
				made[v], found[v.Name] = true, v
			}
		}
	}
	for _, name := range names {
		v := found[name]
		if v == nil {
			return nil, fmt.Errorf("bug: nodes %d to %d make no %q", from, to, name)
		}
		s.Outputs = append(s.Outputs, v)
	}
	return s, nil
}

// next returns the stretch of g, the stream's graph, up to node to; after it, extra are further values to read, whose nodes are
// those from to up to but not including end.
func (s *stream) next(g *graph.Graph, to, end int, extra ...string) (*stretch, error) {
	t := &stretch{s: s, to: to}
	t.names = slices.DeleteFunc(live(g, to), func(name string) bool { return isInput(g, name) })
	var wanted []string
	for _, name := range append(extra, t.names...) {
		if t.passed(name) < 0 && !slices.Contains(wanted, name) {
			wanted = append(wanted, name)
		}
	}
	if len(wanted) > 0 {
		c, err := segment(g, s.from, end, wanted)
		if err != nil {
			return nil, err
		}
		if t.machine, err = s.w.compileGraph(c); err != nil {
			return nil, err
		}
		t.machine.source = t.value
	}
	size := 0
	for _, name := range t.names {
		if i := slices.Index(wanted, name); i >= 0 {
			t.outputs = append(t.outputs, i)
			size += len(t.sessions[0].Output(i).Data)
		} else if k := t.passed(name); k >= 0 {
			t.outputs = append(t.outputs, -1)
			size += len(s.kept[0][k])
		}
	}
	if size*len(s.w.order) <= s.budget {
		t.keep = make([][][]byte, len(s.w.order))
	}
	return t, nil
}

func isInput(g *graph.Graph, name string) bool {
	return slices.ContainsFunc(g.Inputs, func(v *graph.Value) bool { return v.Name == name })
}

// passed returns the place of a value among those that were kept before the stretch, -1 where it is none of them.
func (t *stretch) passed(name string) int {
	if t.s.kept == nil {
		return -1
	}
	return slices.Index(t.s.names, name)
}

// value returns what was kept of input i for the stretch's input with the given name, or that input of the model.
func (t *stretch) value(i int, name string) ([]byte, error) {
	if k := t.passed(name); k >= 0 {
		return t.s.kept[i][k], nil
	}
	return t.s.w.input(i, name)
}

// reals returns the real numbers of v, one of the extra values, after a worker's run on input i, in dst where that is long enough.
func (t *stretch) reals(worker, i int, v *graph.Value, dst []float32) []float32 {
	if k := t.passed(v.Name); k >= 0 {
		kept := &graph.Tensor{DType: v.DType, Shape: v.Shape.Bind(1), Data: t.s.kept[i][k]}
		return kept.Reals(v.Quant, dst)
	}
	at := slices.IndexFunc(t.program.Outputs(), func(o runtime.ValueInfo) bool { return o.Name == v.Name })
	return t.sessions[worker].Output(at).Reals(v.Quant, dst)
}

// save keeps what a worker's run on input i made.
func (t *stretch) save(worker, i int) {
	if t.keep == nil {
		return
	}
	for k, name := range t.names {
		data := []byte(nil)
		if at := t.outputs[k]; at >= 0 {
			data = slices.Clone(t.sessions[worker].Output(at).Data)
		} else {
			data = t.s.kept[i][t.passed(name)]
		}
		t.keep[i] = append(t.keep[i], data)
	}
}

// finish makes the stream go on after the stretch, where its values could be kept.
func (t *stretch) finish() {
	if t.keep != nil {
		t.s.from, t.s.names, t.s.kept = t.to, t.names, t.keep
	}
}
