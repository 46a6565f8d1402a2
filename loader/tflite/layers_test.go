package tflite_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/internal/npy"
	"github.com/octet-ml/octet/internal/testkit"
	"github.com/octet-ml/octet/loader/tflite"
	"github.com/octet-ml/octet/runtime"
)

// TestLayersMatchXNNPACK holds single layers cut from real models to the bytes that XNNPACK gives, which rounds as Octet
// does: once, from float32, half to even.
func TestLayersMatchXNNPACK(t *testing.T) {
	folder := filepath.Join(testkit.Data(t), "tflite-layers")
	paths, err := filepath.Glob(filepath.Join(folder, "*.tflite"))
	if err != nil || len(paths) == 0 {
		t.Fatalf("no layers in %s: %v", folder, err)
	}
	for _, path := range paths {
		base := strings.TrimSuffix(path, ".tflite")
		t.Run(filepath.Base(base), func(t *testing.T) {
			data, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			g, err := tflite.Decode(data, tflite.Options{})
			if err != nil {
				t.Fatal(err)
			}
			p, err := runtime.Compile(g, runtime.Threads(1))
			if err != nil {
				t.Fatal(err)
			}
			var in []*graph.Tensor
			for i := range g.Inputs {
				in = append(in, readNPY(t, fmt.Sprintf("%s.input%d.npy", base, i)))
			}
			out, err := p.Run(in...)
			if err != nil {
				t.Fatal(err)
			}
			compare(t, out[0], readNPY(t, base+".output0.npy"))
		})
	}
}

func readNPY(t *testing.T, path string) *graph.Tensor {
	t.Helper()
	x, err := npy.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return x
}

// compare fails unless the tensors are equal, and tells how far they are apart.
func compare(t *testing.T, got, want *graph.Tensor) {
	t.Helper()
	if got.DType != want.DType || !got.Shape.Equal(want.Shape) {
		t.Fatalf("got %v%v, want %v%v", got.DType, got.Shape, want.DType, want.Shape)
	}
	differ, worst := 0, int64(0)
	for i := range want.Len() {
		if d := got.Int(i) - want.Int(i); d != 0 {
			differ++
			worst = max(worst, d, -d)
		}
	}
	if differ > 0 {
		t.Errorf("%d of %d elements differ, by at most %d", differ, want.Len(), worst)
	}
}
