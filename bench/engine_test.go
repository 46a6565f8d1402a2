package bench

import (
	"errors"
	"fmt"
	goruntime "runtime"
	"strings"
	"testing"
	"time"

	"github.com/octet-ml/octet/graph"
)

// stranger is an engine that computes by Octet, on its own word only, and makes mistakes as told.
type stranger struct {
	refuses  error
	factor   float32 // of all outputs
	runs     error
	threads  []int // GOMAXPROCS during runs, each value once
	sessions int
	closed   int
}

func (e *stranger) Name() string     { return "stranger" }
func (e *stranger) OwnThreads() bool { return false }

func (e *stranger) Open(c *Cell) (Network, error) {
	if e.refuses != nil {
		return nil, e.refuses
	}
	n, err := octet{}.Open(c)
	return &strangeNetwork{n, e}, err
}

type strangeNetwork struct {
	Network
	engine *stranger
}

func (n *strangeNetwork) Facts() Facts { return Facts{} }

func (n *strangeNetwork) Instance() (Instance, error) {
	n.engine.sessions++
	i, err := n.Network.Instance()
	return &strangeInstance{i, n.engine}, err
}

type strangeInstance struct {
	Instance
	engine *stranger
}

func (i *strangeInstance) Run() error {
	if n := goruntime.GOMAXPROCS(0); i.engine.sessions == 1 && (len(i.engine.threads) == 0 || i.engine.threads[len(i.engine.threads)-1] != n) {
		i.engine.threads = append(i.engine.threads, n)
	}
	err := i.Instance.Run()
	for _, t := range i.Outputs() {
		for k, v := range graph.View[float32](t.Data) {
			graph.View[float32](t.Data)[k] = v * i.engine.factor
		}
	}
	return errors.Join(err, i.engine.runs)
}

func (i *strangeInstance) Close() error {
	i.engine.closed++
	return nil
}

// brief keeps the tests short.
var brief = Options{Duration: 8 * time.Millisecond}

func resnet8Cell(t *testing.T) Cell {
	t.Helper()
	g, err := Build("resnet8", FP32)
	if err != nil {
		t.Fatal(err)
	}
	return Cell{Model: "resnet8", Precision: FP32, Graph: g, Threads: 1, Batch: 1}
}

func TestOtherEnginesAreMeasuredInTheSameTurns(t *testing.T) {
	ours := resnet8Cell(t)
	theirs, two := ours, ours
	e := &stranger{factor: 1 + 1e-5}
	theirs.Engine, two.Engine = e, &stranger{factor: 1}
	two.Batch, two.Sessions = 2, 2 // no cell of ours to compare with
	defer goruntime.GOMAXPROCS(goruntime.GOMAXPROCS(2))
	r, err := Measure([]Cell{ours, theirs, two}, brief)
	if err != nil {
		t.Fatal(err)
	}
	if len(r.Results) != 3 || len(r.Refused) != 0 {
		t.Fatalf("%+v", r)
	}
	for i, want := range []string{"octet", "stranger", "stranger"} {
		c := r.Results[i]
		if c.Engine != want || c.Quiet <= 0 || c.Runs < leastRuns || c.GMACs <= 0 {
			t.Errorf("result %d: %+v", i, c)
		}
		if c.MACs != r.Results[0].MACs {
			t.Errorf("result %d: %d multiplications, want ours, %d", i, c.MACs, r.Results[0].MACs)
		}
	}
	if c := r.Results[1]; c.Speedup != r.Results[0].Quiet/c.Quiet || c.Label() != "stranger fp32" || r.Results[0].Label() != "fp32" {
		t.Errorf("speed-up %v of %q, want that over %q", c.Speedup, c.Label(), r.Results[0].Label())
	}
	if c := r.Results[2]; c.Speedup != 0 || c.Sessions != 2 {
		t.Errorf("%+v", c)
	}
	// The first run is the check of outputs, outside of all turns.
	if got := fmt.Sprint(e.threads); got != "[2 1]" || goruntime.GOMAXPROCS(0) != 2 {
		t.Errorf("GOMAXPROCS was %s in the runs and is %d, want [2 1] and 2", got, goruntime.GOMAXPROCS(0))
	}
	if e.closed != 1 {
		t.Errorf("%d instances were closed, want 1", e.closed)
	}
}

