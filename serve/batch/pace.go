package batch

import "time"

// pace estimates how fast requests come and how fast they are run: exponential means, in which the last ten or so count most.
// Queue.mu guards it.
type pace struct {
	every   time.Duration // between arrivals; 0: unknown
	last    time.Time     // arrival
	example time.Duration // of a busy queue's time for one example; 0: unknown
	ended   time.Time     // when the last batch ended
	busy    bool          // whether examples waited then
	whole   time.Duration // of a batch that had all cores; 0: unknown
}

// weight is what a new observation counts in a mean.
const weight = 1. / 8

// mean returns the exponential mean of old observations, 0 where there are none, and a new one.
func mean(old, new time.Duration) time.Duration {
	if old == 0 {
		return new
	}
	return old + time.Duration(weight*float64(new-old))
}

// pause is a time without arrivals after which the rate of those before says nothing.
const pause = 10 * time.Second

// arrived notes an arrival.
func (p *pace) arrived(now time.Time) {
	switch d := now.Sub(p.last); {
	case p.last.IsZero():
	case d > pause:
		p.every = 0
	default:
		p.every = max(1, mean(p.every, d))
	}
	p.last = now
}

// expects reports whether another request is likely to come within d.
func (p *pace) expects(d time.Duration) bool { return p.every > 0 && p.every <= d }

// ran notes the end of a batch of some examples, the first of which came at the given time, that took so long on the given number of
// threads, with examples waiting behind it or not. Between two ends of a queue that is never empty lies what the examples of the second
// cost, however many cores and other queues there are. A queue whose examples have left unanswered is empty until the next comes.
func (p *pace) ran(came time.Time, examples, threads int, took time.Duration, now time.Time, waiting bool) {
	switch {
	case p.busy && came.Before(p.ended):
		p.example = mean(p.example, max(0, now.Sub(p.ended))/time.Duration(examples)) // ends on two cores may be told in another order
	case p.example == 0:
		p.example = took / time.Duration(examples)
	}
	if now.After(p.ended) {
		p.ended = now
	}
	p.busy = waiting
	// One core takes no less than all: what took longer on all, when it was cold, say, tells nothing about the next.
	if threads > 1 || took < p.whole {
		p.whole = mean(p.whole, took)
	}
}

// seldom reports whether requests come so seldom that one which gets all cores is likely to be through before the next: on average, it
// takes less than half of the time between them. Else the next would wait for cores that do less each for sharing the work.
func (p *pace) seldom() bool { return p.every == 0 || 2*p.whole < p.every }

// wait returns how long a request that comes behind the given number of examples will wait.
func (p *pace) wait(examples int) time.Duration { return time.Duration(examples) * p.example }
