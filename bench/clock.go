package bench

import "time"

// clockSteps is half the length of the chain of operations that the clock is told by.
const clockSteps = 1 << 22

// ProbeClock returns the clock of the core that runs it, in GHz, as a chain of dependent operations shows it, one a cycle: the best
// of a few. It is what the core gives this process, turbo and throttling included.
func ProbeClock() float64 {
	best := time.Duration(0)
	for range 8 {
		if d := timeChain(); best == 0 || d < best {
			best = d
		}
	}
	return giga(2*clockSteps, best)
}

// clockProbe measures the clock between the cells of a measurement.
type clockProbe struct{ samples samples }

// round times a chain for each block.
func (p *clockProbe) round() {
	var times []time.Duration
	for range blocksPerRound {
		times = append(times, timeChain())
	}
	p.samples.rounds = append(p.samples.rounds, times)
}

// ghz returns the clock of the best quarter of chains, their median.
func (p *clockProbe) ghz() float64 { return giga(2*clockSteps, p.samples.quiet()) }

// timeChain returns the time of a chain of 2*clockSteps operations.
func timeChain() time.Duration {
	start := time.Now()
	sink = chain(clockSteps)
	return time.Since(start)
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
