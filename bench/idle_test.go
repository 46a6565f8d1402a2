package bench_test

import (
	"slices"
	"testing"
	"time"

	"github.com/octet-ml/octet/bench"
	"github.com/octet-ml/octet/runtime"
)

// BenchmarkAfterIdle compares the first inference after a second of idleness, when caches and clocks have cooled down and the
// workers sleep, with those that follow: "first/steady" is the ratio of medians.
func BenchmarkAfterIdle(b *testing.B) {
	for _, arch := range []string{"resnet50", "mobilenetv2"} {
		b.Run(arch, func(b *testing.B) {
			g, err := bench.Build(arch, bench.Int8)
			if err != nil {
				b.Fatal(err)
			}
			p, err := runtime.Compile(g)
			if err != nil {
				b.Fatal(err)
			}
			s, err := p.NewSession()
			if err != nil {
				b.Fatal(err)
			}
			run := func() time.Duration {
				start := time.Now()
				s.Run()
				return time.Since(start)
			}
			run()
			var first, steady []time.Duration
			for b.Loop() {
				time.Sleep(time.Second)
				first = append(first, run())
				for range 10 {
					steady = append(steady, run())
				}
			}
			slices.Sort(first)
			slices.Sort(steady)
			b.ReportMetric(float64(first[len(first)/2])/float64(steady[len(steady)/2]), "first/steady")
			b.ReportMetric(0, "ns/op") // mostly sleep
		})
	}
}
