package main

import (
	"bytes"
	"encoding/binary"
	"errors"
	"math"
	"path/filepath"
	"strings"
	"testing"
)

// digits is a small model of this repository: one picture of any batch size, ten classes.
var digits = filepath.Join("..", "..", "internal", "digits", "digits.onnx")

func TestInputsDependOnNothingElse(t *testing.T) {
	for _, kind := range []string{"f32", "u8", "i8"} {
		a := tensorSpec{Name: "x", DType: kind, Shape: []int{2, 3, 8, 8}}
		x, err := inputData(&a, 0)
		if err != nil {
			t.Fatal(err)
		}
		again, err := inputData(&a, 0)
		if err != nil {
			t.Fatal(err)
		}
		other, err := inputData(&a, 1)
		if err != nil {
			t.Fatal(err)
		}
		half := len(x) / 2
		if !bytes.Equal(x, again) || bytes.Equal(x, other) || bytes.Equal(x[:half], x[half:]) {
			t.Errorf("%s: the same input differs, or two inputs or examples are the same", kind)
		}
	}
}

func TestBytesAreTheQuantizedFloats(t *testing.T) {
	shape := []int{1, 6, 5, 3}
	f, err := inputData(&tensorSpec{DType: "f32", Shape: shape}, 3)
	if err != nil {
		t.Fatal(err)
	}
	u, err := inputData(&tensorSpec{DType: "u8", Shape: shape}, 3)
	if err != nil {
		t.Fatal(err)
	}
	s, err := inputData(&tensorSpec{DType: "i8", Shape: shape}, 3)
	if err != nil {
		t.Fatal(err)
	}
	for i := range u {
		v := float64(math.Float32frombits(binary.LittleEndian.Uint32(f[4*i:])))
		if math.Abs(v) > 3 || math.Abs(128+50*v-float64(u[i])) > 0.51 && u[i] != 255 && u[i] != 0 || int(int8(s[i]))+128 != int(u[i]) {
			t.Fatalf("element %d: %v as f32, %d as u8, %d as i8", i, v, u[i], int8(s[i]))
		}
	}
}

func TestPicturesAreLaidOutByShape(t *testing.T) {
	for _, c := range []struct {
		shape []int
		want  [4]int
	}{
		{[]int{8, 3, 224, 224}, [4]int{24, 224, 224, 1}},
		{[]int{8, 32, 32, 3}, [4]int{8, 32, 32, 3}},
		{[]int{1, 49, 10}, [4]int{1, 49, 10, 1}},
		{[]int{7}, [4]int{1, 1, 7, 1}},
		{nil, [4]int{1, 1, 1, 1}},
	} {
		planes, h, w, ch := planar(c.shape)
		if got := [4]int{planes, h, w, ch}; got != c.want {
			t.Errorf("%v: got %v, want %v", c.shape, got, c.want)
		}
	}
}

func TestUnsuitableTensorsAreRefused(t *testing.T) {
	for _, c := range []struct {
		spec tensorSpec
		want string
	}{
		{tensorSpec{Name: "x", DType: "i64", Shape: []int{1}}, "i64"},
		{tensorSpec{Name: "x", DType: "f33", Shape: []int{1}}, `"x"`},
		{tensorSpec{Name: "x", DType: "f32", Shape: []int{1 << 20, 1 << 20}}, "more than"},
		{tensorSpec{Name: "x", DType: "u8", Shape: []int{-1, 3}}, "more than"},
	} {
		if _, err := inputData(&c.spec, 0); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%+v: got %v, want %q", c.spec, err, c.want)
		}
	}
}

func TestJobsTakeTheirShapesFromTheModel(t *testing.T) {
	e, err := readEdge(digits)
	if err != nil {
		t.Fatal(err)
	}
	for _, batch := range []int{1, 3} {
		j, err := e.job(digits, 2, batch)
		if err != nil {
			t.Fatal(err)
		}
		if len(j.Inputs) != 1 || j.Inputs[0].Shape[0] != batch || len(j.Outputs) == 0 || j.Outputs[0].Shape[0] != batch || j.Threads != 2 {
			t.Errorf("batch %d: got %+v", batch, j)
		}
	}
	e.inputs[0].Shape[0] = 4
	if _, err := e.job(digits, 1, 2); !errors.Is(err, errFixedBatch) {
		t.Errorf("fixed batch 4, asked for 2: got %v", err)
	}
}
