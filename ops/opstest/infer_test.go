package opstest_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/ops"
	. "github.com/octet-ml/octet/ops/opstest"
)

func TestTheBatchPassesThrough(t *testing.T) {
	first := func(i int) bool { return i == 0 }
	every := func(int) bool { return true }
	x := In(seq(1, 2, 4, 4))
	for _, r := range []struct {
		Case
		unbound func(int) bool
		want    graph.Shape // with a batch of 3
	}{
		{Case{Op: "Relu", In: []Operand{x}}, first, graph.Shape{3, 2, 4, 4}},
		{Case{Op: "Add", In: []Operand{x, In(seq(2, 1, 1))}}, first, graph.Shape{3, 2, 4, 4}},
		{Case{Op: "MaxPool", Attrs: &ops.Pool{Kernel: [2]int{2, 2}}, In: []Operand{x}}, first, graph.Shape{3, 2, 3, 3}},
		{Case{Op: "GlobalAveragePool", Attrs: &ops.GlobalPool{}, In: []Operand{x}}, first, graph.Shape{3, 2, 1, 1}},
		{Case{Op: "Flatten", Attrs: &ops.Flatten{Axis: 1}, In: []Operand{x}}, first, graph.Shape{3, 32}},
		{Case{Op: "Flatten", Attrs: &ops.Flatten{Axis: 2}, In: []Operand{x}}, first, graph.Shape{6, 16}},
		{Case{Op: "Reshape", Attrs: &ops.Reshape{}, In: []Operand{x, Ints(0, -1)}}, first, graph.Shape{3, 32}},
		{Case{Op: "Reshape", Attrs: &ops.Reshape{}, In: []Operand{x, Ints(-1, 16)}}, first, graph.Shape{6, 16}},
		{Case{Name: "written for one sample", Op: "Reshape", Attrs: &ops.Reshape{}, In: []Operand{x, Ints(1, 32)}}, first, graph.Shape{3, 32}},
		{Case{Op: "Reshape", Attrs: &ops.Reshape{To: graph.Shape{-1, 8, 4}}, In: []Operand{x}}, first, graph.Shape{3, 8, 4}},
		{Case{Op: "Expand", Attrs: &ops.Expand{To: graph.Shape{-1, 2, 4, 4}}, In: []Operand{In(seq(1, 2, 1, 1))}}, func(int) bool { return false }, graph.Shape{3, 2, 4, 4}},
		{Case{Op: "Transpose", Attrs: &ops.Transpose{Perm: []int{1, 2, 3, 0}}, In: []Operand{x}}, first, graph.Shape{2, 4, 4, 3}},
		{Case{Op: "Concat", Attrs: &ops.Concat{}, In: []Operand{x, x}}, every, graph.Shape{6, 2, 4, 4}},
		{Case{Op: "Concat", Attrs: &ops.Concat{Axis: 1}, In: []Operand{x, x}}, every, graph.Shape{3, 4, 4, 4}},
		{Case{Op: "Slice", In: []Operand{x, Ints(0, 1), Ints(1<<31-1, 2), Ints(0, 1)}}, first, graph.Shape{3, 1, 4, 4}},
		{Case{Op: "Pad", Attrs: &ops.Pad{}, In: []Operand{x, Ints(0, 0, 1, 1, 0, 0, 1, 1)}}, first, graph.Shape{3, 2, 6, 6}},
		{Case{Op: "Softmax", Attrs: &ops.Softmax{Axis: 1}, In: []Operand{x}}, first, graph.Shape{3, 2, 4, 4}},
		{Case{Op: "ReduceMean", Attrs: &ops.Reduce{}, In: []Operand{x, Ints(2, 3)}}, first, graph.Shape{3, 2}},
		{Case{Op: "Resize", Attrs: &ops.Resize{Mode: "nearest", Coordinates: "asymmetric"}, In: []Operand{x, {}, Const(f([]float32{1, 1, 2, 2}, 4))}}, first, graph.Shape{3, 2, 8, 8}},
		{Case{Op: "Squeeze", In: []Operand{In(seq(1, 2, 1, 1)), Ints(2, 3)}}, first, graph.Shape{3, 2}},
		{Case{Op: "Tile", In: []Operand{x, Ints(2, 1, 1, 1)}}, first, graph.Shape{6, 2, 4, 4}},
		{Case{Op: "BatchNormalization", Attrs: &ops.BatchNormalization{}, In: []Operand{x, In(seq(2)), In(seq(2)), In(seq(2)), In(seq(2))}}, first, graph.Shape{3, 2, 4, 4}},
	} {
		late, early, err := Bound(r.Case, 3, r.unbound)
		if err != nil {
			t.Errorf("%s %s: %v", r.Op, r.Name, err)
			continue
		}
		if !late[0].Equal(r.want) || !early[0].Equal(r.want) {
			t.Errorf("%s %s: inferred and bound %v, bound and inferred %v, want %v", r.Op, r.Name, late[0], early[0], r.want)
		}
	}
}

