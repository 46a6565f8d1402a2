package onnx

import (
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/internal/testkit"
)

var corruptions = flag.Int("onnx.corruptions", 60, "damaged versions of every model in TestDamagedModels")

// survive decodes damaged bytes: an error or a graph, which Decode has verified; small graphs are written, too.
func survive(t *testing.T, data []byte) {
	g, err := Decode(data, Options{})
	if (g == nil) == (err == nil) {
		t.Fatalf("graph %v, error %v", g, err)
	}
	if err == nil && len(data) < 300_000 {
		_, _ = Encode(g, WriteOptions{})
		_, _ = Encode(g, WriteOptions{QOperator: true})
	}
}

func TestDamagedModelsGiveAnErrorOrAGraph(t *testing.T) {
	seed := uint64(testkit.Seed(t))
	random := rand.New(rand.NewPCG(seed, 1))
	for _, path := range models(t, realModels, lightModels) {
		t.Run(filepath.Base(path), func(t *testing.T) {
			data, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			for range *corruptions {
				survive(t, data[:random.IntN(len(data))])
				at, bit := random.IntN(len(data)), byte(1)<<random.IntN(8)
				data[at] ^= bit
				survive(t, data)
				data[at] ^= bit
			}
		})
	}
	for _, path := range models(t, nodeTests) {
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for range *corruptions / 10 {
			at, value := random.IntN(len(data)), byte(random.Uint32())
			old := data[at]
			data[at] = value
			survive(t, data)
			data[at] = old
		}
	}
}

// allocated returns the bytes that f allocates.
func allocated(f func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}

// repeated is a message that holds n times the same field.
func repeated(n int, field func(m *message)) message {
	var m message
	for range n {
		field(&m)
	}
	return m
}

func TestMemoryGrowsWithTheFileOnly(t *testing.T) {
	file := func(inner message) []byte {
		var m message
		m.message(7, inner)
		return m.bytes()
	}
	huge := message{}
	huge.integer(1, graph.MaxElements)
	huge.integer(2, 1)
	huge.text(8, "huge")
	node := message{}
	node.text(4, "Relu")
	attr := message{}
	attr.integer(20, attrInts)
	for range 20_000 {
		attr.integer(8, 1)
	}
	withAttr := message{}
	withAttr.text(4, "Relu")
	withAttr.message(5, attr)
	for name, data := range map[string][]byte{
		"empty nodes":      file(repeated(20_000, func(m *message) { m.message(1, message{}) })),
		"nodes":            file(repeated(20_000, func(m *message) { m.message(1, node) })),
		"huge tensors":     file(repeated(100, func(m *message) { m.message(5, huge) })),
		"inputs of a node": file(repeated(1, func(m *message) { m.message(1, repeated(20_000, func(m *message) { m.text(1, "") })) })),
		"attributes":       file(repeated(5, func(m *message) { m.message(1, withAttr) })),
		"values":           file(repeated(20_000, func(m *message) { m.message(13, message{}) })),
	} {
		if got := allocated(func() { _, _ = Decode(data, Options{}) }); got > uint64(1000*len(data)+1<<16) {
			t.Errorf("%s: %d bytes allocated for a file of %d", name, got, len(data))
		}
	}
}

func TestLimits(t *testing.T) {
	p := proto{inputs: x4(), constants: []*graph.Value{konst("w", graph.Float32, graph.Shape{1, 2, 3}, 1)}, nodes: []protoNode{
		op("Transpose", "x", "a", attribute{"perm", []int{0, 1, 2, 3}}), op("Relu", "a", "y")}}
	data := p.bytes()
	for name, l := range map[string]Limits{
		"file": {FileBytes: int64(len(data)) - 1}, "nodes": {Nodes: 1}, "tensors": {Tensors: -1}, "list": {List: 3}, "rank": {Rank: 2},
	} {
		if _, err := Decode(data, Options{Limits: l}); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	if _, err := Decode(data, Options{Limits: Limits{FileBytes: int64(len(data)), Nodes: 2, Tensors: 1, List: 4, Rank: 4}}); err != nil {
		t.Error(err)
	}
}

func TestSharedParametersCountEachTimeTheyAreRead(t *testing.T) {
	p := proto{inputs: x4(), constants: []*graph.Value{konst("w", graph.Int8, graph.Shape{1 << 10}, 1), konst("s", graph.Float32, graph.Shape{1 << 10}, 1)}}
	for i := range 1000 {
		p.nodes = append(p.nodes, op("DequantizeLinear", "w s", fmt.Sprint("y", i), attribute{"axis", 0}))
	}
	data := p.bytes()
	if _, err := Decode(data, Options{Limits: Limits{DecodedBytes: 1 << 20}}); !errors.Is(err, ErrLimit) {
		t.Error(err)
	}
	if _, err := Decode(data, Options{}); err != nil {
		t.Error(err)
	}
}

func TestAValueHasAFewQuantizationsAtMost(t *testing.T) {
	p := proto{inputs: bytes4()}
	for i := range 100 {
		s := fmt.Sprint("s", i)
		p.constants = append(p.constants, f32(s, float64(i+1)))
		p.nodes = append(p.nodes, op("DequantizeLinear", "x "+s, fmt.Sprint("y", i)))
	}
	if _, err := Decode(p.bytes(), Options{}); !errors.Is(err, ErrLimit) {
		t.Error(err)
	}
	p.nodes = p.nodes[:maxVariants]
	if _, err := Decode(p.bytes(), Options{}); err != nil {
		t.Error(err)
	}
}
