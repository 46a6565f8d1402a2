package optimize

import (
	"testing"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/ops"
)

func TestLayersRequantizeForConcatenations(t *testing.T) {
	for name, c := range map[string]struct {
		build     func(b *builder, x, c *graph.Value) *graph.Value // what stands beside a layer in the concatenation
		functions int                                              // of layers
	}{
		"a layer": {functions: 2, build: func(b *builder, x, c *graph.Value) *graph.Value {
			return b.quantize(b.conv("d", x, 4, 5), graph.Uint8, 0.1, 99)
		}},
		"an activation": {functions: 2, build: func(b *builder, x, c *graph.Value) *graph.Value {
			h := b.quantize(b.conv("d", x, 4, 5), graph.Uint8, 0.1, 99)
			return b.quantize(b.node("HardSwish", nil, "h", h), graph.Uint8, 0.07, 6)
		}},
		"the result's own scale": {functions: 1, build: func(b *builder, x, c *graph.Value) *graph.Value {
			return b.quantize(b.conv("d", x, 4, 5), graph.Uint8, 0.06, 80)
		}},
		"no layer":        {functions: 1, build: func(b *builder, x, c *graph.Value) *graph.Value { return x }},
		"the layer again": {functions: 0, build: func(b *builder, x, c *graph.Value) *graph.Value { return c }},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBuilder(t)
			x := b.start()
			conv := b.quantize(b.conv("c", x, 4, 6), graph.Uint8, 0.05, 120)
			y := b.node("Concat", &ops.Concat{Axis: 1}, "y", conv, c.build(b, x, conv))
			g := b.canonical(t, b.quantize(y, graph.Uint8, 0.06, 80))
			functions := 0
			for _, n := range g.Nodes {
				if a, ok := n.Attrs.(*ops.Conv); ok && a.Function != nil {
					functions++
				}
			}
			if functions != c.functions {
				t.Errorf("%d functions, want %d: %s", functions, c.functions, operators(g))
			}
			sameBytesWithout(t, b, g, "gather")
		})
	}
}
