package runtime

import (
	"time"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/ops"
)

// A batch need not pass through a network step by step. Where the values of all images together are larger than a core's cache, each
// step would read from memory what the step before wrote there. A plan for several images may therefore begin with a chain: the
// first nodes of the graph, run for one image after another, each thread with images and an arena of its own. The rest of the
// graph runs step by step, for it gains more from passing over the weights once for all images.

// coreCache is how many bytes of values stay in a core's cache from one step to the next.
const coreCache = 1 << 20

// Costs of a byte that one way moves and the other does not, in 1/8 of a byte that is read from memory at full speed.
const (
	costOfValue  = 2 // of a value beyond the cache; reading it overlaps with work
	costOfWeight = 1 // of a weight that is passed over once more
	hidingRows   = 8 // rows of a product that take as long as reading their weights
)

// chain is the beginning of a plan that runs image by image.
type chain struct {
	plan   *plan          // for one image
	values []*graph.Value // the buffers from outside, values of the enclosing plan: the inputs of the graph, and the result
}

// result returns what the chain computes.
func (c *chain) result() *graph.Value { return c.values[len(c.values)-1] }

// steps returns the number of steps of an image; 0 where there is no chain.
func (c *chain) steps() int {
	if c == nil {
		return 0
	}
	return len(c.plan.steps)
}

// cut returns how many nodes of g, whose batch is unbound, should run image by image for a batch of images on threads: 0 where that
// does not pay. It cuts only where one value crosses.
func cut(g *graph.Graph, images, threads, cache int) int {
	if images < 2 || (images+threads-1)/threads*threads*8 > images*9 {
		return 0 // nothing to chain, or threads would wait for each other
	}
	last := make(map[*graph.Value]int) // node that reads a value last
	for i, n := range g.Nodes {
		for _, v := range n.Inputs {
			last[v] = i
		}
	}
	for _, v := range g.Outputs {
		last[v] = len(g.Nodes)
	}
	best, most, gain := 0, 0.0, 0.0
	crossing := make(map[*graph.Value]bool)
	for i, n := range g.Nodes {
		if !ops.ByImage(n) {
			break
		}
		gain += chainGain(n, images, cache)
		for _, v := range n.Inputs {
			if last[v] == i {
				delete(crossing, v)
			}
		}
		for _, v := range n.Outputs {
			if v != nil && last[v] > i {
				crossing[v] = true
			}
		}
		if op, _ := ops.Lookup(n.Op); !op.View && len(crossing) == 1 && crossing[n.Outputs[0]] && gain > most {
			best, most = i+1, gain
		}
	}
	return best
}

// chainGain estimates what running n image by image saves, in eighths of bytes.
func chainGain(n *graph.Node, images, cache int) float64 {
	moved := 0.0
	for _, v := range append(n.Inputs[:len(n.Inputs):len(n.Inputs)], n.Outputs...) {
		if v != nil && v.Const == nil {
			moved += float64(images) * float64(v.DType.Bytes(v.Shape.Bind(1).Size()))
		}
	}
	gain := costOfValue * max(0, moved-float64(cache))
	switch n.Attrs.(type) {
	case *ops.Conv, *ops.Dense:
		w, y := n.Inputs[1], n.Outputs[0].Shape.Bind(1)
		bytes := float64(images-1) * float64(w.DType.Bytes(w.Shape.Size()))
		rows := y.Size() / max(1, w.Shape[0])
		gain -= (costOfWeight + float64(max(0, hidingRows-rows))) * bytes
	}
	return gain
}

// split returns the graph of the first n nodes of g, with the value that crosses as its output, and that of the rest, with this
// value as its last input.
func split(g *graph.Graph, n int) (first, rest *graph.Graph) {
	first, rest = g.Clone(), g.Clone()
	first.Outputs = first.Nodes[n-1].Outputs[:1]
	first.Nodes = first.Nodes[:n]
	crossing := rest.Nodes[n-1].Outputs[0]
	crossing.Producer = nil
	rest.Inputs = append(rest.Inputs, crossing)
	rest.Nodes = rest.Nodes[n:]
	return first, rest
}

// chainStep is a chain bound to the memory of a session. Its tiles are the images.
type chainStep struct {
	images int
	lanes  []chainLane // by thread
}

// chainLane is a chain bound to the memory of a thread.
type chainLane struct {
	memory  *byte           // first byte of the thread's scratch, which tells the lane
	scratch []byte          // of the steps
	jobs    []chainJob      // a step of several phases has one for each
	times   []time.Duration // by step, of all images, where the program is profiled
}

// chainJob is the step of the given index, by image, or the same for all.
type chainJob struct {
	index  int
	images []ops.Step
}

// bind ties the chain to the memory of a session: values are the buffers of c.values, scratch is that of each thread, in which
// the arena of an image comes first.
func (c *chain) bind(values [][]byte, images int, scratch [][]byte) (*chainStep, error) {
	outer := make([][][]byte, images)
	for image := range outer {
		for _, v := range values {
			size := len(v) / images
			outer[image] = append(outer[image], v[image*size:(image+1)*size:(image+1)*size])
		}
	}
	s := &chainStep{images: images, lanes: make([]chainLane, len(scratch))}
	for t := range s.lanes {
		l := &s.lanes[t]
		l.memory, l.scratch = &scratch[t][0], scratch[t][c.plan.arena:]
		for i := range c.plan.steps {
			different := 1
			if c.plan.leaves(i) {
				different = images
			}
			first := len(l.jobs)
			for image := range different {
				phases, err := c.plan.bind(i, scratch[t][:c.plan.arena], outer[image])
				if err != nil {
					return nil, err
				}
				for k, step := range phases {
					if image == 0 {
						l.jobs = append(l.jobs, chainJob{index: i})
					}
					j := &l.jobs[first+k]
					j.images = append(j.images, step)
				}
			}
		}
	}
	return s, nil
}

// Tiles returns the number of images.
func (s *chainStep) Tiles() int { return s.images }

// Run computes images from <= i < to. It wants the scratch of one of the session's threads.
func (s *chainStep) Run(scratch []byte, from, to int) {
	var l *chainLane
	for i := range s.lanes {
		if s.lanes[i].memory == &scratch[0] {
			l = &s.lanes[i]
		}
	}
	for image := from; image < to; image++ {
		for i := range l.jobs {
			j := &l.jobs[i]
			var start time.Time
			if l.times != nil {
				start = time.Now()
			}
			step := j.images[min(image, len(j.images)-1)]
			step.Run(l.scratch, 0, step.Tiles())
			if l.times != nil {
				l.times[j.index] += time.Since(start)
			}
		}
	}
}

// profile makes the step measure the steps of its chain, of which there are n.
func (s *chainStep) profile(n int) {
	if s == nil {
		return
	}
	for i := range s.lanes {
		s.lanes[i].times = make([]time.Duration, n)
	}
}

// share spreads the time of the chain, times[0], over its steps by the time that threads have spent in each.
func (s *chainStep) share(times []time.Duration) {
	if s == nil {
		return
	}
	whole, all := times[0], time.Duration(0)
	spent := make([]time.Duration, len(s.lanes[0].times))
	for i := range s.lanes {
		for k, t := range s.lanes[i].times {
			spent[k] += t
			all += t
		}
	}
	for k, t := range spent {
		times[k] = time.Duration(float64(whole) * float64(t) / float64(max(all, 1)))
	}
}
