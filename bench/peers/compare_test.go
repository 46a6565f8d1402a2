package main

import (
	"encoding/binary"
	"math"
	"strings"
	"testing"
)

func float32Bytes(values ...float32) []byte {
	var out []byte
	for _, v := range values {
		out = binary.LittleEndian.AppendUint32(out, math.Float32bits(v))
	}
	return out
}

func TestOutputsAreCompared(t *testing.T) {
	nan := float32(math.NaN())
	for _, c := range []struct {
		name         string
		ours, theirs []byte
		equal, top1  int
		agrees       bool
	}{
		{"same", float32Bytes(1, 2, 3, 3, 2, 1), float32Bytes(1, 2, 3, 3, 2, 1), 6, 2, true},
		{"one step", float32Bytes(1, 2, 3, 3, 2, 1), float32Bytes(1, 2, 3.01, 3, 2, 1), 5, 2, true},
		{"another class", float32Bytes(1, 2, 3, 3, 2, 1), float32Bytes(1, 2, 3, 1, 2, 3), 4, 1, false},
		{"zeros", make([]byte, 24), make([]byte, 24), 6, 2, true},
		{"zeros and ones", make([]byte, 24), float32Bytes(1, 1, 1, 1, 1, 1), 0, 2, false},
		{"not a number", float32Bytes(nan, 0, 0, 0, 0, 1), float32Bytes(1, 0, 0, 0, 0, 1), 5, 2, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			j := &job{Batch: 2, Outputs: []tensorSpec{{Name: "y", DType: "f32", Shape: []int{2, 3}}}}
			got, err := compare(j, [][]byte{c.ours}, [][]byte{c.theirs})
			if err != nil {
				t.Fatal(err)
			}
			if got.Values != 6 || got.Rows != 2 || got.Equal != c.equal || got.Top1 != c.top1 || got.agrees() != c.agrees {
				t.Errorf("got %+v, want %d equal, top-1 %d, agrees %v", got, c.equal, c.top1, c.agrees)
			}
		})
	}
}

func TestTheWorstOutputCounts(t *testing.T) {
	spec := func(name string) tensorSpec { return tensorSpec{Name: name, DType: "u8", Shape: []int{1, 2}} }
	j := &job{Batch: 1, Outputs: []tensorSpec{spec("a"), spec("b")}}
	got, err := compare(j, [][]byte{{0, 9}, {1, 1}}, [][]byte{{9, 0}, {1, 1}})
	if err != nil {
		t.Fatal(err)
	}
	if got.Cosine != 0 || got.Equal != 2 || got.MaxDiff != 9 || got.Rows != 2 || got.Top1 != 1 {
		t.Errorf("got %+v", got)
	}
}

func TestOutputsOfWrongSizeAreRefused(t *testing.T) {
	j := &job{Batch: 1, Outputs: []tensorSpec{{Name: "y", DType: "f32", Shape: []int{1, 2}}}}
	for _, c := range []struct {
		outputs [][]byte
		want    string
	}{
		{nil, "want 1"},
		{[][]byte{make([]byte, 7)}, `output "y"`},
	} {
		if _, err := compare(j, c.outputs, c.outputs); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("got %v, want %q", err, c.want)
		}
	}
}