func TestInferRefuses(t *testing.T) {
	x := In(seq(2, 4, 4, 4))
	q := Quantized(u8(make([]int64, 8), 2, 4), 1, 0)
	perAxis := In(u8(make([]int64, 8), 2, 4))
	perAxis.Quant = &graph.Quant{Scale: []float32{1, 2, 3, 4}, Axis: 1}
	for _, r := range []struct {
		name string
		Case
		err error
	}{
		{"an unknown operator", Case{Op: "Frobnicate", In: []Operand{x}}, ops.ErrUnknown},
		{"shapes that do not broadcast", Case{Op: "Add", In: []Operand{x, In(seq(3))}}, ops.ErrShape},
		{"two float types", Case{Op: "Add", In: []Operand{x, In(graph.NewTensor(graph.Float64, 4))}}, ops.ErrType},
		{"integers as activations", Case{Op: "Sigmoid", In: []Operand{In(u8([]int64{1}, 1))}}, ops.ErrType},
		{"negation of unsigned integers", Case{Op: "Neg", In: []Operand{In(u8([]int64{1}, 1))}}, ops.ErrType},
		{"an undeclared integer output of floats", Case{Op: "Relu", In: []Operand{x}, Out: []Declared{{DType: graph.Int8}}}, ops.ErrType},
		{"a computed shape", Case{Op: "Reshape", Attrs: &ops.Reshape{}, In: []Operand{x, In(i64([]int64{128}, 1))}}, ops.ErrUnsupported},
		{"a shape of other size", Case{Op: "Reshape", Attrs: &ops.Reshape{}, In: []Operand{x, Ints(5, 5)}}, ops.ErrShape},
		{"something of nothing, for every batch", Case{Op: "Reshape", Attrs: &ops.Reshape{To: graph.Shape{graph.Batch, 5}}, In: []Operand{In(seq(3, 0))}}, ops.ErrShape},
		{"two open axes", Case{Op: "Reshape", Attrs: &ops.Reshape{}, In: []Operand{x, Ints(-1, -1)}}, ops.ErrShape},
		{"a window that is too large", Case{Op: "MaxPool", Attrs: &ops.Pool{Kernel: [2]int{9, 9}}, In: []Operand{x}}, ops.ErrShape},
		{"no window", Case{Op: "MaxPool", Attrs: &ops.Pool{}, In: []Operand{x}}, ops.ErrShape},
		{"a pool of three axes", Case{Op: "GlobalMaxPool", Attrs: &ops.GlobalPool{}, In: []Operand{In(seq(1, 2, 3))}}, ops.ErrShape},
		{"an axis out of range", Case{Op: "Softmax", Attrs: &ops.Softmax{Axis: 4}, In: []Operand{x}}, ops.ErrShape},
		{"an axis given twice", Case{Op: "ReduceSum", Attrs: &ops.Reduce{}, In: []Operand{x, Ints(1, -3)}}, ops.ErrShape},
		{"no permutation", Case{Op: "Transpose", Attrs: &ops.Transpose{Perm: []int{0, 1, 1, 2}}, In: []Operand{x}}, ops.ErrShape},
		{"unlike parts", Case{Op: "Concat", Attrs: &ops.Concat{Axis: 1}, In: []Operand{x, In(seq(2, 4, 4, 3))}}, ops.ErrShape},
		{"sizes that do not add up", Case{Op: "Split", Attrs: &ops.Split{Axis: 1}, In: []Operand{x, Ints(1, 2)}, Out: make([]Declared, 2)}, ops.ErrShape},
		{"an index outside", Case{Op: "Gather", Attrs: &ops.Gather{}, In: []Operand{x, Ints(2)}}, ops.ErrShape},
		{"a step of 0", Case{Op: "Slice", In: []Operand{x, Ints(0), Ints(1), Ints(0), Ints(0)}}, ops.ErrShape},
		{"padding that leaves nothing", Case{Op: "Pad", Attrs: &ops.Pad{}, In: []Operand{x, Ints(0, 0, -9, 0, 0, 0, 0, 0)}}, ops.ErrShape},
		{"channels that do not divide", Case{Op: "DepthToSpace", Attrs: &ops.DepthToSpace{Block: 3}, In: []Operand{x}}, ops.ErrShape},
		{"more than there is", Case{Op: "TopK", Attrs: &ops.TopK{Axis: 0}, In: []Operand{x, Ints(3)}}, ops.ErrShape},
		{"an unknown mode", Case{Op: "Resize", Attrs: &ops.Resize{Mode: "lanczos"}, In: []Operand{x, {}, Ints(1, 1, 1, 1)}}, ops.ErrUnsupported},
		{"scales and sizes", Case{Op: "Resize", Attrs: &ops.Resize{Mode: "nearest", Coordinates: "half_pixel"}, In: []Operand{x, {}, Ints(1, 1, 1, 1), Ints(1, 1, 1, 1)}}, ops.ErrShape},
		{"slopes larger than the data", Case{Op: "PRelu", In: []Operand{In(seq(1)), In(seq(2))}}, ops.ErrShape},
		{"a reshape across quantized channels", Case{Op: "Flatten", Attrs: &ops.Flatten{Axis: 0}, In: []Operand{perAxis}}, ops.ErrUnsupported},
		{"a view with another quantization", Case{Op: "Identity", In: []Operand{q}, Out: []Declared{{graph.Uint8, graph.PerTensor(2, 0)}}}, ops.ErrType},
		{"an absent operand", Case{Op: "Sum", In: []Operand{x, {}}}, ops.ErrShape},
		{"more repetitions than memory", Case{Op: "Tile", In: []Operand{x, Ints(1<<31, 1, 1, 1)}}, ops.ErrShape},
		{"a size beyond memory", Case{Op: "ConstantOfShape", Attrs: &ops.ConstantOfShape{}, In: []Operand{Ints(1<<20, 1<<20)}}, nil},
	} {
		_, err := r.Node()
		if err == nil || r.err != nil && !errors.Is(err, r.err) {
			t.Errorf("%s: got %v, want %v", r.name, err, r.err)
		}
	}
}

