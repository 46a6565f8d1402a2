package optimize

import (
	"testing"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/ops"
)

func TestPicturesAreQuantizedAndTransposedAtOnce(t *testing.T) {
	transpose := func(b *builder, name string, x *graph.Value, perm ...int) *graph.Value {
		return b.node("Transpose", &ops.Transpose{Perm: perm}, name, x)
	}
	type values = []*graph.Value
	for name, c := range map[string]struct {
		channels int
		build    func(b *builder, x *graph.Value) values
		want     string
	}{
		"quantized first": {3, func(b *builder, x *graph.Value) values {
			return values{b.conv("c", b.quantize(x, graph.Uint8, 0.02, 128), 3, 5)}
		}, "Transpose Conv Transpose"},
		"int8": {3, func(b *builder, x *graph.Value) values {
			return values{b.conv("c", b.quantize(x, graph.Int8, 0.02, -3), 3, 5)}
		}, "Transpose Conv Transpose"},
		"transposed first": {5, func(b *builder, x *graph.Value) values {
			return values{b.quantize(transpose(b, "t", x, 0, 2, 3, 1), graph.Uint8, 0.02, 128)}
		}, "Transpose Dequantize"},
		"read twice": {3, func(b *builder, x *graph.Value) values {
			q := b.quantize(x, graph.Uint8, 0.02, 128)
			return values{b.conv("c", q, 3, 5), b.node("Reshape", &ops.Reshape{To: graph.Shape{graph.Batch, 75}}, "r", q)}
		}, "Quantize Transpose Conv Reshape Dequantize Transpose"},
		"many channels": {65, func(b *builder, x *graph.Value) values {
			return values{b.conv("c", b.quantize(x, graph.Uint8, 0.02, 128), 65, 5)}
		}, "Quantize Transpose Conv Transpose"},
		"no matrices": {3, func(b *builder, x *graph.Value) values {
			return values{b.quantize(transpose(b, "t", x, 0, 3, 2, 1), graph.Uint8, 0.02, 128)}
		}, "Transpose Quantize Dequantize"},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBuilder(t)
			x := b.AddInput("x", graph.Float32, graph.Shape{graph.Batch, c.channels, 5, 5})
			g := b.canonical(t, c.build(b, x)...)
			if got := operators(g); got != c.want {
				t.Errorf("canonical: %s, want %s", got, c.want)
			}
			sameBytesWithout(t, b, g, "entry")
		})
	}
}
