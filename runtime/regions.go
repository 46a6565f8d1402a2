package runtime

import (
	"fmt"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/ops"
)

// region is the place of a value within the buffer of another one, which a node such as Concat makes: its rows, of the last
// axis, stand pitch bytes apart from byte at on, and only that node reads it, or a view of it.
type region struct {
	of        *graph.Value // has a buffer of its own
	at, pitch int
	bytes     int // to the end of the last row
}

// placeRegions lets nodes write their outputs straight to where the node that alone reads them would copy them, where their
// kernels can, and drops the steps of nodes that have nothing left to copy. Later nodes come first, so that what a Concat of
// Concats gathers finds its place in the buffer of the last one.
func (p *plan) placeRegions() error {
	r := regions{plan: p, readers: make(map[*graph.Value]int), step: make(map[*graph.Node]int)}
	for _, n := range p.graph.Nodes {
		for _, v := range n.Inputs {
			r.readers[v]++
		}
	}
	for _, v := range p.graph.Outputs {
		r.readers[v]++
	}
	for i, s := range p.steps {
		r.step[s.node] = i
	}
	for i := len(p.steps) - 1; i >= 0; i-- {
		if err := r.gather(p.steps[i].node); err != nil {
			return err
		}
	}
	kept := p.steps[:0]
	for _, s := range p.steps {
		if !p.stepless(s.node) {
			kept = append(kept, s)
		}
	}
	p.steps = kept
	return nil
}

// regions is the state of placeRegions.
type regions struct {
	*plan
	readers map[*graph.Value]int // by value, the graph's outputs counted
	step    map[*graph.Node]int
}

// gather finds places for the inputs of n in its output.
func (r *regions) gather(n *graph.Node) error {
	op, err := ops.Lookup(n.Op)
	if err != nil || op.Place == nil {
		return err
	}
	y := n.Outputs[0]
	for i, v := range n.Inputs {
		if v == nil || v.Const != nil {
			continue
		}
		where, ok := op.Place(n, i)
		if !ok {
			continue
		}
		outer, nested := r.regions[y]
		switch {
		case !nested:
			outer = region{of: y, pitch: where.Pitch}
		case where.Pitch != rowBytes(y):
			continue
		}
		if err := r.put(v, where, outer); err != nil {
			return err
		}
	}
	return nil
}

// rowBytes returns the bytes of a row of the last axis of v.
func rowBytes(v *graph.Value) int {
	if len(v.Shape) == 0 {
		return 0
	}
	return v.DType.Bytes(v.Shape[len(v.Shape)-1])
}

// put makes the node that computes v, or what v is a view of, write it to a place in outer, where that is possible.
func (r *regions) put(v *graph.Value, where ops.Region, outer region) error {
	views := []*graph.Value{v}
	for {
		if r.readers[v] != 1 || v.Producer == nil {
			return nil
		}
		op, err := ops.Lookup(v.Producer.Op)
		if err != nil {
			return err
		}
		if !op.View {
			break
		}
		v = v.Producer.Inputs[0]
		views = append(views, v)
	}
	step, ok := r.step[v.Producer]
	if !ok || v != v.Producer.Outputs[0] || rowBytes(v) != where.Run || where.Run == 0 || where.Rows == 0 {
		return nil
	}
	s := &r.steps[step]
	if s.lowered.Pitched == nil {
		return nil
	}
	lowered, err := s.lowered.Pitched(outer.pitch)
	if err != nil {
		return fmt.Errorf("%s: %w", s.node.Where(), err)
	}
	s.lowered = lowered
	where.Pitch = outer.pitch
	for _, v := range views {
		r.regions[v] = region{of: outer.of, at: outer.at + where.At, pitch: outer.pitch, bytes: where.Bytes()}
	}
	return nil
}

// stepless reports whether n is no step: it is a view, or all that it copies stands in its place already.
func (p *plan) stepless(n *graph.Node) bool {
	op, err := ops.Lookup(n.Op)
	switch {
	case err != nil:
		return false
	case op.View:
		return n.Inputs[0].Const == nil
	case op.Place == nil:
		return false
	}
	for _, v := range n.Inputs {
		if _, placed := p.regions[v]; !placed {
			return false
		}
	}
	return true
}
