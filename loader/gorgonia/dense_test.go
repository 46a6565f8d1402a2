package gorgonia_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/loader/gorgonia"
)

// count returns 0, 1, ... as a slice of the type.
func count[T int8 | uint8 | int16 | uint16 | int32 | uint32 | int64 | uint64 | int | float32 | float64](n int) []T {
	out := make([]T, n)
	for i := range out {
		out[i] = T(i)
	}
	return out
}

// Tensors keep their elements both ways, and share memory where the type is the same.
func TestTensorsKeepTheirElements(t *testing.T) {
	for _, c := range []struct {
		backing any
		dtype   graph.DType
		shared  bool
	}{
		{count[float32](6), graph.Float32, true}, {count[float64](6), graph.Float32, false},
		{count[int8](6), graph.Int8, true}, {count[uint8](6), graph.Uint8, true},
		{count[int16](6), graph.Int16, true}, {count[uint16](6), graph.Uint16, true},
		{count[int32](6), graph.Int32, true}, {count[uint32](6), graph.Uint32, true},
		{count[int64](6), graph.Int64, true}, {count[uint64](6), graph.Uint64, true},
		{count[int](6), graph.Int64, true},
	} {
		d := tensor.New(tensor.WithShape(2, 3), tensor.WithBacking(c.backing))
		x, err := gorgonia.Tensor(d)
		if err != nil {
			t.Fatal(err)
		}
		if x.DType != c.dtype || !x.Shape.Equal(graph.Shape{2, 3}) || !slices.Equal(x.Floats(), count[float32](6)) {
			t.Errorf("%v: %v%v %v", d.Dtype(), x.DType, x.Shape, x.Floats())
		}
		back, err := gorgonia.Dense(x)
		if err != nil {
			t.Fatal(err)
		}
		if again, err := gorgonia.Tensor(back); err != nil || !slices.Equal(again.Floats(), count[float32](6)) {
			t.Errorf("%v: %v %v", d.Dtype(), back, err)
		}
		d.Zero()
		if shared := x.Floats()[5] == 0; shared != c.shared {
			t.Errorf("%v: shares memory: %v, want %v", d.Dtype(), shared, c.shared)
		}
		x.Data[0] = 1
		if first := fmt.Sprint(back.Get(0)); first == "0" {
			t.Errorf("%v: Dense does not share memory", x.DType)
		}
	}
	b := tensor.New(tensor.WithShape(2), tensor.WithBacking([]bool{false, true}))
	x, err := gorgonia.Tensor(b)
	if err != nil || x.DType != graph.Bool || !slices.Equal(x.Data, []byte{0, 1}) {
		t.Errorf("bool: %v %v", x, err)
	}
	if back, err := gorgonia.Dense(x); err != nil || !slices.Equal(back.Data().([]bool), []bool{false, true}) {
		t.Errorf("bool: %v %v", back, err)
	}
}

// Scalars have no axes in either library.
func TestScalarsAreTensors(t *testing.T) {
	x, err := gorgonia.Tensor(tensor.New(tensor.FromScalar(float32(3))))
	if err != nil || len(x.Shape) != 0 || x.Float(0) != 3 {
		t.Fatal(x, err)
	}
	d, err := gorgonia.Dense(x)
	if err != nil || !d.Shape().IsScalar() || d.ScalarValue() != float32(3) {
		t.Fatal(d, err)
	}
}

