package bench

import (
	"math"
	"testing"
	"time"
)

// A spell in which the core is somebody else's is not the clock of the machine.
func TestTheClockIsThatOfTheBestSpells(t *testing.T) {
	var p clockProbe
	at := func(ghz float64) time.Duration { return time.Duration(2 * clockSteps / ghz) }
	for i := range rounds {
		clock := 2.0
		if i%3 == 0 {
			clock = 4
		}
		p.samples.rounds = append(p.samples.rounds, []time.Duration{at(clock), at(clock), at(clock)})
	}
	if got := p.ghz(); math.Abs(got-4) > 0.01 {
		t.Errorf("%v GHz, want 4", got)
	}
}

func TestTheClockIsProbedInEveryRound(t *testing.T) {
	var p clockProbe
	p.round()
	p.round()
	if len(p.samples.rounds) != 2 || len(p.samples.rounds[1]) != blocksPerRound {
		t.Errorf("samples %v", p.samples.rounds)
	}
	if got := p.ghz(); got < 0.1 || got > 10 {
		t.Errorf("%v GHz", got)
	}
}
