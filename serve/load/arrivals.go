package load

import (
	"math/rand/v2"
	"time"
)

// schedule tells when requests fall due, as times from the beginning, ascending.
type schedule interface {
	next() time.Duration
}

// newSchedule returns the schedule of an open loop.
func newSchedule(o *Options) schedule {
	if o.Arrivals == Poisson {
		return &poisson{mean: float64(time.Second) / o.Rate, random: rand.New(rand.NewPCG(o.Seed, 0))}
	}
	return &constant{interval: float64(time.Second) / o.Rate}
}

// constant is a schedule of equal intervals. Times are multiples of the interval, so that no rounding adds up.
type constant struct {
	interval float64 // ns
	n        int64
}

func (c *constant) next() time.Duration {
	c.n++
	return time.Duration(float64(c.n-1) * c.interval)
}

// poisson is a Poisson process: times between requests are exponential.
type poisson struct {
	mean   float64 // ns between requests
	at     float64 // ns
	random *rand.Rand
}

func (p *poisson) next() time.Duration {
	p.at += p.random.ExpFloat64() * p.mean
	return time.Duration(p.at)
}