// Views and transposed tensors have the elements that At gives.
func TestViewsAreReadInOrder(t *testing.T) {
	views := map[string]func(d *tensor.Dense) tensor.View{
		"rows":    func(d *tensor.Dense) tensor.View { return slice(t, d, G.S(1, 3)) },
		"row":     func(d *tensor.Dense) tensor.View { return slice(t, d, G.S(1)) },
		"columns": func(d *tensor.Dense) tensor.View { return slice(t, d, nil, G.S(1, 4)) },
		"column":  func(d *tensor.Dense) tensor.View { return slice(t, d, nil, G.S(2)) },
		"middle":  func(d *tensor.Dense) tensor.View { return slice(t, d, G.S(1, 3), G.S(1, 3), G.S(0, 1)) },
		"last":    func(d *tensor.Dense) tensor.View { return slice(t, d, nil, nil, G.S(1)) },
		"steps":   func(d *tensor.Dense) tensor.View { return slice(t, d, nil, G.S(0, 4, 2)) },
		"element": func(d *tensor.Dense) tensor.View { return slice(t, d, G.S(1), G.S(2), G.S(1)) },
		"transposed": func(d *tensor.Dense) tensor.View {
			if err := d.T(2, 0, 1); err != nil {
				t.Fatal(err)
			}
			return d
		},
		"transposed rows": func(d *tensor.Dense) tensor.View {
			if err := d.T(1, 0, 2); err != nil {
				t.Fatal(err)
			}
			return slice(t, d, G.S(1, 3))
		},
		"transposed for good": func(d *tensor.Dense) tensor.View {
			y, err := tensor.Transpose(d, 2, 1, 0)
			if err != nil {
				t.Fatal(err)
			}
			return y.(*tensor.Dense)
		},
	}
	for name, view := range views {
		v := view(tensor.New(tensor.WithShape(3, 4, 2), tensor.WithBacking(count[int32](24)))).(*tensor.Dense)
		x, err := gorgonia.Tensor(v)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if err := x.Check(); err != nil || !x.Shape.Equal(graph.Shape(v.Shape())) {
			t.Errorf("%s: %v %v", name, x.Shape, err)
			continue
		}
		at := make([]int, len(x.Shape))
		for i := range x.Len() {
			rest := i
			for a := len(at) - 1; a >= 0; a-- {
				at[a], rest = rest%x.Shape[a], rest/x.Shape[a]
			}
			want := v.ScalarValue
			if len(at) > 0 {
				want = func() any {
					e, err := v.At(at...)
					if err != nil {
						t.Fatal(err)
					}
					return e
				}
			}
			if got := int32(x.Int(i)); got != want() {
				t.Errorf("%s: element %v: %v, want %v", name, at, got, want())
			}
		}
	}
}

func slice(t *testing.T, d *tensor.Dense, s ...tensor.Slice) tensor.View {
	t.Helper()
	v, err := d.Slice(s...)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func TestTensorsThatOnlyOneLibraryHas(t *testing.T) {
	masked := tensor.New(tensor.WithShape(2), tensor.WithBacking([]float32{1, 2}), tensor.WithMask([]bool{true, false}))
	for name, d := range map[string]*tensor.Dense{
		"nil": nil, "mask": masked,
		"complex": tensor.New(tensor.WithShape(1), tensor.WithBacking([]complex64{1})),
		"string":  tensor.New(tensor.WithShape(1), tensor.WithBacking([]string{"x"})),
	} {
		if _, err := gorgonia.Tensor(d); !errors.Is(err, gorgonia.ErrTensor) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for name, x := range map[string]*graph.Tensor{
		"nil": nil, "half": graph.NewTensor(graph.Float16, 2), "int4": graph.NewTensor(graph.Int4, 2),
		"empty": graph.NewTensor(graph.Float32, 0), "short": {DType: graph.Float32, Shape: graph.Shape{2}, Data: make([]byte, 4)},
	} {
		if _, err := gorgonia.Dense(x); !errors.Is(err, gorgonia.ErrTensor) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// Bytes of a model file need not be aligned for their type.
func TestUnalignedTensorsAreCopied(t *testing.T) {
	x := graph.Float32s([]float32{1, 2}, 2)
	x.Data = append([]byte{0}, x.Data...)[1:]
	d, err := gorgonia.Dense(x)
	if err != nil || !slices.Equal(d.Data().([]float32), []float32{1, 2}) {
		t.Error(d, err)
	}
}
