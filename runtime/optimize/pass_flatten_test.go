package optimize

import (
	"strings"
	"testing"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/ops"
)

func TestDenseLayersTakeFlattenedDataAsTheyAreStored(t *testing.T) {
	flatten := func(b *builder, x *graph.Value) *graph.Value {
		return b.node("Flatten", &ops.Flatten{Axis: 1}, "flat", x)
	}
	type values = []*graph.Value
	for name, c := range map[string]struct {
		build      func(b *builder, x *graph.Value) values // of quantized data of 4x5x5 in NHWC
		transposed int                                     // Transpose nodes left behind the first one
	}{
		"a flattened picture": {build: func(b *builder, x *graph.Value) values {
			return values{b.quantize(b.node("Dense", &ops.Dense{}, "d", flatten(b, x), b.weights("w", 7, 100)), graph.Uint8, 0.1, 90)}
		}},
		"two readers": {transposed: 1, build: func(b *builder, x *graph.Value) values {
			f := flatten(b, x)
			d := b.node("Dense", &ops.Dense{}, "d", f, b.weights("w", 7, 100))
			return values{b.quantize(d, graph.Uint8, 0.1, 90), f}
		}},
		"rows of pixels": {transposed: 1, build: func(b *builder, x *graph.Value) values {
			f := b.node("Reshape", &ops.Reshape{To: graph.Shape{4 * graph.Batch, 25}}, "flat", x)
			return values{b.quantize(b.node("Dense", &ops.Dense{}, "d", f, b.weights("w", 7, 25)), graph.Uint8, 0.1, 90)}
		}},
		"float weights": {transposed: 1, build: func(b *builder, x *graph.Value) values {
			return values{b.node("Dense", &ops.Dense{}, "d", flatten(b, x), b.floats("w", 7, 100))}
		}},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBuilder(t)
			x := b.quantize(b.conv("c", b.start(), 4, 4), graph.Uint8, 0.05, 120)
			g := b.canonical(t, c.build(b, x)...)
			if got := strings.Count(operators(g), "Transpose") - 1; got != c.transposed {
				t.Errorf("%d Transpose nodes behind the first, want %d: %s", got, c.transposed, operators(g))
			}
			sameBytesWithout(t, b, g, "flatten")
		})
	}
}
