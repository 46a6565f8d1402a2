package opstest_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/internal/testkit"
	"github.com/octet-ml/octet/ops"
	"github.com/octet-ml/octet/ops/opstest"
)

func normal(r *rand.Rand, scale float64, shape ...int) *graph.Tensor {
	t := graph.NewTensor(graph.Float32, shape...)
	for i := range t.Len() {
		t.SetFloat(i, r.NormFloat64()*scale)
	}
	return t
}

func randomInts(r *rand.Rand, d graph.DType, lo, hi int64, shape ...int) *graph.Tensor {
	t := graph.NewTensor(d, shape...)
	for i := range t.Len() {
		t.SetInt(i, lo+r.Int64N(hi-lo+1))
	}
	return t
}

func byteTensor(v []byte, shape ...int) *graph.Tensor {
	return &graph.Tensor{DType: graph.Uint8, Shape: shape, Data: v}
}

func TestDynamicQuantizeTakesEachRowByItself(t *testing.T) {
	x := graph.Float32s([]float32{0, 1, 2, 127.5, -2, -1, 0, 2, 0, 0, 0, 0}, 3, 4)
	asymmetric := opstest.Case{Op: "DynamicQuantize", Attrs: &ops.DynamicQuantize{}, In: []opstest.Operand{opstest.In(x)}, Out: make([]opstest.Declared, 3)}
	// 0..127.5 has the zero point -128; -2..2 has 127-127.5 rounded away, and 2*(1/s) is just below 127.5; the last row has no range.
	opstest.Values(t, asymmetric, byteTensor([]byte{0, 2, 4, 255, 0, 63, 127, 254, 128, 128, 128, 128}, 3, 4),
		graph.Float32s([]float32{0.5, 4.0 / 255, 1}, 3), byteTensor([]byte{0, 127, 128}, 3))
	symmetric := asymmetric
	symmetric.Attrs = &ops.DynamicQuantize{Symmetric: true}
	symmetric.In = []opstest.Operand{opstest.In(graph.Float32s([]float32{127, -0.5, 0.5, 1.5, -2, -1, 0, 1}, 2, 4))}
	opstest.Values(t, symmetric, byteTensor([]byte{255, 127, 129, 130, 1, 64, 128, 192}, 2, 4),
		graph.Float32s([]float32{1, 2.0 / 127}, 2), byteTensor([]byte{128, 128}, 2))
}

func TestDynamicQuantizeAgrees(t *testing.T) {
	r := rand.New(rand.NewPCG(uint64(testkit.Seed(t)), 0))
	targets := opstest.Targets(t)
	for _, shape := range [][]int{{1, 1}, {3, 7}, {2, 5, 6, 9}, {1, 40000}, {4, 3, 16385}} {
		for _, a := range []ops.DynamicQuantize{{}, {Symmetric: true}, {Axes: 2}, {Axes: 1, Symmetric: true}} {
			x := normal(r, 3, shape...)
			x.SetFloat(r.IntN(x.Len()), math.NaN())
			opstest.Check(t, targets, opstest.Case{
				Name: fmt.Sprint(shape, a), Op: "DynamicQuantize", Attrs: &a, In: []opstest.Operand{opstest.In(x)}, Out: make([]opstest.Declared, 3),
			})
			opstest.Check(t, targets, opstest.Case{Name: fmt.Sprint(shape, "alone"), Op: "DynamicQuantize", Attrs: &a, In: []opstest.Operand{opstest.In(x)}})
		}
		opstest.Check(t, targets, opstest.Case{
			Name: fmt.Sprint(shape), Op: "DynamicQuantizeLinear", In: []opstest.Operand{opstest.In(normal(r, 3, shape...))}, Out: make([]opstest.Declared, 3),
		})
	}
	for _, v := range []float32{float32(math.Inf(1)), float32(math.Inf(-1)), 1e-45, math.MaxFloat32} {
		x := opstest.In(graph.Float32s([]float32{v, -v, 0, 1}, 1, 4))
		for _, op := range []string{"DynamicQuantize", "DynamicQuantizeLinear"} {
			opstest.Check(t, targets, opstest.Case{Name: fmt.Sprint(v), Op: op, In: []opstest.Operand{x}, Out: make([]opstest.Declared, 3)})
		}
	}
}