func TestTheUnboundBatchIsNotCutOrReduced(t *testing.T) {
	first := func(i int) bool { return i == 0 }
	x := In(seq(1, 4))
	for _, c := range []Case{
		{Op: "ReduceMean", Attrs: &ops.Reduce{}, In: []Operand{x}},
		{Op: "Softmax", Attrs: &ops.Softmax{Axis: 0}, In: []Operand{x}},
		{Op: "Split", Attrs: &ops.Split{}, In: []Operand{x}},
		{Op: "Slice", In: []Operand{x, Ints(0), Ints(1)}},
		{Op: "Gather", Attrs: &ops.Gather{}, In: []Operand{x, Ints(0)}},
		{Op: "Pad", Attrs: &ops.Pad{}, In: []Operand{x, Ints(1, 0, 0, 0)}},
	} {
		if _, _, err := Bound(c, 2, first); !errors.Is(err, ops.ErrUnsupported) {
			t.Errorf("%s: got %v, want %v", c.Op, err, ops.ErrUnsupported)
		}
	}
}

func TestQuantizationFollowsTheElements(t *testing.T) {
	x := In(u8(make([]int64, 24), 1, 2, 3, 4))
	x.Quant = &graph.Quant{Scale: []float32{1, 2, 3}, Zero: []int32{4, 5, 6}, Axis: 2}
	for _, r := range []struct {
		Case
		axis  int
		scale []float32
	}{
		{Case{Op: "Transpose", Attrs: &ops.Transpose{Perm: []int{2, 0, 3, 1}}, In: []Operand{x}}, 0, []float32{1, 2, 3}},
		{Case{Op: "Reshape", Attrs: &ops.Reshape{To: graph.Shape{2, 3, 2, 2}}, In: []Operand{x}}, 1, []float32{1, 2, 3}},
		{Case{Op: "Unsqueeze", In: []Operand{x, Ints(0)}}, 3, []float32{1, 2, 3}},
		{Case{Op: "Squeeze", In: []Operand{x, Ints(0)}}, 1, []float32{1, 2, 3}},
		{Case{Op: "Slice", In: []Operand{x, Ints(2), Ints(-9), Ints(2), Ints(-2)}}, 2, []float32{3, 1}},
		{Case{Op: "Gather", Attrs: &ops.Gather{Axis: 1}, In: []Operand{x, Const(i64([]int64{0, 1, 0, 1}, 2, 2))}}, 3, []float32{1, 2, 3}},
	} {
		n, err := r.Node()
		if err != nil {
			t.Errorf("%s: %v", r.Op, err)
			continue
		}
		if q := n.Outputs[0].Quant; q == nil || q.Axis != r.axis || fmt.Sprint(q.Scale) != fmt.Sprint(r.scale) {
			t.Errorf("%s: got %v, want %v along axis %d", r.Op, q, r.scale, r.axis)
		}
	}
}

func TestClampsAccumulate(t *testing.T) {
	for _, name := range []string{"Add", "Sub", "Mul", "Div", "MaxPool", "AveragePool"} {
		op, err := ops.Lookup(name)
		if err != nil {
			t.Fatal(err)
		}
		a, ok := op.WithClamp(op.Attrs(), 0, 6)
		if !ok {
			t.Errorf("%s takes no clamp", name)
			continue
		}
		a, _ = op.WithClamp(a, -1, 4)
		var c ops.Clamp
		switch a := a.(type) {
		case *ops.Arithmetic:
			c = a.Clamp
		case *ops.Pool:
			c = a.Clamp
		}
		if lo, hi := c.Bounds(); lo != 0 || hi != 4 {
			t.Errorf("%s: got %v..%v, want 0..4", name, lo, hi)
		}
	}
}
