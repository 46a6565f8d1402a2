package conformance

import (
	"bytes"
	"math/rand/v2"
	"path/filepath"
	"testing"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/internal/cpu"
	"github.com/octet-ml/octet/internal/testkit"
	"github.com/octet-ml/octet/loader"
	"github.com/octet-ml/octet/runtime"
)

// TestSameBytes runs every model that is integer throughout on every instruction-set level of the machine, with 1 and 2
// threads and at batch 1 and 8: all give the same bytes. Float models give the same bytes for any number of threads.
// Models quantized at run time take their ranges over the whole batch, as ONNX says, so they are run at batch 1.
func TestSameBytes(t *testing.T) {
	paths := models(t)
	if testing.Short() {
		paths = []string{filepath.Join(testkit.Data(t), "models", small[0]), filepath.Join(testkit.Data(t), "models", small[1])}
	}
	for _, path := range paths {
		t.Run(filepath.Base(path), func(t *testing.T) {
			t.Parallel()
			g, err := loader.Open(path)
			if err != nil {
				t.Fatal(err)
			}
			p, err := runtime.Compile(g, runtime.Kernels("generic"), runtime.Threads(1))
			if err != nil {
				t.Fatal(err)
			}
			examples := randomExamples(p, 8)
			want := runAll(t, p, examples, 1)
			levels := cpu.Available()
			if p.RequireInteger() != nil {
				best, err := runtime.Compile(g, runtime.Threads(1))
				if err != nil {
					t.Fatal(err)
				}
				want, levels = runAll(t, best, examples, 1), levels[len(levels)-1:]
			}
			for _, level := range levels {
				for _, threads := range []int{1, 2} {
					for _, batch := range []int{1, 8} {
						if batch > 1 && dynamicallyQuantized(p) {
							continue
						}
						q, err := runtime.Compile(g, runtime.Kernels(level.String()), runtime.Threads(threads), runtime.Batch(batch))
						if err != nil {
							t.Fatalf("%v, batch %d: %v", level, batch, err)
						}
						for i, y := range runAll(t, q, examples, batch) {
							if !bytes.Equal(y, want[i]) {
								t.Fatalf("%v, %d threads, batch %d: example %d differs", level, threads, batch, i)
							}
						}
					}
				}
			}
		})
	}
}

func dynamicallyQuantized(p *runtime.Program) bool {
	for _, n := range p.Canonical().Nodes {
		if n.Op == "DynamicQuantizeLinear" {
			return true
		}
	}
	return false
}

// randomExamples returns n inputs of one example each.
func randomExamples(p *runtime.Program, n int) []*graph.Tensor {
	random := rand.New(rand.NewPCG(7, 7))
	in := p.Inputs()[0]
	var out []*graph.Tensor
	for range n {
		x := graph.NewTensor(in.DType, in.Shape.Bind(1)...)
		for i := range x.Len() {
			if in.DType.IsFloat() {
				x.SetFloat(i, 4*random.Float64()-2)
			} else {
				x.SetInt(i, random.Int64N(1<<in.DType.Bits())-map[bool]int64{true: 1 << (in.DType.Bits() - 1)}[in.DType.IsSigned()])
			}
		}
		out = append(out, x)
	}
	return out
}

// runAll returns the bytes of the first output for each example, run in batches.
func runAll(t *testing.T, p *runtime.Program, examples []*graph.Tensor, batch int) [][]byte {
	t.Helper()
	var out [][]byte
	for i := 0; i < len(examples); i += batch {
		x := examples[i]
		if batch > 1 {
			shape := x.Shape.Clone()
			shape[0] *= batch
			x = graph.NewTensor(x.DType, shape...)
			x.Data = x.Data[:0]
			for _, e := range examples[i : i+batch] {
				x.Data = append(x.Data, e.Data...)
			}
		}
		y, err := p.Run(x)
		if err != nil {
			t.Fatal(err)
		}
		size := len(y[0].Data) / batch
		for b := range batch {
			out = append(out, y[0].Data[b*size:(b+1)*size])
		}
	}
	return out
}

// TestRunAllocatesNothing holds Session.Run to its promise on every model.
func TestRunAllocatesNothing(t *testing.T) {
	for _, path := range models(t) {
		t.Run(filepath.Base(path), func(t *testing.T) {
			p := compile(t, path)
			s, err := p.NewSession()
			if err != nil {
				t.Fatal(err)
			}
			s.Run()
			if n := testing.AllocsPerRun(1, s.Run); n != 0 {
				t.Errorf("%v allocations in a run", n)
			}
		})
	}
}

// TestArenaIsTight bounds the memory plan of MobileNetV2 by its largest live set.
func TestArenaIsTight(t *testing.T) {
	p := compile(t, filepath.Join(testkit.Data(t), "models", "mobilenet_v2_1.0_224_qoperator.onnx"))
	m := p.Memory()
	if float64(m.Arena) > 1.15*float64(m.LiveSet) {
		t.Errorf("arena %d bytes, largest live set %d: want at most 1.15 times", m.Arena, m.LiveSet)
	}
}
