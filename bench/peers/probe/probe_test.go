package probe

import (
	"testing"
	"time"
)

func TestPeakIsMeasuredOnOneThread(t *testing.T) {
	r, err := Peak(1, time.Millisecond)
	if err != nil {
		t.Fatal(err)
	}
	if r.GMACs < 0.05 || r.GMACs > 1e5 || r.Method == "" {
		t.Errorf("got %+v", r)
	}
}

func TestKernelWorkCountsItsMultiplications(t *testing.T) {
	w, method, err := kernelWork()
	if err != nil {
		t.Fatal(err)
	}
	if got := w(); got != pixels*inner*outer || method == "" {
		t.Errorf("got %d multiplications by %q", got, method)
	}
}

// TestKernelsDoNotBeatTheLoop holds where the loop runs: it states the limit that the kernels are measured against.
func TestKernelsDoNotBeatTheLoop(t *testing.T) {
	if !available() {
		t.Skip("this processor has no AVX-512 VNNI")
	}
	w, method, err := kernelWork()
	if err != nil {
		t.Fatal(err)
	}
	best := func(w work) (r float64) {
		for range 3 {
			r = max(r, rate(w, 5*time.Millisecond))
		}
		return r
	}
	limit := best(func() int { return spin(spinTurns) })
	if reached := best(w); reached > 1.2*limit {
		t.Errorf("%s: %.0f GMAC/s, and the loop gives %.0f", method, reached, limit)
	}
}

func TestNoThreadsAreRefused(t *testing.T) {
	if _, err := Peak(0, time.Millisecond); err == nil {
		t.Error("accepted 0 threads")
	}
}
