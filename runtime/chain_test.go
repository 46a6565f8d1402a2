package runtime

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/internal/cpu"
	"github.com/octet-ml/octet/ops"
	"github.com/octet-ml/octet/runtime/optimize"
)

// withCache is an option that tells how many bytes of values a core's cache keeps. With less than nothing, all that can be in a chain
// is in one.
func withCache(bytes int) Option {
	return func(c *config) error {
		c.cache = bytes
		return nil
	}
}

const noCache = -1 << 40

func TestChainsGiveTheSameBytes(t *testing.T) {
	g, x := network(t), example(t, 6)
	want := mustRun(t, mustCompile(t, g, Kernels("generic"), Threads(1), Batch(6), withCache(1<<40)), x)
	for _, level := range cpu.Available() {
		for _, threads := range []int{1, 2, 3} {
			p := mustCompile(t, g, Kernels(level.String()), Threads(threads), Batch(6), WithPool(NewPool(threads)), withCache(noCache))
			if c := p.top().chain; c == nil || len(p.top().steps) != 0 {
				t.Fatalf("%d threads: %d steps in a chain, %d after it", threads, c.steps(), len(p.top().steps))
			}
			if got := mustRun(t, p, x); !bytes.Equal(got, want) {
				t.Errorf("%v, %d threads: the bytes differ", level, threads)
			}
		}
	}
}

func TestChainsEndWhereWeightsCostMore(t *testing.T) {
	p := mustCompile(t, network(t), Batch(4), Threads(1), withCache(0))
	chained, after := p.top().chain.steps(), p.top().steps
	if chained < 3 || len(after) == 0 || after[len(after)-2].node.Op != "Dense" {
		t.Errorf("%d steps in a chain, %d after it", chained, len(after))
	}
	if got, want := p.Steps(), mustCompile(t, network(t), Batch(4), Threads(1)).Steps(); len(got) != len(want) {
		t.Errorf("%d steps, %d without a chain", len(got), len(want))
	} else {
		for i := range got {
			if got[i].Op != want[i].Op || got[i].Output != want[i].Output || got[i].MACs != want[i].MACs || got[i].Weights != want[i].Weights {
				t.Errorf("step %d: %+v, without a chain %+v", i, got[i], want[i])
			}
		}
	}
	if m, n := p.Memory(), mustCompile(t, network(t), Batch(4), Threads(1)).Memory(); m.Arena >= n.Arena {
		t.Errorf("an arena of %d bytes, without a chain %d", m.Arena, n.Arena)
	}
	x := example(t, 4)
	if want := mustRun(t, mustCompile(t, network(t), Batch(4)), x); !bytes.Equal(mustRun(t, p, x), want) {
		t.Error("the bytes differ")
	}
}

