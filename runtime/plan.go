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
	steps   []plannedStep
	slots   map[*graph.Value]slot
	arena   int // bytes
	live    int // bytes of the largest set of values that are live at once
	scratch int // bytes each thread needs
	weights int // bytes of packed weights
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

// slot is the place of a value in the arena.
type slot struct{ offset, size int }

// newPlan lowers the canonical graph for a batch size.
func newPlan(canonical *graph.Graph, batch int, target *ops.Target) (*plan, error) {
	p := &plan{batch: batch, graph: canonical.Bind(batch), constants: make(map[*graph.Value][]byte), regions: make(map[*graph.Value]region)}
	if err := checkSizes(p.graph); err != nil {
		return nil, fmt.Errorf("batch %d: %w", batch, err)
	}
	for _, n := range p.graph.Nodes {
		if !p.stepless(n) {
			p.steps = append(p.steps, plannedStep{node: n})
		}
	}
	if err := p.lower(target); err != nil {
		return nil, err
	}
	if err := p.placeRegions(); err != nil {
		return nil, err
	}
	for _, s := range p.steps {
		p.scratch = max(p.scratch, s.lowered.Scratch)
		p.weights += s.lowered.Weights
		if s.lowered.Weights == 0 {
			p.copyConstants(s.node)
		}
	}
	if err := p.place(); err != nil {
		return nil, fmt.Errorf("memory plan: %w", err)
	}
	return p, nil
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

// inputs is buffers of the inputs of a node, without those that stand in its output already.
func (p *plan) inputs(arena []byte, n *graph.Node) [][]byte {
	in := p.buffers(arena, n.Inputs)
	for i, v := range n.Inputs {
		if _, placed := p.regions[v]; placed {
			in[i] = nil
		}
	}
	return in
}

// buffers returns the slices of arena for values; constants have their own data.
func (p *plan) buffers(arena []byte, values []*graph.Value) [][]byte {
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
			out[i] = arena[s.offset : s.offset+s.size : s.offset+s.size]
		}
	}
	return out
}
