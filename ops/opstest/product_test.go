package opstest_test

import (
	"errors"
	"math"
	"testing"

	"github.com/octet-ml/octet/graph"
	. "github.com/octet-ml/octet/ops/opstest"

	"github.com/octet-ml/octet/ops"
)

func i8(v []int64, shape ...int) *graph.Tensor { return ints(graph.Int8, v, shape...) }

func i32(v []int64, shape ...int) Operand { return Const(ints(graph.Int32, v, shape...)) }

// weights returns constant int8 weights with scale 1.
func weights(v []int64, shape ...int) Operand {
	return Operand{Data: i8(v, shape...), Quant: graph.PerTensor(1, 0), Const: true}
}

func TestProductValues(t *testing.T) {
	x := Quantized(u8([]int64{1, 2, 3, 4}, 2, 2), 0.5, 2)
	named := func(name string, c Case, want *graph.Tensor) row {
		c.Name = name
		return row{c, out(want)}
	}
	check(t, []row{
		// x is (-1 0; 1 2) in units of 0.5.
		named("accumulators", Case{Op: "Dense", In: []Operand{x, weights([]int64{1, 10, 3, -4, 100, 0}, 3, 2), i32([]int64{1, 0, 0}, 3)}},
			ints(graph.Int32, []int64{0, -3, -100, 22, -5, 100}, 2, 3)),
		named("rounded once, ties to even", Case{Op: "Dense", In: []Operand{x, weights([]int64{1, 3}, 1, 2)}, Out: []Declared{{graph.Uint8, graph.PerTensor(1, 10)}}},
			u8([]int64{10, 14}, 2, 1)), // -0.5 and 3.5
		named("int32 with a scale of its own", Case{Op: "Dense", In: []Operand{x, weights([]int64{1, 3}, 1, 2)}, Out: []Declared{{graph.Int32, graph.PerTensor(0.25, 1)}}},
			ints(graph.Int32, []int64{-1, 15}, 2, 1)),
		named("float output", Case{Op: "Dense", In: []Operand{x, weights([]int64{1, 3}, 1, 2)}, Out: []Declared{{DType: graph.Float32}}}, f([]float32{-0.5, 3.5}, 2, 1)),
		named("zero points of rows and columns", Case{Op: "MatMul", In: []Operand{In(u8([]int64{1, 2, 3, 4}, 2, 2)), In(u8([]int64{5, 6, 7, 8}, 2, 2)), In(u8([]int64{1, 2}, 2)), In(u8([]int64{5, 6}, 2))}},
			ints(graph.Int32, []int64{2, 2, 4, 4}, 2, 2)),
		named("alpha, beta and C", Case{Op: "Gemm", Attrs: &ops.Gemm{Alpha: 2, Beta: 3, TransA: true}, In: []Operand{In(seq(2, 1)), In(f([]float32{5, 7}, 2, 1)), In(f([]float32{1}))}}, f([]float32{17}, 1, 1)),
		named("defaults without attributes", Case{Op: "Gemm", In: []Operand{In(f([]float32{2}, 1, 1)), In(f([]float32{3}, 1, 1)), In(f([]float32{1}))}}, f([]float32{7}, 1, 1)),
		named("padding is the zero point", Case{Op: "Conv", Attrs: &ops.Conv{Window: ops.Window{Pads: [4]int{0, 1, 0, 0}}},
			In: []Operand{Quantized(u8([]int64{9, 7}, 1, 1, 1, 2), 1, 5), weights([]int64{1, 10}, 1, 1, 1, 2)}}, ints(graph.Int32, []int64{40, 24}, 1, 1, 1, 2)),
	})
}

