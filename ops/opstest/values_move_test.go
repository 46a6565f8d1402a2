package opstest_test

import (
	"testing"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/ops"
	. "github.com/octet-ml/octet/ops/opstest"
)

func TestShapeValues(t *testing.T) {
	x := seq(2, 3, 4)
	check(t, []row{
		{Case{Op: "Shape", Attrs: &ops.Shape{}, In: []Operand{In(x)}}, out(i64([]int64{2, 3, 4}, 3))},
		{Case{Op: "Shape", Attrs: &ops.Shape{Start: -2, End: -1, HasEnd: true}, In: []Operand{In(x)}}, out(i64([]int64{3}, 1))},
		{Case{Op: "Size", In: []Operand{In(x)}}, out(i64([]int64{24}))},
		{Case{Name: "copied and open axes", Op: "Reshape", Attrs: &ops.Reshape{}, In: []Operand{In(x), Ints(0, -1)}}, out(seq(2, 12))},
		{Case{Name: "attribute", Op: "Reshape", Attrs: &ops.Reshape{To: graph.Shape{4, 6}}, In: []Operand{In(x)}}, out(seq(4, 6))},
		{Case{Op: "Flatten", Attrs: &ops.Flatten{Axis: 2}, In: []Operand{In(x)}}, out(seq(6, 4))},
		{Case{Op: "Flatten", Attrs: &ops.Flatten{Axis: 0}, In: []Operand{In(x)}}, out(seq(1, 24))},
		{Case{Op: "Squeeze", In: []Operand{In(seq(1, 3, 1)), Ints(-1)}}, out(seq(1, 3))},
		{Case{Name: "all", Op: "Squeeze", In: []Operand{In(seq(1, 3, 1))}}, out(seq(3))},
		{Case{Op: "Unsqueeze", In: []Operand{In(seq(3, 4)), Ints(2, 0)}}, out(seq(1, 3, 1, 4))},
		{Case{Op: "Expand", Attrs: &ops.Expand{}, In: []Operand{In(seq(2, 1)), Ints(2, 1, 3)}}, out(f([]float32{0, 0, 0, 1, 1, 1, 0, 0, 0, 1, 1, 1}, 2, 2, 3))},
		{Case{Op: "ConstantOfShape", Attrs: &ops.ConstantOfShape{Value: ints(graph.Int32, []int64{7}, 1)}, In: []Operand{Ints(2, 2)}}, out(ints(graph.Int32, []int64{7, 7, 7, 7}, 2, 2))},
		{Case{Name: "4 bits", Op: "ConstantOfShape", Attrs: &ops.ConstantOfShape{Value: ints(graph.Uint4, []int64{9}, 1)}, In: []Operand{Ints(4)}}, out(ints(graph.Uint4, []int64{9, 9, 9, 9}, 4))},
	})
}

