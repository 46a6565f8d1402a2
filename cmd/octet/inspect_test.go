package main

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/internal/cpu"
)

func TestInspectListsOperatorsAndKernels(t *testing.T) {
	status, out, errs := octet(nil, "inspect", "--kernels")
	if status != 0 {
		t.Fatal(errs)
	}
	lines := strings.Split(out, "\n")
	for _, want := range [][]string{
		{"Conv ", "QLinearConv", "DEPTHWISE_CONV_2D"}, {"generic ", "int8", "u8s8_gemm_8x8c1__generic"}, {"generic ", "fp32", "f32_gemm_4x8__generic"},
	} {
		if !slices.ContainsFunc(lines, func(line string) bool {
			return strings.HasPrefix(line, want[0]) && strings.Contains(line, want[1]) && strings.Contains(line, want[2])
		}) {
			t.Errorf("no line with %q", want)
		}
	}
	var have []string
	for _, l := range cpu.Available() {
		have = append(have, l.String())
	}
	for _, c := range []struct {
		args   []string
		levels []string
	}{
		{[]string{"--kernels"}, have},
		{[]string{"--kernels=all"}, have},
		{[]string{"--kernels=generic"}, []string{"generic"}},
		{[]string{"--kernels", "generic"}, []string{"generic"}},
	} {
		status, out, errs := octet(nil, append([]string{"inspect", "--json"}, c.args...)...)
		var got tables
		if err := json.Unmarshal([]byte(out), &got); status != 0 || err != nil || len(got.Operators) < 90 {
			t.Fatalf("%v: status %d, %v, %d operators: %s", c.args, status, err, len(got.Operators), errs)
		}
		var levels []string
		for _, l := range got.Levels {
			levels = append(levels, l.Name)
		}
		if !slices.Equal(levels, c.levels) {
			t.Errorf("%v: levels %v, want %v", c.args, levels, c.levels)
		}
	}
}

func TestInspectTakesALevelBesideTheModel(t *testing.T) {
	model, _ := files(t)
	for _, args := range [][]string{{model, "--kernels", "generic"}, {"--kernels", "generic", model}, {"--kernels=generic", model}} {
		status, out, errs := octet(nil, append([]string{"inspect"}, args...)...)
		if status != 0 || !strings.Contains(out, "kernels generic;") || strings.Contains(out, "__avx") {
			t.Errorf("%v: status %d: %s%s", args, status, errs, out)
		}
	}
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{model, "--kernels"}, "want a level beside a model"},
		{[]string{"--kernels", "sse9", model}, `"sse9"`},
		{[]string{"--kernels=sse9"}, `"sse9"`},
		{[]string{model, model}, "accepts 1 arg"},
	} {
		status, _, errs := octet(nil, append([]string{"inspect"}, c.args...)...)
		if status != 2 || !strings.Contains(errs, c.want) {
			t.Errorf("%v: status %d: %s", c.args, status, errs)
		}
	}
}

// TestInspectShowsHowWeightsAreStored wants the type of the weights of every layer and what their scales belong to.
func TestInspectShowsHowWeightsAreStored(t *testing.T) {
	forms := weightForms(&graph.Graph{Nodes: []*graph.Node{
		{Op: "Conv", Name: "a", Inputs: []*graph.Value{nil, {DType: graph.Int8, Quant: &graph.Quant{Scale: []float32{1, 2}}}}},
		{Op: "Conv", Name: "b", Inputs: []*graph.Value{nil, {DType: graph.Uint4, Quant: &graph.Quant{Scale: []float32{1, 2}, Table: new([16]int8)}}}},
		{Op: "Dense", Name: "c", Inputs: []*graph.Value{nil, {DType: graph.Int4, Quant: graph.PerTensor(1, 0)}}},
		{Op: "Dense", Name: "d", Inputs: []*graph.Value{nil, {DType: graph.Float32}}},
		{Op: "Relu", Name: "e"},
	}})
	want := map[string]string{"a": "i8 channel", "b": "u4 codebook", "c": "i4 tensor", "d": "f32"}
	if !maps.Equal(forms, want) {
		t.Errorf("got %v, want %v", forms, want)
	}
	model, _ := files(t)
	if status, out, errs := octet(nil, "inspect", model); status != 0 || !strings.Contains(out, "  i8 channel  ") {
		t.Errorf("status %d: %s%s", status, out, errs)
	}
}

// TestInspectShowsWhatIsProved wants the share of proved products at the level that uses it, and at no other.
func TestInspectShowsWhatIsProved(t *testing.T) {
	if !slices.Contains(cpu.Available(), cpu.AVX2) {
		t.Skip("this machine has no AVX2")
	}
	model, _ := files(t)
	for _, l := range cpu.Available() {
		t.Setenv(cpu.EnvMaxISA, l.String())
		status, out, errs := octet(nil, "inspect", model)
		if got := strings.Contains(out, "proved:"); status != 0 || got != (l == cpu.AVX2) {
			t.Errorf("%v: status %d, shares shown: %t: %s%s", l, status, got, out, errs)
		}
	}
}
