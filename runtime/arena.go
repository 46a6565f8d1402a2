package runtime

import (
	"errors"
	"math"
	"slices"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/internal/memory"
	"github.com/octet-ml/octet/ops"
)

// buffer is memory that one or more values share: a value, the views of it, values written over it in place, and values that
// are regions of it.
type buffer struct {
	size        int
	first, last int // steps between which it is live; inputs and outputs of the graph are live throughout
	offset      int
	fixed       bool // holds an input of the graph, which no step may overwrite
	outer       int  // number of the buffer from outside that it is, or inArena
}

// MaxArena bounds the bytes of memory that a plan may need for values.
const MaxArena = min(1<<36, math.MaxInt/4)

// place gives every value a slot in the arena: buffers are placed from the largest to the smallest, each in the lowest gap
// between the buffers placed before whose lifetimes overlap its own.
func (p *plan) place() error {
	owner, buffers := p.lifetimes()
	for _, b := range buffers {
		if b.size > MaxArena/2 {
			return errors.New("a value is too large")
		}
	}
	buffers = slices.DeleteFunc(buffers, func(b *buffer) bool { return b.outer != inArena })
	order := slices.Clone(buffers)
	slices.SortStableFunc(order, func(a, b *buffer) int { return b.size - a.size })
	var placed []*buffer // by offset
	for _, b := range order {
		at := 0
		for _, o := range placed {
			if o.first > b.last || o.last < b.first {
				continue
			}
			if at+b.size <= o.offset {
				break
			}
			at = max(at, o.offset+o.size)
		}
		b.offset = at
		i, _ := slices.BinarySearchFunc(placed, b, func(x, y *buffer) int { return x.offset - y.offset })
		placed = slices.Insert(placed, i, b)
		p.arena = max(p.arena, at+b.size)
	}
	if p.arena > MaxArena {
		return errors.New("the values need too much memory")
	}
	p.liveAt, p.live = liveSets(buffers, len(p.steps))
	p.slots = make(map[*graph.Value]slot, len(owner))
	for v, b := range owner {
		s := slot{offset: b.offset, size: v.DType.Bytes(v.Shape.Size()), outer: b.outer}
		if r, placed := p.regions[v]; placed {
			s.offset, s.size = s.offset+r.at, r.bytes
		}
		p.slots[v] = s
	}
	return nil
}

// lifetimes returns the buffer of every value, and the buffers.
func (p *plan) lifetimes() (map[*graph.Value]*buffer, []*buffer) {
	last := p.lastUses()
	owner := make(map[*graph.Value]*buffer)
	var buffers []*buffer
	own := func(v *graph.Value, first int) *buffer {
		size := v.DType.Bytes(v.Shape.Size())
		b := &buffer{size: (size + alignment - 1) / alignment * alignment, first: first, last: first, outer: inArena}
		if i, ok := p.outer[v]; ok {
			b.outer = i
		}
		owner[v] = b
		buffers = append(buffers, b)
		return b
	}
	end := len(p.steps)
	for _, v := range p.graph.Inputs {
		b := own(v, -1)
		b.last, b.fixed = end, true
	}
	if p.chain != nil {
		b := owner[p.chain.result()]
		b.last, b.fixed = -1, false
	}
	step := 0
	for _, n := range p.graph.Nodes {
		op, _ := ops.Lookup(n.Op)
		if op.View && p.stepless(n) {
			owner[n.Outputs[0]] = owner[n.Inputs[0]]
			continue
		}
		for i, v := range n.Outputs {
			if v == nil {
				continue
			}
			root := v
			if r, placed := p.regions[v]; placed {
				root = r.of
			}
			b := owner[root] // where a region of it is made before
			if _, outer := p.outer[v]; b == nil && root == v && !outer {
				b = inPlace(op, n, i, step, owner, last)
			}
			if b == nil {
				b = own(root, step)
			}
			owner[v] = b
			b.last = max(b.last, step, last[v])
		}
		if p.stepless(n) {
			continue
		}
		for _, v := range n.Inputs {
			if v != nil && v.Const == nil {
				owner[v].last = max(owner[v].last, step)
			}
		}
		step++
	}
	for _, v := range p.graph.Outputs {
		owner[v].last = end
	}
	return owner, buffers
}

// lastUses returns the last step that reads each value or a view of it; len(p.steps) for outputs of the graph.
func (p *plan) lastUses() map[*graph.Value]int {
	last := make(map[*graph.Value]int)
	root := make(map[*graph.Value]*graph.Value)
	find := func(v *graph.Value) *graph.Value {
		if r := root[v]; r != nil {
			return r
		}
		return v
	}
	step := 0
	for _, n := range p.graph.Nodes {
		op, _ := ops.Lookup(n.Op)
		if p.stepless(n) {
			if op.View {
				root[n.Outputs[0]] = find(n.Inputs[0])
			}
			continue
		}
		for _, v := range n.Inputs {
			if v != nil {
				last[find(v)] = step
			}
		}
		step++
	}
	for _, v := range p.graph.Outputs {
		last[find(v)] = len(p.steps)
	}
	for v, r := range root {
		last[v] = last[r]
	}
	return last
}

// inPlace returns the buffer of an input that output i of n may be written over at the given step, or nil.
func inPlace(op *ops.Operator, n *graph.Node, i, step int, owner map[*graph.Value]*buffer, last map[*graph.Value]int) *buffer {
	if op.InPlace == nil || i != 0 {
		return nil
	}
	y := n.Outputs[0]
	size := y.DType.Bytes(y.Shape.Size())
	for k, x := range n.Inputs {
		if x == nil || x.Const != nil || !op.InPlace(n, k) || x.DType.Bytes(x.Shape.Size()) != size {
			continue
		}
		b := owner[x]
		// The buffer's last use is known only as far as this step; last tells the readers of x itself, b.last those of the
		// other values in the buffer that were met before.
		if b.fixed || last[x] != step || b.last > step || !soleReader(n, b, k, owner) {
			continue
		}
		return b
	}
	return nil
}

// soleReader reports whether n reads b as input k only.
func soleReader(n *graph.Node, b *buffer, k int, owner map[*graph.Value]*buffer) bool {
	for i, v := range n.Inputs {
		if v != nil && owner[v] == b && i != k {
			return false
		}
	}
	return true
}

// liveSets returns the number of bytes of buffers live at each step, and the greatest, before and after the steps counted.
func liveSets(buffers []*buffer, steps int) (at []int, most int) {
	delta := make([]int, steps+3)
	for _, b := range buffers {
		delta[b.first+1] += b.size
		delta[min(b.last, steps)+2] -= b.size
	}
	at = make([]int, steps)
	live := 0
	for i, d := range delta {
		live += d
		most = max(most, live)
		if step := i - 1; step >= 0 && step < steps {
			at[step] = live
		}
	}
	return at, most
}

// newArena returns memory for a plan, aligned, with room to over-read.
func newArena(size int) []byte {
	if size > math.MaxInt-memory.HugePage-overRead {
		panic("bug: arena size")
	}
	return memory.Aligned(size, overRead)
}