func TestMoveValues(t *testing.T) {
	x := seq(2, 3)
	check(t, []row{
		{Case{Op: "Transpose", Attrs: &ops.Transpose{}, In: []Operand{In(x)}}, out(f([]float32{0, 3, 1, 4, 2, 5}, 3, 2))},
		{Case{Name: "4 bits", Op: "Transpose", Attrs: &ops.Transpose{}, In: []Operand{In(ints(graph.Int4, []int64{-8, -1, 7, 1, 2, 3}, 2, 3))}}, out(ints(graph.Int4, []int64{-8, 1, -1, 2, 7, 3}, 3, 2))},
		{Case{Op: "Concat", Attrs: &ops.Concat{Axis: -1}, In: []Operand{In(x), In(f([]float32{8, 9}, 2, 1))}}, out(f([]float32{0, 1, 2, 8, 3, 4, 5, 9}, 2, 4))},
		// real 3 and 3: the second one at scale 0.5, the result at scale 1 with zero point 5.
		{Case{Name: "requantized", Op: "Concat", Attrs: &ops.Concat{}, In: []Operand{Quantized(u8([]int64{8}, 1), 1, 5), Quantized(u8([]int64{6}, 1), 0.5, 0)}}, out(u8([]int64{8, 8}, 2))},
		{Case{Op: "Split", Attrs: &ops.Split{Axis: 1}, In: []Operand{In(x)}, Out: make([]Declared, 2)}, out(f([]float32{0, 1, 3, 4}, 2, 2), f([]float32{2, 5}, 2, 1))},
		{Case{Name: "sizes", Op: "Split", Attrs: &ops.Split{Axis: 1}, In: []Operand{In(x), Ints(0, 1, 2)}, Out: make([]Declared, 3)},
			out(seq(2, 0), f([]float32{0, 3}, 2, 1), f([]float32{1, 2, 4, 5}, 2, 2))},
		{Case{Op: "Slice", In: []Operand{In(x), Ints(1), Ints(1 << 62), Ints(1)}}, out(f([]float32{1, 2, 4, 5}, 2, 2))},
		{Case{Name: "backward", Op: "Slice", In: []Operand{In(x), Ints(-1), Ints(-1 << 62), Ints(-1), Ints(-2)}}, out(f([]float32{2, 0, 5, 3}, 2, 2))},
		{Case{Name: "nothing", Op: "Slice", In: []Operand{In(x), Ints(2), Ints(1), Ints(1)}}, out(seq(2, 0))},
		{Case{Op: "Tile", In: []Operand{In(x), Ints(2, 2)}}, out(f([]float32{0, 1, 2, 0, 1, 2, 3, 4, 5, 3, 4, 5, 0, 1, 2, 0, 1, 2, 3, 4, 5, 3, 4, 5}, 4, 6))},
		{Case{Name: "ONNX depthtospace_example", Op: "DepthToSpace", Attrs: &ops.DepthToSpace{Block: 2}, In: []Operand{In(seq(1, 8, 1, 1))}}, out(f([]float32{0, 2, 4, 6, 1, 3, 5, 7}, 1, 2, 2, 2))},
		{Case{Name: "ONNX depthtospace_crd_mode_example", Op: "DepthToSpace", Attrs: &ops.DepthToSpace{Block: 2, CRD: true}, In: []Operand{In(seq(1, 8, 1, 1))}}, out(seq(1, 2, 2, 2))},
		{Case{Name: "channels last", Op: "DepthToSpace", Attrs: &ops.DepthToSpace{Block: 2, Layout: ops.NHWC}, In: []Operand{In(seq(1, 1, 1, 4))}}, out(seq(1, 2, 2, 1))},
		{Case{Op: "SpaceToDepth", Attrs: &ops.DepthToSpace{Block: 2, Layout: ops.NHWC}, In: []Operand{In(seq(1, 2, 2, 1))}}, out(seq(1, 1, 1, 4))},
		{Case{Name: "rows", Op: "Gather", Attrs: &ops.Gather{}, In: []Operand{In(x), Const(ints(graph.Int32, []int64{-1, 0}, 2))}}, out(f([]float32{3, 4, 5, 0, 1, 2}, 2, 3))},
		{Case{Name: "columns", Op: "Gather", Attrs: &ops.Gather{Axis: 1}, In: []Operand{In(x), In(i64([]int64{2, 1}, 1, 2))}}, out(f([]float32{2, 1, 5, 4}, 2, 1, 2))},
		{Case{Name: "computed indices outside are cut", Op: "Gather", Attrs: &ops.Gather{}, In: []Operand{In(seq(3)), In(i64([]int64{9, -9}, 2))}}, out(f([]float32{2, 0}, 2))},
		{Case{Name: "codebook", Op: "Gather", Attrs: &ops.Gather{}, In: []Operand{In(ints(graph.Int8, []int64{-64, 0, 64}, 3)), In(i64([]int64{2, 0}, 2))}}, out(ints(graph.Int8, []int64{64, -64}, 2))},
	})
}

