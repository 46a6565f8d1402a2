package probe

import (
	"fmt"
	"slices"
	"sync"
	"time"
)

// slice is the length of one measurement; the median of a thread's slices counts.
const slice = time.Millisecond

// warmUp is how long every thread works before the clock counts: cores take that long to leave their idle state.
const warmUp = 4 * time.Millisecond

// Result is a measured peak.
type Result struct {
	GMACs  float64 `json:"gmacs"`  // 1e9 multiplications a second of all threads together
	Method string  `json:"method"` // what ran
}

// work is an endless supply of multiplications: each call does some and returns how many.
type work func() int

// Peak keeps the given number of threads, at least one, busy for about d and returns their rate.
func Peak(threads int, d time.Duration) (Result, error) {
	if threads < 1 {
		return Result{}, fmt.Errorf("probe: %d threads", threads)
	}
	works := make([]work, threads)
	method := ""
	for i := range works {
		var err error
		if works[i], method, err = newWork(); err != nil {
			return Result{}, fmt.Errorf("probe: %w", err)
		}
	}
	rates := make([]float64, threads)
	var wg sync.WaitGroup
	for i := range works {
		wg.Go(func() { rates[i] = rate(works[i], d) })
	}
	wg.Wait()
	r := Result{Method: method}
	for _, v := range rates {
		r.GMACs += v
	}
	return r, nil
}

// newWork returns one thread's work.
func newWork() (work, string, error) {
	if available() {
		return func() int { return spin(spinTurns) }, "VPDPBUSD zmm, registers only", nil
	}
	return kernelWork()
}

// rate returns the median of the rates of slices, in 1e9 multiplications a second.
func rate(w work, d time.Duration) float64 {
	for begin := time.Now(); time.Since(begin) < warmUp; {
		w()
	}
	var rates []float64
	for begin := time.Now(); len(rates) == 0 || time.Since(begin) < d; {
		macs := 0
		start := time.Now()
		for time.Since(start) < slice {
			macs += w()
		}
		rates = append(rates, float64(macs)/float64(time.Since(start).Nanoseconds()))
	}
	slices.Sort(rates)
	return rates[len(rates)/2]
}
