package opstest_test

import (
	"math/rand"
	"testing"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/internal/testkit"
	"github.com/octet-ml/octet/ops"
	. "github.com/octet-ml/octet/ops/opstest"
)

// TestPermutedNodesGivePermutedOutputs asks every case of four axes, and counts by operator which can be permuted, so that
// the layout pass finds what it relies on.
func TestPermutedNodesGivePermutedOutputs(t *testing.T) {
	s := source{rand.New(rand.NewSource(testkit.Seed(t)))}
	cases := append(s.all(),
		Case{Name: "constant of channels", Op: "Mul", In: []Operand{s.operand("f32", 2, 3, 4, 5), Const(s.real(graph.Float32, 3, 1, 1))}},
		Case{Name: "constant of rows", Op: "Add", In: []Operand{s.operand("f32", 2, 3, 4, 5), Const(s.real(graph.Float32, 4, 5))}},
		Case{Name: "constant scalar", Op: "Div", In: []Operand{s.operand("f32", 2, 3, 4, 5), Const(s.real(graph.Float32))}},
		Case{Name: "slopes of channels", Op: "PRelu", In: []Operand{s.operand("f32", 2, 3, 4, 5), Const(s.real(graph.Float32, 3, 1, 1))}},
		Case{Name: "channels", Op: "Pad", Attrs: &ops.Pad{}, In: []Operand{s.operand("f32", 2, 3, 4, 5), Ints(1, 2), {}, Ints(1)}},
		Case{Name: "steps", Op: "Slice", In: []Operand{s.operand("f32", 2, 3, 4, 5), Ints(0, 1), Ints(9, 9), Ints(2, 3), Ints(2, 2)}},
	)
	can := make(map[string]bool)
	for _, c := range cases {
		if len(c.In[0].Data.Shape) != 4 {
			continue
		}
		for _, perm := range [][]int{{0, 2, 3, 1}, {0, 3, 1, 2}, {0, 3, 2, 1}, {1, 0, 2, 3}} {
			if Permute(t, c, perm) && perm[1] == 2 {
				can[c.Op] = true
			}
		}
	}
	for _, op := range []string{
		"Add", "Mul", "Max", "Sum", "PRelu", "MaxPool", "AveragePool", "GlobalAveragePool", "Concat", "Split", "Slice", "Pad", "Tile",
		"BatchNormalization", "LRN", "Softmax", "ReduceMean", "Resize", "ArgMax", "TopK", "DepthToSpace", "SpaceToDepth", "Cast", "Where",
	} {
		if !can[op] {
			t.Errorf("%s cannot be permuted to NHWC in any case", op)
		}
	}
}

func TestTypicalNodesCanBePermuted(t *testing.T) {
	x := In(seq(1, 2, 4, 4))
	for _, c := range []Case{
		{Op: "Relu", In: []Operand{x}},
		{Op: "Clip", In: []Operand{x, Const(f([]float32{0})), Const(f([]float32{6}))}},
		{Op: "Add", In: []Operand{x, x}},
		{Op: "Mul", In: []Operand{x, In(seq(1, 2, 1, 1))}},
		{Op: "ReduceMean", Attrs: &ops.Reduce{KeepDims: true}, In: []Operand{x, Ints(2, 3)}},
		{Op: "Pad", Attrs: &ops.Pad{}, In: []Operand{x, Ints(0, 0, 1, 1, 0, 0, 1, 1), Const(f([]float32{0}))}},
		{Op: "Resize", Attrs: &ops.Resize{Mode: "nearest", Coordinates: "asymmetric", Nearest: "floor"}, In: []Operand{x, {}, Const(f([]float32{1, 1, 2, 2}, 4))}},
	} {
		if !Permute(t, c, []int{0, 2, 3, 1}) {
			t.Errorf("%s cannot be permuted", c.Op)
		}
	}
}
