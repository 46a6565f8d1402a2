package runtime

import (
	"errors"
	"fmt"
	goruntime "runtime"
	"sync"
	"sync/atomic"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/internal/memory"
	"github.com/octet-ml/octet/ops"
)

// alignment is that of every buffer in an arena, in bytes: a cache line and the widest vector register.
const alignment = memory.Alignment

// overRead is how many bytes past the end of a buffer kernels may read.
const overRead = 64

// plan is a program for one batch size: nodes bound to kernels, and the place of each value in the arena. Immutable.
type plan struct {
	batch   int
	graph   *graph.Graph
	chain   *chain               // runs before the steps; nil where there is none
	outer   map[*graph.Value]int // values whose buffers are given from outside; else nil
	steps   []plannedStep
	slots   map[*graph.Value]slot
	arena   int   // bytes
	live    int   // bytes of the largest set of values that are live at once
	liveAt  []int // by step
	scratch int   // bytes each thread needs
	weights int   // bytes of packed weights
	// constants are copies of the constants that kernels read directly, aligned and with room to over-read, which the bytes
	// of a model file do not have.
	constants map[*graph.Value][]byte
	regions   map[*graph.Value]region // of the values that have no buffer of their own
}

// plannedStep is a node bound to kernels.
type plannedStep struct {
	node    *graph.Node
	lowered *ops.Lowered
}

// slot is the place of a value in the arena, or in one of the buffers that are given from outside.
type slot struct{ offset, size, outer int }

// inArena is the outer of a slot in the arena.
const inArena = -1

// newPlan lowers the canonical graph for a batch size, its beginning perhaps as a chain.
func newPlan(canonical *graph.Graph, batch int, c *config, target *ops.Target) (*plan, error) {
	whole := canonical.Bind(batch)
	if err := checkSizes(whole); err != nil {
		return nil, fmt.Errorf("batch %d: %w", batch, err)
	}
	n := cut(canonical, batch, c.threads, c.cache)
	if n == 0 {
		p := &plan{batch: batch, graph: whole}
		return p, p.make(target)
	}
	first, rest := split(canonical, n)
	p := &plan{batch: batch, graph: rest.Bind(batch)}
	inputs := p.graph.Inputs
	p.chain = &chain{plan: &plan{batch: 1, graph: first.Bind(1), outer: make(map[*graph.Value]int)}, values: inputs}
	one := p.chain.plan
	for i, v := range append(one.graph.Inputs[:len(inputs)-1:len(inputs)-1], one.graph.Outputs[0]) {
		one.outer[v] = i
	}
	if err := one.make(target); err != nil {
		return nil, err
	}
	if err := p.make(target); err != nil {
		return nil, err
	}
	p.weights += one.weights
	p.scratch = max(p.scratch, one.arena+one.scratch, 1) // not empty, for its address tells the thread
	return p, nil
}

// make lowers the plan's graph.
func (p *plan) make(target *ops.Target) error {
	p.constants, p.regions = make(map[*graph.Value][]byte), make(map[*graph.Value]region)
	for _, n := range p.graph.Nodes {
		if !p.stepless(n) {
			p.steps = append(p.steps, plannedStep{node: n})
		}
	}
	if err := p.lower(target); err != nil {
		return err
	}
	if err := p.placeRegions(); err != nil {
		return err
	}
	for _, s := range p.steps {
		p.scratch = max(p.scratch, s.lowered.Scratch)
		p.weights += s.lowered.Weights
		if s.lowered.Weights == 0 {
			p.copyConstants(s.node)
		}
	}
	if err := p.place(); err != nil {
		return fmt.Errorf("memory plan: %w", err)
	}
	return nil
}

// checkSizes returns an error unless the values of a graph whose batch is bound have numbers of elements that can be counted.
func checkSizes(g *graph.Graph) error {
	lists := [][]*graph.Value{g.Inputs}
	for _, n := range g.Nodes {
		lists = append(lists, n.Outputs)
	}
	for _, list := range lists {
		for _, v := range list {
			if v == nil {
				continue
			}
			if _, err := v.Shape.Elements(); err != nil {
				return fmt.Errorf("value %q: %w", v.Name, err)
			}
		}
	}
	return nil
}

// lower binds the steps' nodes to kernels, on all cores: packing weights is most of the work.
func (p *plan) lower(target *ops.Target) error {
	errs := make([]error, len(p.steps))
	var next atomic.Int64
	var wg sync.WaitGroup
	for range min(goruntime.GOMAXPROCS(0), len(p.steps)) {
		wg.Go(func() {
			for {
				i := int(next.Add(1)) - 1
				if i >= len(p.steps) {
					return
				}
				p.steps[i].lowered, errs[i] = ops.Lower(target, p.steps[i].node)
			}
		})
	}
	wg.Wait()
	return errors.Join(errs...)
}

// copyConstants makes copies of the constants that n reads.
func (p *plan) copyConstants(n *graph.Node) {
	for _, v := range n.Inputs {
		if v != nil && v.Const != nil && p.constants[v] == nil {
			c := newArena(len(v.Const.Data))
			copy(c, v.Const.Data)
			p.constants[v] = c
		}
	}
}

// bind binds step i to an arena and the buffers from outside. A step of several phases gives several.
func (p *plan) bind(i int, arena []byte, outer [][]byte) (ops.Phases, error) {
	s := &p.steps[i]
	in := p.buffers(arena, outer, s.node.Inputs)
	for k, v := range s.node.Inputs {
		if _, placed := p.regions[v]; placed {
			in[k] = nil // stands in the output already
		}
	}
	step, err := s.lowered.Bind(ops.Buffers{In: in, Out: p.buffers(arena, outer, s.node.Outputs)})
	if err != nil {
		return nil, fmt.Errorf("%s: %w", s.node.Where(), err)
	}
	if phases, ok := step.(ops.Phases); ok {
		return phases, nil
	}
	return ops.Phases{step}, nil
}

// leaves reports whether step i reads or writes a buffer from outside.
func (p *plan) leaves(i int) bool {
	n := p.steps[i].node
	for _, list := range [][]*graph.Value{n.Inputs, n.Outputs} {
		for _, v := range list {
			if s, ok := p.slots[v]; ok && s.outer != inArena {
				return true
			}
		}
	}
	return false
}

// buffers returns the slices of arena, and of the buffers from outside, for values; constants have their own data.
func (p *plan) buffers(arena []byte, outer [][]byte, values []*graph.Value) [][]byte {
	out := make([][]byte, len(values))
	for i, v := range values {
		switch {
		case v == nil:
		case p.constants[v] != nil:
			out[i] = p.constants[v]
		case v.Const != nil:
			out[i] = v.Const.Data
		default:
			s := p.slots[v]
			from := arena
			if s.outer != inArena {
				from = outer[s.outer]
			}
			out[i] = from[s.offset : s.offset+s.size : s.offset+s.size]
		}
	}
	return out
}
