package bulk

import (
	"context"
	"time"

	"github.com/apache/beam/sdks/v2/go/pkg/beam"
)

// namespace is that of the metrics.
const namespace = "octet"

// Metrics that the runner collects. Distributions of times are in microseconds, for each picture; where pictures ran together, the
// time of a run is divided among them.
var (
	pictureCount    = beam.NewCounter(namespace, "pictures")
	unreadableCount = beam.NewCounter(namespace, "unreadable")
	byteCount       = beam.NewCounter(namespace, "bytes")
	shardCount      = beam.NewCounter(namespace, "shards")
	skippedCount    = beam.NewCounter(namespace, "shards_skipped")
	readTimes       = beam.NewDistribution(namespace, "read_us")
	prepareTimes    = beam.NewDistribution(namespace, "prepare_us")
	runTimes        = beam.NewDistribution(namespace, "run_us")
	batchSizes      = beam.NewDistribution(namespace, "batch")
)

// count adds a picture to the metrics.
func count(ctx context.Context, p *picture) {
	pictureCount.Inc(ctx, 1)
	byteCount.Inc(ctx, int64(p.bytes))
	readTimes.Update(ctx, p.read.Microseconds())
	if p.prepare > 0 {
		prepareTimes.Update(ctx, p.prepare.Microseconds())
	}
	if p.err != nil {
		unreadableCount.Inc(ctx, 1)
		return
	}
	runTimes.Update(ctx, p.run.Microseconds())
	batchSizes.Update(ctx, int64(p.batch))
}

// Timing describes times in a distribution of the metrics.
type Timing struct {
	Name        string
	Count       int64
	Least, Mean time.Duration
	Most        time.Duration
}

// Timings returns the distributions of times of a job, as far as its runner tells them.
func Timings(result beam.PipelineResult) (out []Timing) {
	for _, d := range result.Metrics().AllMetrics().Distributions() {
		v := d.Result()
		if d.Namespace() != namespace || d.Name() == "batch" || v.Count == 0 {
			continue
		}
		out = append(out, Timing{
			Name: d.Name(), Count: v.Count, Least: time.Duration(v.Min) * time.Microsecond, Most: time.Duration(v.Max) * time.Microsecond,
			Mean: time.Duration(v.Sum/v.Count) * time.Microsecond,
		})
	}
	return out
}