func TestScaleAccumulators(t *testing.T) {
	acc := graph.Int32s([]int32{10, -20, 30, 40}, 2, 2)
	c := opstest.Case{Op: "ScaleAccumulators", Attrs: &ops.ScaleAccumulators{Clamp: ops.Clamp{On: true, Lo: 0, Hi: 60}}, In: []opstest.Operand{
		opstest.In(acc), opstest.In(graph.Float32s([]float32{0.5, 2}, 2)),
		opstest.Const(graph.Float32s([]float32{1, 0.5}, 2)), opstest.Const(graph.Float32s([]float32{1, 2}, 2)),
	}}
	opstest.Values(t, c, graph.Float32s([]float32{6, 0, 60, 42}, 2, 2))
	r := rand.New(rand.NewPCG(uint64(testkit.Seed(t)), 0))
	targets := opstest.Targets(t)
	for _, shape := range [][]int{{1, 1}, {3, 17}, {2, 5, 6, 24}, {2, 70, 130}} {
		channels := shape[len(shape)-1]
		for _, lead := range [][]int{{}, {1}, shape[:1]} {
			in := []opstest.Operand{
				opstest.In(randomInts(r, graph.Int32, -1<<24, 1<<24, shape...)), opstest.In(normal(r, 1, lead...)),
				opstest.Const(normal(r, 1e-6, channels)), opstest.Const(normal(r, 1, channels)),
			}
			opstest.Check(t, targets, opstest.Case{Name: fmt.Sprint(shape, lead), Op: "ScaleAccumulators", In: in})
			in[2] = opstest.Const(normal(r, 1e-6, 1))
			opstest.Check(t, targets, opstest.Case{Name: fmt.Sprint(shape, lead, "one scale"), Op: "ScaleAccumulators", In: in[:3]})
		}
	}
}

// TestProductsTakeAZeroPointForEachRow: padding counts as the zero point of its image.
func TestProductsTakeAZeroPointForEachRow(t *testing.T) {
	r := rand.New(rand.NewPCG(uint64(testkit.Seed(t)), 0))
	targets := opstest.Targets(t)
	zeros := func(n int) opstest.Operand { return opstest.In(randomInts(r, graph.Uint8, 0, 255, n)) }
	weights := func(shape ...int) opstest.Operand {
		return opstest.Operand{Data: randomInts(r, graph.Int8, -127, 127, shape...), Const: true, Quant: graph.PerTensor(0.1, 0)}
	}
	padded := ops.Window{Layout: ops.NHWC, Pads: [4]int{1, 1, 1, 1}}
	for _, n := range []int{1, 3} {
		x := opstest.In(randomInts(r, graph.Uint8, 0, 255, n, 9, 7, 8))
		for _, z := range []int{1, n} {
			for _, group := range []int{1, 8} {
				opstest.Check(t, targets, opstest.Case{Name: fmt.Sprint(n, z, group), Op: "Conv", Attrs: &ops.Conv{Window: padded, Group: group},
					In: []opstest.Operand{x, weights(16, 3, 3, 8/group), {}, {}, zeros(z)}})
			}
			opstest.Check(t, targets, opstest.Case{Name: fmt.Sprint(n, z), Op: "Dense", Attrs: &ops.Dense{Flatten: true},
				In: []opstest.Operand{x, weights(5, 9*7*8), {}, {}, zeros(z)}})
		}
	}
	one := opstest.Const(byteTensor([]byte{128}, 1))
	opstest.Check(t, targets, opstest.Case{Name: "constant", Op: "Conv", Attrs: &ops.Conv{Window: padded},
		In: []opstest.Operand{opstest.In(randomInts(r, graph.Uint8, 0, 255, 2, 4, 4, 8)), weights(4, 3, 3, 8), {}, {}, one}})
	bad := opstest.Case{Op: "Conv", Attrs: &ops.Conv{Window: padded},
		In: []opstest.Operand{opstest.In(graph.NewTensor(graph.Uint8, 2, 4, 4, 8)), weights(4, 3, 3, 8), {}, {}, zeros(3)}}
	if _, err := bad.Node(); err == nil {
		t.Error("3 zero points for 2 images: no error")
	}
}
