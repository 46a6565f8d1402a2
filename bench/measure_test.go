package bench_test

import (
	"errors"
	"math"
	goruntime "runtime"
	"testing"
	"time"

	"github.com/octet-ml/octet/bench"
	"github.com/octet-ml/octet/internal/cpu"
	"github.com/octet-ml/octet/runtime"
)

// quick keeps the tests short.
var quick = bench.Options{Duration: 20 * time.Millisecond}

func cell(t *testing.T, p bench.Precision, batch int) bench.Cell {
	t.Helper()
	return bench.Cell{Model: "resnet8", Precision: p, Graph: build(t, "resnet8", p), Threads: 1, Batch: batch}
}

func TestMeasureReportsEveryCell(t *testing.T) {
	a, err := bench.Lookup("resnet8")
	if err != nil {
		t.Fatal(err)
	}
	r, err := bench.Measure([]bench.Cell{cell(t, bench.FP32, 2), cell(t, bench.Int8, 2), cell(t, bench.Int4, 1)}, quick)
	if err != nil {
		t.Fatal(err)
	}
	if len(r.Results) != 3 || r.Peak.Int8 <= 0 || r.Peak.FP32 <= 0 || r.Machine.Go != goruntime.Version() || r.Machine.Level == "" || r.Machine.Clock < 0.1 || r.Machine.Clock > 10 {
		t.Fatalf("%+v", r)
	}
	for i, c := range r.Results {
		if want := []string{"fp32", "int8", "int4"}[i]; c.Precision != want {
			t.Errorf("cell %d is %s, want %s", i, c.Precision, want)
		}
		if c.MACs != a.MACs {
			t.Errorf("%s: %d multiplications a picture, want %d", c.Precision, c.MACs, a.MACs)
		}
		if !(0 < c.Quiet && c.Quiet <= c.P50 && c.P50 <= c.P90 && c.P90 <= c.P99) || c.Runs < 3 {
			t.Errorf("%s: quiet %v, p50 %v, p90 %v, p99 %v of %d runs", c.Precision, c.Quiet, c.P50, c.P90, c.P99, c.Runs)
		}
		if want := float64(c.Batch) / c.Quiet * 1000; math.Abs(c.Images/want-1) > 1e-6 {
			t.Errorf("%s: %v images a second, want %v", c.Precision, c.Images, want)
		}
		if want := c.Images * float64(c.MACs) / 1e9; math.Abs(c.GMACs/want-1) > 1e-6 || c.Share <= 0 {
			t.Errorf("%s: %v GMAC/s, want %v; share of the peak %v", c.Precision, c.GMACs, want, c.Share)
		}
	}
	fp32, int8, int4 := r.Results[0], r.Results[1], r.Results[2]
	if want := fp32.Quiet / int8.Quiet; fp32.Speedup != 1 || math.Abs(int8.Speedup/want-1) > 1e-6 || int4.Speedup != 0 {
		t.Errorf("speed-ups %v, %v, %v: want 1, %v, 0", fp32.Speedup, int8.Speedup, int4.Speedup, want)
	}
	if !(int4.Weights < int8.Weights && int8.Weights < fp32.Weights) {
		t.Errorf("weights of %d, %d and %d bytes", int4.Weights, int8.Weights, fp32.Weights)
	}
}

func TestMeasureRefusesWhatItCannotDo(t *testing.T) {
	good := cell(t, bench.Int8, 1)
	none, many, huge := good, good, good
	none.Threads, many.Threads, huge.Batch = 0, goruntime.GOMAXPROCS(0)+1, runtime.MaxBatch+1
	for name, c := range map[string]bench.Cell{"no threads": none, "many threads": many} {
		if _, err := bench.Measure([]bench.Cell{c}, quick); !errors.Is(err, bench.ErrOption) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := bench.Measure([]bench.Cell{huge}, quick); !errors.Is(err, runtime.ErrOption) {
		t.Errorf("batch %d: %v", huge.Batch, err)
	}
	if _, err := bench.Measure([]bench.Cell{good}, bench.Options{Duration: -time.Second}); !errors.Is(err, bench.ErrOption) {
		t.Errorf("negative duration: %v", err)
	}
	if _, err := bench.Measure([]bench.Cell{good}, bench.Options{Duration: time.Second, Level: "mmx"}); err == nil {
		t.Error("level mmx is accepted")
	}
}

func TestProfileAccountsForAllTime(t *testing.T) {
	level, err := cpu.Best()
	if err != nil {
		t.Fatal(err)
	}
	peak, err := bench.ProbePeak(level)
	if err != nil {
		t.Fatal(err)
	}
	c := cell(t, bench.Int8, 1)
	p, err := bench.Profile(c, peak, quick)
	if err != nil {
		t.Fatal(err)
	}
	program, err := runtime.Compile(c.Graph)
	if err != nil {
		t.Fatal(err)
	}
	if len(p.Steps) != len(program.Steps()) {
		t.Fatalf("%d steps, want %d", len(p.Steps), len(program.Steps()))
	}
	var total, parts, byOperator float64
	for i, s := range p.Steps {
		total, parts = total+s.Time, parts+s.Part
		if want := program.Steps()[i]; s.Name != want.Name || s.Kernel != want.Kernel || (s.GMACs > 0) != (s.MACs > 0) {
			t.Errorf("step %d: %+v, want %+v", i, s, want)
		}
	}
	steps := 0
	for _, o := range p.Operators {
		byOperator, steps = byOperator+o.Time, steps+o.Steps
	}
	if math.Abs(total-p.Time) > 1e-6 || math.Abs(parts-1) > 1e-6 || math.Abs(byOperator-p.Time) > 1e-6 || steps != len(p.Steps) {
		t.Errorf("%v ms: steps %v, parts %v, operators %v (%d steps)", p.Time, total, parts, byOperator, steps)
	}
}

func TestPrecisionOfAProgramIsThatOfItsWeights(t *testing.T) {
	for _, p := range precisions {
		program, err := runtime.Compile(build(t, "resnet8", p))
		if err != nil {
			t.Fatal(err)
		}
		want := p
		if p == bench.Int4KMeans || p == bench.Int4Log {
			want = bench.Int4
		}
		if got := bench.PrecisionOf(program); got != want {
			t.Errorf("%v model is said to be %v", p, got)
		}
	}
}
