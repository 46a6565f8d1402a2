package runtime

import (
	"bytes"
	"errors"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/internal/cpu"
	"github.com/octet-ml/octet/internal/testkit"
	"github.com/octet-ml/octet/ops"
)

// network returns a quantized residual network of three convolutions, a pool and a dense layer: f32[N 3 17 17] to f32[N 10].
func network(t testing.TB) *graph.Graph {
	random := rand.New(rand.NewPCG(uint64(testkit.Seed(t)), 1))
	g := &graph.Graph{Name: "network"}
	constant := func(name string, d graph.DType, q *graph.Quant, spread int64, shape ...int) *graph.Value {
		x := graph.NewTensor(d, shape...)
		for i := range x.Len() {
			x.SetInt(i, random.Int64N(2*spread+1)-spread)
		}
		c := graph.NewConst(name, x)
		c.Quant = q
		return c
	}
	quantized := func(v *graph.Value, d graph.DType, scale float32, zero int32) *graph.Value {
		v.DType, v.Quant = d, graph.PerTensor(scale, zero)
		return v
	}
	x := g.AddInput("x", graph.Float32, graph.Shape{graph.Batch, 3, 17, 17})
	h := quantized(g.Add("Quantize", "", nil, []*graph.Value{x}, "q").Outputs[0], graph.Uint8, 0.02, 128)
	conv := func(name string, x *graph.Value, ic, oc, k, stride int) *graph.Value {
		w := constant(name+".w", graph.Int8, graph.PerTensor(0.01, 0), 127, oc, ic, k, k)
		b := constant(name+".b", graph.Int32, nil, 1000, oc)
		a := &ops.Conv{Window: ops.Window{Strides: [2]int{stride, stride}, Pads: [4]int{k / 2, k / 2, k / 2, k / 2}}, Clamp: ops.Clamp{On: true, Lo: 0, Hi: 6}}
		return quantized(g.Add("Conv", name, a, []*graph.Value{x, w, b}, name).Outputs[0], graph.Uint8, 0.0235, 3)
	}
	h = conv("stem", h, 3, 24, 3, 2)
	y := conv("c1", h, 24, 24, 1, 1)
	y = conv("c2", y, 24, 24, 3, 1)
	y = quantized(g.Add("Add", "sum", &ops.Arithmetic{}, []*graph.Value{y, h}, "sum").Outputs[0], graph.Uint8, 0.047, 5)
	y = quantized(g.Add("GlobalAveragePool", "pool", &ops.GlobalPool{}, []*graph.Value{y}, "pool").Outputs[0], graph.Uint8, 0.03, 0)
	y = g.Add("Flatten", "flat", &ops.Flatten{Axis: 1}, []*graph.Value{y}, "flat").Outputs[0]
	w := constant("d.w", graph.Int8, graph.PerTensor(0.02, 0), 127, 10, 24)
	y = quantized(g.Add("Dense", "d", &ops.Dense{}, []*graph.Value{y, w}, "d").Outputs[0], graph.Int8, 0.1, 4)
	y = g.Add("Dequantize", "", nil, []*graph.Value{y}, "y").Outputs[0]
	g.Outputs = []*graph.Value{y}
	if err := g.Verify(); err != nil {
		t.Fatal(err)
	}
	return g
}

func example(t testing.TB, n int) *graph.Tensor {
	random := rand.New(rand.NewPCG(uint64(testkit.Seed(t)), 2))
	x := graph.NewTensor(graph.Float32, n, 3, 17, 17)
	for i := range x.Len() {
		x.SetFloat(i, random.NormFloat64())
	}
	return x
}

func mustCompile(t testing.TB, g *graph.Graph, options ...Option) *Program {
	t.Helper()
	p, err := Compile(g, options...)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func mustRun(t testing.TB, p *Program, x *graph.Tensor) []byte {
	t.Helper()
	y, err := p.Run(x)
	if err != nil {
		t.Fatal(err)
	}
	return y[0].Data
}

func TestResultsDoNotDependOnLevelThreadsOrBatch(t *testing.T) {
	g, x := network(t), example(t, 6)
	want := mustRun(t, mustCompile(t, g, Kernels("generic"), Threads(1), Batch(6)), x)
	if bytes.Equal(want[:40], want[40:80]) {
		t.Fatal("two examples give the same result")
	}
	for _, level := range cpu.Available() {
		for _, threads := range []int{1, 2, 5} {
			p := mustCompile(t, g, Kernels(level.String()), Threads(threads), Batch(6), WithPool(NewPool(threads)))
			for _, batch := range []int{6, 1, 3, 2} {
				var got []byte
				for i := 0; i < 6; i += batch {
					part := &graph.Tensor{DType: x.DType, Shape: graph.Shape{batch, 3, 17, 17}, Data: x.Data[i*4*867 : (i+batch)*4*867]}
					got = append(got, mustRun(t, p, part)...)
				}
				if !bytes.Equal(got, want) {
					t.Errorf("%v, %d threads, batch %d: the bytes differ", level, threads, batch)
				}
			}
		}
	}
}

func TestProgramsAreSafeForConcurrentUse(t *testing.T) {
	p, x := mustCompile(t, network(t), Batch(2), Threads(2)), example(t, 2)
	want := mustRun(t, p, x)
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 5 {
				if y, err := p.Run(x); err != nil || !bytes.Equal(y[0].Data, want) {
					t.Errorf("another result, %v", err)
				}
			}
		})
	}
	wg.Wait()
}