// TestCut cuts graphs at all costs.
func TestCut(t *testing.T) {
	type values = []*graph.Value
	for name, c := range map[string]struct {
		images, threads int
		convolutions    int                                       // before the cut
		build           func(b *gathering, x *graph.Value) values // the outputs of the graph
	}{
		"one image": {1, 1, 0, func(b *gathering, x *graph.Value) values {
			return values{b.conv(x, 8, 1, 1)}
		}},
		"threads that would wait": {3, 2, 0, func(b *gathering, x *graph.Value) values {
			return values{b.conv(x, 8, 1, 1)}
		}},
		"all": {4, 2, 2, func(b *gathering, x *graph.Value) values {
			y := b.conv(b.conv(x, 8, 1, 1), 4, 3, 1)
			return values{y}
		}},
		"two outputs": {4, 1, 1, func(b *gathering, x *graph.Value) values {
			y := b.conv(x, 8, 1, 1)
			return values{b.conv(y, 4, 1, 1), b.conv(y, 4, 1, 1)}
		}},
		"an output that is read": {4, 1, 1, func(b *gathering, x *graph.Value) values {
			y := b.conv(x, 8, 1, 1)
			return values{y, b.conv(y, 4, 1, 1)}
		}},
		"a branch": {4, 1, 3, func(b *gathering, x *graph.Value) values {
			y := b.conv(x, 8, 1, 1)
			y = b.concat(b.conv(y, 4, 1, 1), b.conv(y, 4, 1, 1))
			return values{y}
		}},
		"images side by side": {4, 1, 1, func(b *gathering, x *graph.Value) values {
			y := b.conv(x, 8, 1, 1)
			return values{b.node("Concat", &ops.Concat{}, y, y)}
		}},
		"images along another axis": {4, 1, 1, func(b *gathering, x *graph.Value) values {
			y := b.conv(x, 8, 1, 1)
			return values{b.node("Transpose", &ops.Transpose{Perm: []int{1, 0, 2, 3}}, y)}
		}},
		"a reduction over images": {4, 1, 1, func(b *gathering, x *graph.Value) values {
			y := b.conv(x, 8, 1, 1)
			return values{b.node("DynamicQuantizeLinear", nil, y)}
		}},
	} {
		t.Run(name, func(t *testing.T) {
			b := newGathering()
			b.Outputs = c.build(b, b.source("x", 8))
			g, err := optimize.Run(&b.Graph)
			if err != nil {
				t.Fatal(err)
			}
			n := cut(g, c.images, c.threads, noCache)
			got := 0
			for _, node := range g.Nodes[:n] {
				if node.Op == "Conv" {
					got++
				}
			}
			if got != c.convolutions {
				t.Errorf("%d convolutions of %d nodes, want %d", got, n, c.convolutions)
			}
		})
	}
}

func TestProfilesOfChainsAddUp(t *testing.T) {
	p := mustCompile(t, network(t), Batch(4), Threads(2), Profile(), withCache(noCache))
	s, err := p.NewSession()
	if err != nil {
		t.Fatal(err)
	}
	for range 3 {
		s.Run()
	}
	profile := s.Profile()
	if len(profile) != len(p.Steps()) {
		t.Fatalf("%d steps, want %d", len(profile), len(p.Steps()))
	}
	for _, st := range profile {
		if st.MACs > 0 && st.Time <= 0 {
			t.Errorf("%s took no time", st.Name)
		}
	}
}

// A plan whose chain ends before a concatenation has a step more than one without a chain, where layers write into it.
func TestProfilesAreOfThePlanThatRan(t *testing.T) {
	b := newGathering()
	x, z := b.source("x", 8), b.source("z", 8)
	a := b.conv(x, 16, 1, 1)
	b.Outputs = []*graph.Value{b.concat(a, b.conv(z, 512, 25, 1))}
	p, err := Compile(&b.Graph, Batch(4), Threads(3), Profile(), withCache(0)) // 4 images keep 3 threads waiting, 3 do not
	if err != nil {
		t.Fatal(err)
	}
	s, err := p.NewSession()
	if err != nil {
		t.Fatal(err)
	}
	lengths := make(map[int]bool)
	for _, batch := range []int{4, 3} {
		if err := s.SetBatch(batch); err != nil {
			t.Fatal(err)
		}
		s.Run()
		profile := s.Profile()
		lengths[len(profile)] = true
		if got := profile[len(profile)-1].Output; !strings.HasPrefix(got, fmt.Sprintf("f32[%d ", batch)) {
			t.Errorf("batch %d: the last step gives %s", batch, got)
		}
	}
	if len(lengths) != 2 {
		t.Errorf("plans of %v steps: want different ones", lengths)
	}
}

func TestRunsOfChainsAllocateNothing(t *testing.T) {
	s, err := mustCompile(t, network(t), Batch(4), Threads(2), withCache(noCache)).NewSession()
	if err != nil {
		t.Fatal(err)
	}
	if a := testing.AllocsPerRun(5, s.Run); a != 0 {
		t.Errorf("%v allocations", a)
	}
}
