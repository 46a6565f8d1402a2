package f32

import (
	"bufio"
	"fmt"
	"math/rand"
	"os"
	"strings"
	"testing"

	"github.com/octet-ml/octet/internal/cpu"
)

// benchCases reads testdata/shapes.txt.
func benchCases(b *testing.B) []convCase {
	b.Helper()
	f, err := os.Open("testdata/shapes.txt")
	if err != nil {
		b.Fatal(err)
	}
	defer f.Close()
	var cases []convCase
	for lines := bufio.NewScanner(f); lines.Scan(); {
		line := lines.Text()
		if strings.HasPrefix(line, "#") {
			continue
		}
		c := convCase{dilation: s1, bias: true}
		var channels, stride, pad int
		if _, err := fmt.Sscan(line, &c.name, &c.n, &c.h, &c.w, &channels, &c.oc, &c.kh, &stride, &pad, &c.groups); err != nil {
			b.Fatalf("shapes.txt: %q: %v", line, err)
		}
		c.kw, c.ic = c.kh, channels/c.groups
		c.stride, c.pads = [2]int{stride, stride}, [4]int{pad, pad, pad, pad}
		cases = append(cases, c)
	}
	return cases
}

// BenchmarkConv reports GFLOP/s, two operations for each multiply-add, padded taps included, on one thread with warm caches.
func BenchmarkConv(b *testing.B) {
	for _, level := range cpu.Available() {
		k, err := Select(level)
		if err != nil {
			b.Fatal(err)
		}
		for _, c := range benchCases(b) {
			rng := rand.New(rand.NewSource(1))
			w, g := c.weights(rng), c.geometry()
			packed, err := k.PackConv(w)
			if err != nil {
				b.Fatal(err)
			}
			plan, err := packed.Plan(g, Epilogue{Lo: 0, Hi: inf, Bias: random(rng, c.oc).values})
			if err != nil {
				b.Fatal(err)
			}
			src, dst := random(rng, g.N*g.H*g.W*c.groups*c.ic), newBuffer(g.N*g.OH*g.OW*c.oc)
			step, err := plan.Bind(ConvArgs{Src: src.bytes, Dst: dst.bytes})
			if err != nil {
				b.Fatal(err)
			}
			b.Run(plan.Kernel()+"/"+c.name, func(b *testing.B) {
				scratch := make([]byte, plan.Scratch())
				for b.Loop() {
					step.Run(scratch, 0, step.Tiles())
				}
				flop := 2 * float64(g.N*g.OH*g.OW) * float64(len(w.Data))
				b.ReportMetric(flop*float64(b.N)/float64(b.Elapsed().Nanoseconds()), "GFLOP/s")
			})
		}
	}
}

// BenchmarkFunctions reports the time of an element: of the kernels on each level, then of the scalar functions.
func BenchmarkFunctions(b *testing.B) {
	src, dst := random(rand.New(rand.NewSource(1)), 1<<14), newBuffer(1<<14)
	bench := func(name string, p *UnaryPlan) {
		step, err := p.Bind(src.bytes, dst.bytes)
		if err != nil {
			b.Fatal(err)
		}
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				step.Run(nil, 0, step.Tiles())
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/(1<<14), "ns/element")
		})
	}
	for _, level := range cpu.Available() {
		k, err := Select(level)
		if err != nil {
			b.Fatal(err)
		}
		for _, f := range planned {
			bench(k.Function(f.f).Kernel()+"/"+f.name, k.Function(f.f))
		}
		if level == cpu.Generic {
			for _, f := range functions {
				bench("scalar/"+f.name, k.Unary(f.f))
			}
		}
	}
}