func TestPadValues(t *testing.T) {
	x := f([]float32{1, 2, 3}, 3)
	pad := func(mode ops.PadMode, before, after int64, want ...float32) row {
		return row{Case{Op: "Pad", Attrs: &ops.Pad{Mode: mode}, In: []Operand{In(x), Ints(before, after)}}, out(f(want, len(want)))}
	}
	check(t, []row{
		pad(ops.PadConstant, 1, 2, 0, 1, 2, 3, 0, 0),
		pad(ops.PadReflect, 2, 2, 3, 2, 1, 2, 3, 2, 1),
		pad(ops.PadEdge, 2, 1, 1, 1, 1, 2, 3, 3),
		pad(ops.PadWrap, 4, 2, 3, 1, 2, 3, 1, 2, 3, 1, 2),
		pad(ops.PadConstant, -1, 1, 2, 3, 0),
		pad(ops.PadReflect, 5, 0, 2, 1, 2, 3, 2, 1, 2, 3),
		{Case{Name: "value and axes", Op: "Pad", Attrs: &ops.Pad{}, In: []Operand{In(seq(1, 2)), Ints(1, 0), Const(f([]float32{9})), Ints(-2)}}, out(f([]float32{9, 9, 0, 1}, 2, 2))},
		{Case{Name: "quantized by the zero point", Op: "Pad", Attrs: &ops.Pad{}, In: []Operand{Quantized(u8([]int64{5}, 1), 1, 3), Ints(1, 1)}}, out(u8([]int64{3, 5, 3}, 3))},
		{Case{Name: "4 bits by the zero point", Op: "Pad", Attrs: &ops.Pad{}, In: []Operand{Quantized(ints(graph.Int4, []int64{5}, 1), 1, -3), Ints(1, 1)}}, out(ints(graph.Int4, []int64{-3, 5, -3}, 3))},
		{Case{Name: "two axes", Op: "Pad", Attrs: &ops.Pad{}, In: []Operand{In(seq(1, 1, 2, 2)), Ints(0, 0, 1, 0, 0, 0, 0, 1)}}, out(f([]float32{0, 0, 0, 0, 1, 0, 2, 3, 0}, 1, 1, 3, 3))},
	})
}

func TestResizeValues(t *testing.T) {
	square := f([]float32{1, 2, 3, 4}, 1, 1, 2, 2)
	resize := func(name string, a ops.Resize, x *graph.Tensor, scales []float32, want *graph.Tensor) row {
		if a.Mode == "" {
			a.Mode = "linear"
		}
		if a.Coordinates == "" {
			a.Coordinates = "half_pixel"
		}
		return row{Case{Name: name, Op: "Resize", Attrs: &a, In: []Operand{In(x), {}, Const(f(scales, len(scales)))}}, out(want)}
	}
	line := f([]float32{1, 2, 3, 4}, 4)
	check(t, []row{
		resize("ONNX resize_upsample_scales_nearest", ops.Resize{Mode: "nearest"}, square, []float32{1, 1, 2, 3},
			f([]float32{1, 1, 1, 2, 2, 2, 1, 1, 1, 2, 2, 2, 3, 3, 3, 4, 4, 4, 3, 3, 3, 4, 4, 4}, 1, 1, 4, 6)),
		resize("ONNX resize_upsample_scales_linear", ops.Resize{}, square, []float32{1, 1, 2, 2},
			f([]float32{1, 1.25, 1.75, 2, 1.5, 1.75, 2.25, 2.5, 2.5, 2.75, 3.25, 3.5, 3, 3.25, 3.75, 4}, 1, 1, 4, 4)),
		resize("align corners", ops.Resize{Coordinates: "align_corners"}, f([]float32{0, 3}, 2), []float32{2}, f([]float32{0, 1, 2, 3}, 4)),
		resize("asymmetric", ops.Resize{Coordinates: "asymmetric"}, f([]float32{0, 2}, 2), []float32{2}, f([]float32{0, 1, 2, 2}, 4)),
		resize("antialias", ops.Resize{Antialias: true}, line, []float32{0.5}, f([]float32{1.625, 3.375}, 2)),
		resize("nearest, ties down", ops.Resize{Mode: "nearest", Nearest: "round_prefer_floor", Coordinates: "asymmetric"}, line, []float32{2}, f([]float32{1, 1, 2, 2, 3, 3, 4, 4}, 8)),
		resize("nearest, ties up", ops.Resize{Mode: "nearest", Nearest: "round_prefer_ceil", Coordinates: "asymmetric"}, line, []float32{2}, f([]float32{1, 2, 2, 3, 3, 4, 4, 4}, 8)),
		resize("nearest, up", ops.Resize{Mode: "nearest", Nearest: "ceil", Coordinates: "asymmetric"}, line, []float32{2}, f([]float32{1, 2, 2, 3, 3, 4, 4, 4}, 8)),
		{Case{Name: "crop with extrapolation", Op: "Resize", Attrs: &ops.Resize{Mode: "linear", Coordinates: "tf_crop_and_resize", Extrapolation: 9},
			In: []Operand{In(f([]float32{0, 1, 2}, 3)), Const(f([]float32{0.5, 1.5}, 2)), {}, Ints(3)}}, out(f([]float32{1, 2, 9}, 3))},
		{Case{Name: "not larger", Op: "Resize", Attrs: &ops.Resize{Mode: "nearest", Coordinates: "asymmetric", Nearest: "floor", Policy: "not_larger"},
			In: []Operand{In(seq(1, 2)), {}, {}, Ints(2, 6)}}, out(f([]float32{0, 0, 1, 1, 0, 0, 1, 1}, 2, 4))},
		{Case{Name: "integers round", Op: "Resize", Attrs: &ops.Resize{Mode: "linear", Coordinates: "half_pixel"}, In: []Operand{In(u8([]int64{0, 1, 255}, 3)), {}, Const(f([]float32{2}, 1))}}, out(u8([]int64{0, 0, 1, 64, 192, 255}, 6))},
	})
}