func TestRunAllocatesNothing(t *testing.T) {
	for _, threads := range []int{1, 2} {
		s, err := mustCompile(t, network(t), Batch(2), Threads(threads)).NewSession()
		if err != nil {
			t.Fatal(err)
		}
		for _, n := range []int{2, 1} {
			if err := s.SetBatch(n); err != nil {
				t.Fatal(err)
			}
			if a := testing.AllocsPerRun(5, s.Run); a != 0 {
				t.Errorf("%d threads, batch %d: %v allocations", threads, n, a)
			}
		}
	}
}

func TestInputsSurviveARun(t *testing.T) {
	s, err := mustCompile(t, network(t), Threads(1)).NewSession()
	if err != nil {
		t.Fatal(err)
	}
	x := example(t, 1)
	copy(s.Input(0).Data, x.Data)
	s.Run()
	first := bytes.Clone(s.Output(0).Data)
	s.Run()
	if !bytes.Equal(s.Input(0).Data, x.Data) || !bytes.Equal(s.Output(0).Data, first) {
		t.Error("a run changes its input")
	}
}

func TestRunRefuses(t *testing.T) {
	p := mustCompile(t, network(t), Batch(2))
	for name, inputs := range map[string][]*graph.Tensor{
		"no input":          nil,
		"no tensor":         {nil},
		"too many inputs":   {example(t, 1), example(t, 1)},
		"another type":      {graph.NewTensor(graph.Uint8, 1, 3, 17, 17)},
		"another shape":     {graph.NewTensor(graph.Float32, 1, 3, 17, 16)},
		"too large a batch": {example(t, 3)},
		"an empty batch":    {graph.NewTensor(graph.Float32, 0, 3, 17, 17)},
		"too few bytes":     {{DType: graph.Float32, Shape: graph.Shape{1, 3, 17, 17}, Data: make([]byte, 5)}},
	} {
		if _, err := p.Run(inputs...); !errors.Is(err, ErrInput) {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

func TestOptionsAreChecked(t *testing.T) {
	for name, o := range map[string]Option{
		"batch 0": Batch(0), "threads -1": Threads(-1), "no level": Kernels("sse9"), "no pool": WithPool(nil),
		"an unknown input": Constant("z", graph.NewTensor(graph.Float32, 1)), "no constant": Constant("x", nil),
	} {
		if _, err := Compile(network(t), o); !errors.Is(err, ErrOption) {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

func TestProfileAndStepsDescribeTheProgram(t *testing.T) {
	p := mustCompile(t, network(t), Profile())
	s, err := p.NewSession()
	if err != nil {
		t.Fatal(err)
	}
	if s.Profile() != nil {
		t.Error("a profile before the first run")
	}
	s.Run()
	macs, live, timed := 0, 0, false
	for _, st := range s.Profile() {
		live = max(live, st.Live)
		macs += st.MACs
		timed = timed || st.Time > 0
	}
	if want := 81*24*27 + 81*24*24 + 81*24*24*9 + 240; macs != want || !timed {
		t.Errorf("%d multiplications, want %d; timed %v", macs, want, timed)
	}
	if err := p.RequireInteger(); err != nil {
		t.Error(err)
	}
	m := p.Memory()
	if live != m.LiveSet || m.Arena < m.LiveSet || m.LiveSet < 4*867 || m.Weights < 24*27+24*24+24*24*9+240 {
		t.Errorf("memory %+v", m)
	}
}

func TestRequireIntegerNamesFloatLayers(t *testing.T) {
	g := &graph.Graph{}
	x := g.AddInput("x", graph.Float32, graph.Shape{1, 4})
	w := graph.NewConst("w", graph.NewTensor(graph.Float32, 2, 4))
	g.Outputs = g.Add("Dense", "head", &ops.Dense{}, []*graph.Value{x, w}, "y").Outputs
	if err := mustCompile(t, g).RequireInteger(); !errors.Is(err, ErrFloat) || !bytes.Contains([]byte(err.Error()), []byte("head")) {
		t.Errorf("got %v", err)
	}
}

// A session's number of threads is bounded by its program's, and does not change results.
func TestSessionThreads(t *testing.T) {
	pool := NewPool(3)
	defer pool.Close()
	p := mustCompile(t, network(t), Batch(2), Threads(3), WithPool(pool))
	s, err := p.NewSession()
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range []int{-1, 0, 4} {
		if err := s.SetThreads(n); !errors.Is(err, ErrInput) {
			t.Errorf("%d threads: got %v, want ErrInput", n, err)
		}
	}
	copy(s.Input(0).Data, example(t, 2).Data)
	var want []byte
	for _, n := range []int{3, 1, 2} {
		if err := s.SetThreads(n); err != nil {
			t.Fatal(err)
		}
		s.Run()
		if want == nil {
			want = slices.Clone(s.Output(0).Data)
		}
		if !bytes.Equal(s.Output(0).Data, want) {
			t.Errorf("%d threads give other bytes", n)
		}
	}
}
