package batch

import (
	"testing"
	"time"
)

// A pause is no rate: what came before it is forgotten, and two arrivals after it tell the new rate.
func TestAPauseIsNoRate(t *testing.T) {
	var p pace
	now := time.Unix(1000, 0)
	for range 20 {
		now = now.Add(time.Millisecond)
		p.arrived(now)
	}
	if p.every != time.Millisecond {
		t.Errorf("every %v, want 1ms", p.every)
	}
	now = now.Add(time.Hour)
	p.arrived(now)
	if p.every != 0 || !p.seldom() || p.expects(time.Hour) {
		t.Errorf("after a pause: every %v, want none", p.every)
	}
	p.arrived(now.Add(2 * time.Millisecond))
	if p.every != 2*time.Millisecond {
		t.Errorf("every %v, want 2ms", p.every)
	}
}

// The time in which a queue was empty is not what its examples cost.
func TestAnEmptyQueueCostsNothing(t *testing.T) {
	var p pace
	now := time.Unix(1000, 0)
	const took = 10 * time.Millisecond
	came := now
	for range 3 {
		now = now.Add(took)
		p.ran(came, 1, 1, took, now, true)
	}
	// What waits is cancelled; the next request comes an hour later.
	now = now.Add(time.Hour)
	p.ran(now, 1, 1, took, now.Add(took), false)
	if p.example != took {
		t.Errorf("an example takes %v, want %v", p.example, took)
	}
}

// Ends that are told in another order than they came do not count below zero.
func TestEndsInAnotherOrder(t *testing.T) {
	var p pace
	came, end := time.Unix(1000, 0), time.Unix(1001, 0)
	p.ran(came, 1, 1, time.Second, end.Add(time.Second), true)
	p.ran(came, 1, 1, time.Second, end, true)
	if p.example < 0 || !p.ended.Equal(end.Add(time.Second)) {
		t.Errorf("an example takes %v, ended %v", p.example, p.ended)
	}
}

// A first run that was slow is forgotten: for all cores by runs on one, for the wait by a busy queue.
func TestSlowBeginningsHeal(t *testing.T) {
	var p pace
	now := time.Unix(1000, 0)
	came := now
	now = now.Add(time.Minute)
	p.ran(came, 1, 2, time.Minute, now, true)
	p.every = 50 * time.Millisecond
	if p.seldom() || p.wait(2) != 2*time.Minute {
		t.Fatalf("whole %v, an example takes %v", p.whole, p.example)
	}
	for range 100 {
		now = now.Add(10 * time.Millisecond)
		p.ran(came, 1, 1, 10*time.Millisecond, now, true)
	}
	if !p.seldom() || p.wait(2) > 30*time.Millisecond {
		t.Errorf("whole %v, an example takes %v: want about 10ms", p.whole, p.example)
	}
}