func TestCastValues(t *testing.T) {
	cast := func(x, want *graph.Tensor) row {
		return row{Case{Name: x.DType.String() + " to " + want.DType.String(), Op: "Cast", Attrs: &ops.Cast{To: want.DType}, In: []Operand{In(x)}}, out(want)}
	}
	x := f([]float32{-1.9, 0.5, 2.5, 300}, 4)
	half := graph.NewTensor(graph.Float16, 2)
	half.SetFloat(0, 0.333251953125)
	half.SetFloat(1, 65504)
	check(t, []row{
		cast(x, ints(graph.Int32, []int64{-1, 0, 2, 300}, 4)),
		cast(x, u8([]int64{255, 0, 2, 44}, 4)),
		cast(x, ints(graph.Bool, []int64{1, 1, 1, 1}, 4)),
		cast(f([]float32{-9, -8, 7, 8}, 4), ints(graph.Int4, []int64{7, -8, 7, -8}, 4)),
		cast(ints(graph.Uint4, []int64{1, 15, 3}, 3), f([]float32{1, 15, 3}, 3)),
		cast(ints(graph.Int64, []int64{-1, 1 << 33}, 2), ints(graph.Int32, []int64{-1, 0}, 2)),
		cast(f([]float32{1. / 3, 65504}, 2), half),
		cast(f([]float32{0, -2}, 2), ints(graph.Bool, []int64{0, 1}, 2)),
	})
}

func TestNormalizationValues(t *testing.T) {
	x := f([]float32{-1, 0, 1, 2, 3, 4}, 1, 2, 1, 3)
	one := func(v ...float32) Operand { return Const(f(v, len(v))) }
	check(t, []row{
		{Case{Name: "ONNX batchnorm_example", Op: "BatchNormalization", Attrs: &ops.BatchNormalization{}, In: []Operand{In(x), one(1, 1.5), one(0, 1), one(0, 3), one(1, 1.5)}},
			out(f([]float32{-1, 0, 1, -0.22474487, 1, 2.2247448}, 1, 2, 1, 3))},
		{Case{Name: "channels last", Op: "BatchNormalization", Attrs: &ops.BatchNormalization{Layout: ops.NHWC}, In: []Operand{In(seq(1, 1, 2, 2)), one(1, 2), one(0, 1), one(0, 3), one(1, 4)}},
			out(f([]float32{0, -1, 2, 1}, 1, 1, 2, 2))},
		{Case{Name: "ONNX instancenorm_example", Op: "InstanceNormalization", Attrs: &ops.InstanceNormalization{}, In: []Operand{In(x), one(1, 1.5), one(0, 1)}},
			out(f([]float32{-1.2247448, 0, 1.2247448, -0.83711731, 1, 2.8371172}, 1, 2, 1, 3))},
		{Case{Op: "GroupNormalization", Attrs: &ops.GroupNormalization{Groups: 1}, In: []Operand{In(f([]float32{-1, 1}, 1, 2, 1, 1)), one(1, 2), one(0, 1)}}, out(f([]float32{-1, 3}, 1, 2, 1, 1))},
		{Case{Op: "LayerNormalization", Attrs: &ops.LayerNormalization{Axis: -1}, In: []Operand{In(f([]float32{1, 3, 0, 4}, 2, 2)), one(1, 2), one(0, 1)}, Out: make([]Declared, 3)},
			out(f([]float32{-1, 3, -1, 3}, 2, 2), f([]float32{2, 2}, 2, 1), f([]float32{1, 0.5}, 2, 1))},
		// One channel on each side: 2 / (1 + 1/3 * (1+4+9))^0.5 and so on.
		{Case{Op: "LRN", Attrs: &ops.LRN{Size: 3, Alpha: 1, Beta: 0.5, Bias: 1}, In: []Operand{In(f([]float32{1, 2, 3}, 1, 3, 1, 1))}}, out(f([]float32{0.6123724, 0.8401681, 1.2990382}, 1, 3, 1, 1))},
	})
}
