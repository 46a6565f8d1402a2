package optimize

import (
	"testing"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/ops"
)

// TestAverageOfSignedDataKeepsItsTies: averages of int8 data round half away from 0, which is 128 once they are uint8.
func TestAverageOfSignedDataKeepsItsTies(t *testing.T) {
	for _, d := range []graph.DType{graph.Int8, graph.Uint8} {
		b := newBuilder(t)
		x := b.AddInput("x", d, graph.Shape{graph.Batch, 2, 2, 3})
		x.Quant = graph.PerTensor(0.1, 5)
		a := &ops.Pool{Window: ops.Window{Layout: ops.NHWC}, Kernel: [2]int{2, 2}, HalfAway: true}
		g := b.canonical(t, b.node("AveragePool", a, "y", x))
		in := graph.NewTensor(d, 1, 2, 2, 3)
		want := []int64{-2, 3, 1}
		for i, v := range []int64{-1, 2, 0, -2, 3, 0, -1, 2, 1, -2, 3, 1} { // averages -1.5, 2.5, 0.5
			if d == graph.Uint8 {
				v += 2
				want = []int64{1, 5, 3} // of 0.5, 4.5, 2.5
			}
			in.SetInt(i, v)
		}
		got := interpret(t, g, 1, in)[0]
		for i, w := range want {
			if got.Int(i) != w {
				t.Errorf("%v: channel %d: got %d, want %d", d, i, got.Int(i), w)
			}
		}
	}
}
