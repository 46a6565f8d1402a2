package tflite_test

import (
	"flag"
	"math/rand/v2"
	"testing"
	"unsafe"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/internal/testkit"
	"github.com/octet-ml/octet/loader/tflite"
)

var corruptions = flag.Int("corruptions", 50, "number of truncated and of bit-flipped forms of each real model")

// TestCorruptModelsGiveAnErrorOrAValidGraph cuts real models short and flips bits in them.
func TestCorruptModelsGiveAnErrorOrAValidGraph(t *testing.T) {
	random := rand.New(rand.NewPCG(uint64(testkit.Seed(t)), 1))
	for _, path := range realModels(t, "models", "tflite-layers") {
		data := read(t, path)
		structure := outside(t, data)
		valid := 0
		try := func(data []byte) {
			g, err := tflite.Decode(data, tflite.Options{})
			if err != nil {
				return
			}
			valid++
			if err := g.Verify(); err != nil {
				t.Errorf("%s: %v", nameOf(path), err)
			}
			annotated, err := tflite.SetMetadata(data, "octet.test", "text")
			if err != nil {
				return
			}
			if g, err := tflite.Decode(annotated, tflite.Options{}); err != nil || g.Metadata["octet.test"] != "text" {
				t.Errorf("%s: with metadata: %v", nameOf(path), err)
			}
		}
		for range *corruptions {
			try(data[:random.IntN(len(data))])
			flips := make(map[int]byte)
			for range 1 + random.IntN(4) {
				at := structure[random.IntN(len(structure))]
				flips[at] ^= 1 << random.IntN(8)
			}
			for at, mask := range flips {
				data[at] ^= mask
			}
			try(data)
			for at, mask := range flips {
				data[at] ^= mask
			}
		}
		if valid == 2**corruptions {
			t.Errorf("%s: no corruption was noticed", nameOf(path))
		}
	}
}

// outside returns the positions of a model's bytes that are not elements of constants.
func outside(t *testing.T, data []byte) []int {
	t.Helper()
	g, err := tflite.Decode(data, tflite.Options{})
	if err != nil {
		t.Fatal(err)
	}
	inside := make([]bool, len(data))
	mark := func(v *graph.Value) {
		if v == nil || v.Const == nil || len(v.Const.Data) == 0 {
			return
		}
		// Constants alias data or are copies of their own, so that the difference tells where they lie.
		from := uintptr(unsafe.Pointer(unsafe.SliceData(v.Const.Data))) - uintptr(unsafe.Pointer(unsafe.SliceData(data)))
		if from < uintptr(len(data)) {
			for i := range v.Const.Data {
				inside[int(from)+i] = true
			}
		}
	}
	for _, n := range g.Nodes {
		for _, v := range n.Inputs {
			mark(v)
		}
	}
	var out []int
	for i, in := range inside {
		if !in {
			out = append(out, i)
		}
	}
	return out
}

func FuzzDecode(f *testing.F) {
	for _, cases := range []map[string]opCase{spatialCases, mathCases, moveCases} {
		for _, c := range cases {
			f.Add(c.model().bytes())
		}
	}
	f.Add(described(appended("labels.txt", "cat\ndog\n")))
	f.Fuzz(func(t *testing.T, data []byte) {
		g, err := tflite.Decode(data, tflite.Options{})
		if err == nil {
			err = g.Verify()
			if err != nil {
				t.Fatal(err)
			}
		}
	})
}