func TestProductsRefuse(t *testing.T) {
	x, w := In(seq(1, 2, 3, 3)), Const(seq(4, 2, 1, 1))
	qx, qw := Quantized(u8(make([]int64, 18), 1, 2, 3, 3), 1, 3), weights(make([]int64, 8), 4, 2, 1, 1)
	along := func(axis, count int) Operand {
		o := qw
		o.Quant = &graph.Quant{Axis: axis}
		for range count {
			o.Quant.Scale = append(o.Quant.Scale, 1)
		}
		return o
	}
	tiny := qw
	tiny.Quant = graph.PerTensor(1e-38, 0)
	quantized := []Declared{{graph.Uint8, graph.PerTensor(1, 0)}}
	residual := Quantized(u8(make([]int64, 36), 1, 4, 3, 3), 1, 0)
	sum := func(scale float32) *ops.Conv { return &ops.Conv{Sum: &ops.SumQuant{Scale: scale}} }
	for name, c := range map[string]Case{
		"float data in a quantized output":         {In: []Operand{x, w}, Out: quantized},
		"float data in another float type":         {In: []Operand{x, w}, Out: []Declared{{DType: graph.Float64}}},
		"an integer bias of float data":            {In: []Operand{x, w, i32(make([]int64, 4), 4)}},
		"a float bias of integer data":             {In: []Operand{qx, qw, Const(seq(4))}},
		"a computed bias of integer data":          {In: []Operand{qx, qw, In(ints(graph.Int32, make([]int64, 4), 4))}},
		"a zero point of float data":               {In: []Operand{x, w, {}, {}, In(seq(1))}},
		"a zero point of another type":             {In: []Operand{qx, qw, {}, {}, In(i8([]int64{0}, 1))}},
		"two zero points of the data":              {In: []Operand{qx, qw, {}, {}, In(u8([]int64{0, 0}, 2))}},
		"no zero point in the tensor":              {In: []Operand{qx, qw, {}, {}, In(u8(nil, 0))}},
		"a residual of another type":               {In: []Operand{x, w, {}, Const(graph.NewTensor(graph.Float64, 1, 4, 3, 3))}},
		"a residual of accumulators":               {In: []Operand{qx, qw, {}, residual}},
		"a residual without a Sum":                 {In: []Operand{qx, qw, {}, residual}, Out: quantized},
		"a Sum without a residual":                 {Attrs: sum(1), In: []Operand{qx, qw}, Out: quantized},
		"a Sum without a scale":                    {Attrs: sum(0), In: []Operand{qx, qw, {}, residual}, Out: quantized},
		"a Sum whose scale overflows":              {Attrs: sum(3e38), In: []Operand{qx, qw, {}, residual}, Out: []Declared{{graph.Uint8, graph.PerTensor(1e-3, 0)}}},
		"a clamp of accumulators":                  {Attrs: &ops.Conv{Clamp: ops.Clamp{On: true}}, In: []Operand{qx, qw}},
		"scales along the input channels":          {In: []Operand{qx, along(1, 2)}, Out: quantized},
		"a product of scales that vanishes":        {In: []Operand{qx, tiny}, Out: []Declared{{graph.Uint8, graph.PerTensor(1e38, 0)}}},
		"integer weights without a quantization":   {In: []Operand{qx, Const(qw.Data)}, Out: quantized},
		"mixed data and weights":                   {In: []Operand{x, qw}},
		"attributes of another operator":           {Attrs: &ops.Pool{}, In: []Operand{x, w}},
		"attributes that are a nil pointer":        {Attrs: (*ops.Conv)(nil), In: []Operand{x, w}},
		"no rows of weights":                       {Op: "Dense", In: []Operand{In(seq(1, 2)), Const(seq(0, 2))}},
		"alpha of integers":                        {Op: "Gemm", Attrs: &ops.Gemm{Alpha: 2, Beta: 1}, In: []Operand{Quantized(u8([]int64{1}, 1, 1), 1, 0), weights([]int64{1}, 1, 1)}},
		"a float C of integers":                    {Op: "Gemm", In: []Operand{Quantized(u8([]int64{1}, 1, 1), 1, 0), weights([]int64{1}, 1, 1), Const(seq(1))}},
		"an integer C of floats":                   {Op: "Gemm", In: []Operand{In(seq(1, 1)), In(seq(1, 1)), i32([]int64{1}, 1)}},
		"a zero point that is a float":             {Op: "MatMul", In: []Operand{In(u8([]int64{1}, 1, 1)), In(u8([]int64{1}, 1, 1)), In(seq(1))}},
		"zero points neither of rows nor of one":   {Op: "MatMul", In: []Operand{In(u8([]int64{1, 1}, 2, 1)), In(u8([]int64{1}, 1, 1)), In(u8([]int64{1, 1, 1}, 3))}},
		"scales of MatMul along the summed axis":   {Op: "MatMul", In: []Operand{Quantized(u8([]int64{1, 1}, 1, 2), 1, 0), {Data: i8(make([]int64, 4), 2, 2), Quant: &graph.Quant{Scale: []float32{1, 2}}}}, Out: quantized},
		"nothing but unwanted outputs":             {In: []Operand{x, w}, Out: []Declared{}},
		"data with a codebook":                     {Op: "Dense", In: []Operand{{Data: ints(graph.Uint4, []int64{1, 2}, 1, 2), Quant: &graph.Quant{Scale: []float32{1}, Table: new([16]int8)}}, weights([]int64{1, 2}, 1, 2)}},
		"a multiplier that is not a finite number": {In: []Operand{Quantized(qx.Data, 3e38, 0), {Data: qw.Data, Quant: graph.PerTensor(3e38, 0)}}, Out: quantized},
	} {
		if c.Op == "" {
			c.Op = "Conv"
		}
		if _, err := c.Node(); err == nil {
			t.Errorf("%s: no error", name)
		} else if errors.Is(err, ops.ErrUnknown) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestProductsBeyondTheKernelsRunAsReference holds products that the integer kernels would compute wrongly or not at all.
func TestProductsBeyondTheKernelsRunAsReference(t *testing.T) {
	x := Quantized(u8([]int64{1, 2, 3, 4, 5, 6, 7, 8}, 1, 2, 2, 2), 1, 3)
	attrs := func() *ops.Conv { return &ops.Conv{Window: ops.Window{Layout: ops.NHWC}} }
	w := weights([]int64{1, -2, 3, 4}, 2, 1, 1, 2)
	signed := attrs()
	signed.Sum = &ops.SumQuant{Scale: 1}
	table := [16]int8{0: math.MinInt8}
	codes := Operand{Data: ints(graph.Uint4, make([]int64, 4), 2, 1, 1, 2), Quant: &graph.Quant{Scale: []float32{1}, Zero: []int32{5}, Table: &table}, Const: true}
	for name, c := range map[string]Case{
		"int32 with a scale":              {Attrs: attrs(), In: []Operand{x, w}, Out: []Declared{{graph.Int32, graph.PerTensor(0.5, 0)}}},
		"a signed residual":               {Attrs: signed, In: []Operand{x, w, {}, Quantized(i8(make([]int64, 8), 1, 2, 2, 2), 1, 0)}, Out: []Declared{{graph.Uint8, graph.PerTensor(1, 0)}}},
		"codes below the least byte":      {Attrs: attrs(), In: []Operand{x, codes}},
		"no examples":                     {Attrs: attrs(), In: []Operand{Quantized(u8(nil, 0, 2, 2, 2), 1, 3), w}},
		"no examples of floats":           {Attrs: attrs(), In: []Operand{In(seq(0, 2, 2, 2)), Const(seq(2, 1, 1, 2))}},
		"no channels":                     {Attrs: attrs(), In: []Operand{Quantized(u8(nil, 1, 2, 2, 0), 1, 3), weights(nil, 2, 1, 1, 0)}},
		"no channels of floats":           {Attrs: attrs(), In: []Operand{In(seq(1, 2, 2, 0)), Const(seq(2, 1, 1, 0))}},
		"more products than int32 counts": {Op: "Dense", In: []Operand{Quantized(u8(make([]int64, 70000), 1, 70000), 1, 3), weights(make([]int64, 70000), 1, 70000)}},
	} {
		if c.Op == "" {
			c.Op = "Conv"
		}
		n, err := c.Node()
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		for level, target := range Targets(t) {
			if l, err := ops.Lower(target, n); err != nil || l.Kernel != "reference" {
				t.Errorf("%s on %s: got %+v, %v", name, level, l, err)
			}
		}
	}
}