func TestAnEngineThatComputesSomethingElseIsNotMeasured(t *testing.T) {
	for name, factor := range map[string]float32{"wrong": 1.01, "not a number": float32(nan())} {
		c := resnet8Cell(t)
		e := &stranger{factor: factor}
		c.Engine = e
		_, err := Measure([]Cell{c}, brief)
		if !errors.Is(err, ErrDisagree) || !strings.Contains(err.Error(), "resnet8 stranger fp32, 1 threads") {
			t.Errorf("%s: %v", name, err)
		}
		if e.closed != 1 {
			t.Errorf("%s: %d instances were closed, want 1", name, e.closed)
		}
	}
}

func nan() float64 { var zero float64; return zero / zero }

func TestWhatAnEngineLacksIsReported(t *testing.T) {
	ours := resnet8Cell(t)
	theirs := ours
	theirs.Engine = &stranger{refuses: fmt.Errorf("2 nodes: %w", ErrUnsupported)}
	r, err := Measure([]Cell{theirs, ours}, brief)
	if err != nil {
		t.Fatal(err)
	}
	if len(r.Results) != 1 || r.Results[0].Engine != "octet" || len(r.Refused) != 1 {
		t.Fatalf("%+v", r)
	}
	if f := r.Refused[0]; f.Engine != "stranger" || f.Model != "resnet8" || f.Threads != 1 || f.Batch != 1 || !strings.HasPrefix(f.Reason, "2 nodes") {
		t.Errorf("%+v", f)
	}
}

func TestErrorsOfAnEngineNameTheCell(t *testing.T) {
	broken := errors.New("broken")
	for name, e := range map[string]*stranger{"open": {refuses: broken}, "run": {factor: 1, runs: broken}} {
		c := resnet8Cell(t)
		c.Engine = e
		if _, err := Measure([]Cell{c}, brief); !errors.Is(err, broken) || !strings.Contains(err.Error(), "resnet8 stranger fp32") {
			t.Errorf("%s: %v", name, err)
		}
		if e.sessions != e.closed {
			t.Errorf("%s: %d of %d instances were closed", name, e.closed, e.sessions)
		}
	}
}

func TestOnlyOurStepsHaveAProfile(t *testing.T) {
	c := resnet8Cell(t)
	c.Engine = &stranger{factor: 1}
	if _, err := Profile(c, Peak{}, brief); !errors.Is(err, ErrOption) || !strings.Contains(err.Error(), "stranger") {
		t.Error(err)
	}
}

func TestRunsOfOctetAllocateNothing(t *testing.T) {
	c := resnet8Cell(t)
	r, err := newRunner(c, octet{})
	if err != nil {
		t.Fatal(err)
	}
	i := r.instances[0]
	if n := testing.AllocsPerRun(3, func() {
		if err := i.Run(); err != nil {
			t.Fatal(err)
		}
	}); n != 0 {
		t.Errorf("a run makes %v allocations", n)
	}
}

func TestOutputsAgreeWithinTheLargest(t *testing.T) {
	want := []*graph.Tensor{graph.Float32s([]float32{100, 0}, 1, 2)}
	for _, c := range []struct {
		got *graph.Tensor
		ok  bool
	}{
		{graph.Float32s([]float32{100, 0.09}, 1, 2), true},
		{graph.Float32s([]float32{100, 0.11}, 1, 2), false},
		{graph.Float32s([]float32{100, float32(nan())}, 1, 2), false},
		{graph.Float32s([]float32{100, 0}, 2), false},
	} {
		if err := agree([]*graph.Tensor{c.got}, want); (err == nil) != c.ok || err != nil && !errors.Is(err, ErrDisagree) {
			t.Errorf("%v: %v", c.got.Floats(), err)
		}
	}
	if err := agree(nil, want); !errors.Is(err, ErrDisagree) {
		t.Errorf("no outputs: %v", err)
	}
}
