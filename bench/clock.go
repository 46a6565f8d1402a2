package bench

import "time"

// clockSteps is half the length of the chain of operations that the clock is told by.
const clockSteps = 1 << 22

// ProbeClock returns the clock of the core that runs it, in GHz, as a chain of dependent operations shows it, one a cycle: the best
// of a few. It is what the core gives this process, turbo and throttling included.
func ProbeClock() float64 {
	best := 0.0
	for range 8 {
		start := time.Now()
		sink = chain(clockSteps)
		best = max(best, giga(2*clockSteps, time.Since(start)))
	}
	return best
}

// sink keeps the chain from being optimized away.
var sink uint64

// chain makes 2n operations of a cycle each, an addition and an exclusive or in turns, each of which needs the one before.
//
//go:noinline
func chain(n int) uint64 {
	x, y, z := uint64(n), uint64(n)|1, uint64(n)*3
	for range n {
		x = (x + y) ^ z
	}
	return x
}
