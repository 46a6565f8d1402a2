package bench

import (
	"fmt"
	"math"
	"time"

	"github.com/octet-ml/octet/fp32"
	i8 "github.com/octet-ml/octet/int8"
	"github.com/octet-ml/octet/internal/cpu"
)

// Peak is the most that one core does, in 10⁹ multiplications a second.
type Peak struct {
	Int8 float64 `json:"int8_gmacs"`
	FP32 float64 `json:"fp32_gmacs"`
}

// of returns the peak for models of precision p.
func (p Peak) of(precision Precision) float64 {
	if precision.Integer() {
		return p.Int8
	}
	return p.FP32
}

// probeShapes are the convolutions of the probe: k x k on a square of c channels without padding. Weights and data stay in
// the first or second cache, and sums are long, so that nothing but multiplication takes time; which one is best depends on
// the level's kernels.
var probeShapes = []struct{ kernel, channels, size int }{{3, 64, 14}, {3, 128, 16}, {1, 256, 16}}

// probeTime is how long one convolution runs in a round of the probe.
const probeTime = 4 * time.Millisecond

// step is what the kernels' packages bind.
type step interface {
	Tiles() int
	Run(scratch []byte, from, to int)
}

// probeStep is one convolution of a probe.
type probeStep struct {
	step
	scratch []byte
	macs    float64
	samples samples
}

// probe measures the peak of one precision.
type probe []*probeStep

// ProbePeak measures the peak of one core at a level for about half a second: for int8 by a loop of the level's products on
// registers, which is what the processor can do at most; for fp32, and at levels without such a loop, by the best of a few
// convolutions on data in the caches, which is what our own kernels reach where nothing hinders them.
func ProbePeak(l cpu.Level) (Peak, error) {
	integer, float, err := newProbes(l)
	if err != nil {
		return Peak{}, err
	}
	for range 2 * rounds {
		integer.round()
		float.round()
	}
	return Peak{Int8: integer.peak(), FP32: float.peak()}, nil
}

// peakProducts are products of a run of peakLoop, some 100 microseconds.
const peakProducts = 1 << 24

// peakLoop is the loop of products of an int8 level.
type peakLoop struct{ kernels *i8.Kernels }

// Tiles returns 1.
func (peakLoop) Tiles() int { return 1 }

// Run runs the loop.
func (l peakLoop) Run([]byte, int, int) { l.kernels.Peak(peakProducts) }

// newProbes returns the probes of both precisions.
func newProbes(l cpu.Level) (integer, float probe, err error) {
	if integer, err = newInt8Probe(l); err != nil {
		return nil, nil, fmt.Errorf("int8 probe: %w", err)
	}
	if float, err = newFP32Probe(l); err != nil {
		return nil, nil, fmt.Errorf("fp32 probe: %w", err)
	}
	return integer, float, nil
}

// round runs every convolution of the probe for probeTime.
func (p probe) round() {
	for _, s := range p {
		s.Run(s.scratch, 0, s.Tiles())
		var times []time.Duration
		for begin := time.Now(); time.Since(begin) < probeTime; {
			start := time.Now()
			s.Run(s.scratch, 0, s.Tiles())
			times = append(times, time.Since(start))
		}
		s.samples.rounds = append(s.samples.rounds, times)
	}
}

// peak returns the best rate.
func (p probe) peak() float64 {
	best := 0.0
	for _, s := range p {
		best = max(best, giga(s.macs, s.samples.quiet()))
	}
	return best
}

func newInt8Probe(l cpu.Level) (probe, error) {
	kernels, err := i8.Select(l)
	if err != nil {
		return nil, err
	}
	if products := kernels.Peak(peakProducts); products > 0 {
		return probe{{step: peakLoop{kernels}, macs: float64(products)}}, nil
	}
	var p probe
	for _, s := range probeShapes {
		out := s.size - s.kernel + 1
		weights := make([]byte, s.channels*s.channels*s.kernel*s.kernel)
		for i := range weights {
			weights[i] = byte(i%127 - 63)
		}
		packed, err := kernels.PackConv(i8.Weights{Data: weights, Bits: 8, OC: s.channels, KH: s.kernel, KW: s.kernel, IC: s.channels, Groups: 1})
		if err != nil {
			return nil, err
		}
		plan, err := packed.Plan(
			i8.Geometry{N: 1, H: s.size, W: s.size, Strides: [2]int{1, 1}, Dilations: [2]int{1, 1}, OH: out, OW: out},
			i8.Epilogue{Multiplier: []float32{1. / 1024}, Hi: 255},
		)
		if err != nil {
			return nil, err
		}
		src := make([]byte, s.size*s.size*s.channels+i8.Slack)
		for i := range src {
			src[i] = byte(i % 251)
		}
		bound, err := plan.Bind(i8.ConvArgs{Src: src[:len(src)-i8.Slack], Dst: make([]byte, out*out*s.channels)})
		if err != nil {
			return nil, err
		}
		p = append(p, &probeStep{step: bound, scratch: make([]byte, plan.Scratch()), macs: float64(out * out * s.channels * s.channels * s.kernel * s.kernel)})
	}
	return p, nil
}

func newFP32Probe(l cpu.Level) (probe, error) {
	kernels, err := f32.Select(l)
	if err != nil {
		return nil, err
	}
	var p probe
	for _, s := range probeShapes {
		out := s.size - s.kernel + 1
		weights := make([]float32, s.channels*s.channels*s.kernel*s.kernel)
		for i := range weights {
			weights[i] = float32(i%127 - 63)
		}
		packed, err := kernels.PackConv(f32.Weights{Data: weights, OC: s.channels, KH: s.kernel, KW: s.kernel, IC: s.channels, Groups: 1})
		if err != nil {
			return nil, err
		}
		plan, err := packed.Plan(
			f32.Geometry{N: 1, H: s.size, W: s.size, Strides: [2]int{1, 1}, Dilations: [2]int{1, 1}, OH: out, OW: out},
			f32.Epilogue{Lo: float32(math.Inf(-1)), Hi: float32(math.Inf(1))},
		)
		if err != nil {
			return nil, err
		}
		src := make([]byte, 4*s.size*s.size*s.channels+f32.Slack)
		bound, err := plan.Bind(f32.ConvArgs{Src: src[:len(src)-f32.Slack], Dst: make([]byte, 4*out*out*s.channels)})
		if err != nil {
			return nil, err
		}
		p = append(p, &probeStep{step: bound, scratch: make([]byte, plan.Scratch()), macs: float64(out * out * s.channels * s.channels * s.kernel * s.kernel)})
	}
	return p, nil
}
