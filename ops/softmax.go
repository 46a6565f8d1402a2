package ops

import (
	"slices"

	"github.com/octet-ml/octet/fp32"
	"github.com/octet-ml/octet/graph"
)

var softmaxRows = []Operator{{
	Name: "Softmax", Attrs: func() any { return &Softmax{Axis: -1} },
	In: Arity{1, 1}, Out: Arity{1, 1},
	Infer: inferSoftmax, Reference: softmax.reference, Lower: softmax.lower,
	InPlace: inPlace, Permute: permuteSoftmax,
}, {
	Name: "LogSoftmax", Attrs: func() any { return &Softmax{Axis: -1} },
	In: Arity{1, 1}, Out: Arity{1, 1},
	Infer: inferSoftmax, Reference: softmax.reference, Lower: softmax.lower,
	InPlace: inPlace, Permute: permuteSoftmax,
}}

var softmax = binder(bindSoftmax)

func inferSoftmax(n *graph.Node) error {
	x := n.Inputs[0]
	if _, _, err := softmaxAxes(n); err != nil {
		return err
	}
	return setReal(n, 0, x, x.Shape)
}

// softmaxAxes returns the axes [from, to) that are normalised together.
func softmaxAxes(n *graph.Node) (from, to int, err error) {
	a, s := attrs[Softmax](n), n.Inputs[0].Shape
	if len(s) == 0 {
		return 0, 0, nil
	}
	if a.Flatten && a.Axis == len(s) {
		return len(s), len(s), nil // every element by itself
	}
	if from, err = axisOf(s, a.Axis); err != nil {
		return 0, 0, err
	}
	to = from + 1
	if a.Flatten {
		to = len(s)
	}
	if !s[from:to].Static() {
		return 0, 0, unsupportedf("normalization over the unbound batch axis of %v", s)
	}
	return from, to, nil
}

// bindSoftmax widens a row of Beta*x to float32, applies SoftmaxRow or LogSoftmaxRow of package f32, and narrows the result.
// Tiles are rows; each has its own place for the row, so that they may run at once.
func bindSoftmax(n *graph.Node, in, out []*graph.Tensor) (FuncStep, error) {
	from, to, err := softmaxAxes(n)
	if err != nil {
		return FuncStep{}, err
	}
	x, y := in[0], out[0]
	length, inner := volume(x.Shape[from:to]), volume(x.Shape[to:])
	rows := volume(x.Shape[:from]) * inner
	function := f32.SoftmaxRow
	if n.Op == "LogSoftmax" {
		function = f32.LogSoftmaxRow
	}
	load := loader(n.Inputs[0], x, betaOf(n))
	store := storer(n.Outputs[0], y)
	direct := inner == 1 && y.DType == graph.Float32
	buffer := make([]float32, rows*length)
	if direct {
		buffer = graph.View[float32](y.Data)
	}
	return spread(rows, length*16, func(first, last int) {
		for r := first; r < last; r++ {
			row := buffer[r*length : (r+1)*length]
			base := r/inner*inner*length + r%inner
			load(row, base, inner)
			function(row, row)
			if !direct {
				store(row, base, inner)
			}
		}
	}), nil
}

func betaOf(n *graph.Node) float32 {
	if b := attrs[Softmax](n).Beta; b != 0 {
		return b
	}
	return 1
}

// loader returns the function that fills dst with factor times the real numbers of v's data t: elements at, at+step, ...
func loader(v *graph.Value, t *graph.Tensor, factor float32) func(dst []float32, at, step int) {
	if perTensorByte(v) {
		table := realTable(v, factor)
		return func(dst []float32, at, step int) {
			for i := range dst {
				dst[i] = table[t.Data[at+i*step]]
			}
		}
	}
	if v.Quant != nil {
		value := dequantizer(v.Quant, t.Shape)
		return func(dst []float32, at, step int) {
			for i := range dst {
				dst[i] = value(t.Int(at+i*step), at+i*step) * factor
			}
		}
	}
	if t.DType == graph.Float32 {
		src := graph.View[float32](t.Data)
		return func(dst []float32, at, step int) {
			for i := range dst {
				dst[i] = src[at+i*step] * factor
			}
		}
	}
	return func(dst []float32, at, step int) {
		for i := range dst {
			dst[i] = float32(t.Float(at+i*step)) * factor
		}
	}
}

// realTable returns factor times the real number of every byte of v.
func realTable(v *graph.Value, factor float32) *[256]float32 {
	bytes := graph.NewTensor(v.DType, 256)
	value := dequantizer(v.Quant, bytes.Shape)
	var table [256]float32
	for i := range table {
		bytes.Data[i] = byte(i)
		table[i] = value(bytes.Int(i), i) * factor
	}
	return &table
}

// storer returns the function that rounds src to elements at, at+step, ... of t, the data of v.
func storer(v *graph.Value, t *graph.Tensor) func(src []float32, at, step int) {
	q := v.Quant
	if q == nil {
		return func(src []float32, at, step int) {
			for i, x := range src {
				t.SetFloat(at+i*step, float64(x))
			}
		}
	}
	index := scaleIndex(t.Shape, len(q.Scale), q.Axis, q.Block)
	lo, hi := v.DType.IntRange()
	return func(src []float32, at, step int) {
		for i, x := range src {
			k := index(at + i*step)
			t.SetInt(at+i*step, quantizeReal(x, q.Scale[k], q.ZeroAt(k), lo, hi))
		}
	}
}

func permuteSoftmax(n *graph.Node, perm []int) bool {
	a := *attrs[Softmax](n)
	axis, err := n.Inputs[0].Shape.Axis(a.Axis)
	if err != nil || a.Flatten || !permutePlain(n, perm) {
		return false
	}
	a.Axis = slices.Index(perm, axis)
	n.Attrs = &a
	return true
}
