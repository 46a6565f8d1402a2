package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"time"

	"github.com/octet-ml/octet/bench"
	"github.com/octet-ml/octet/serve/load"
)

// measurement is what has been measured so far.
type measurement struct {
	settings
	server *server
	out    io.Writer
	quiet  time.Duration // p50 of an idle server
	most   float64       // requests a second at saturation
	least  float64       // the same, in the slowest round
}

// load sends requests to the server.
func (m *measurement) load(ctx context.Context, o load.Options) (*load.Report, error) {
	o.URL, o.Model = "http://"+m.server.address, modelName
	return load.Run(ctx, o)
}

// idle measures latency where a request finds the server at rest, and what the server uses while there is none.
func (m *measurement) idle(ctx context.Context) error {
	before, err := m.server.ticks()
	if err != nil {
		return err
	}
	time.Sleep(10 * time.Second)
	after, err := m.server.ticks()
	if err != nil {
		return err
	}
	fmt.Fprintf(m.out, "idle: %d hundredths of a second of processor time in 10 s\n", after-before)
	r, err := m.load(ctx, load.Options{Rate: 5, Duration: 20 * time.Second, Warmup: time.Second})
	if err != nil {
		return err
	}
	m.quiet = r.Of("200").Latency.P50
	fmt.Fprintf(m.out, "one request at a time, 5 a second: p99 %.2f times p50\n", ratio(r.Of("200").Latency.P99, m.quiet))
	return nil
}

// saturation compares the throughput of many clients with that of octet bench.
func (m *measurement) saturation(ctx context.Context) error {
	var ratios, rates []float64
	for range m.rounds {
		r, err := m.load(ctx, load.Options{Clients: m.clients, Warmup: time.Second, Duration: m.turn})
		if err != nil {
			return err
		}
		if r.Good != r.Sent {
			return fmt.Errorf("saturation: %d of %d requests were answered well: %v", r.Good, r.Sent, r.Outcomes[len(r.Outcomes)-1])
		}
		best, err := m.bench(ctx)
		if err != nil {
			return err
		}
		rates, ratios = append(rates, r.GoodRate), append(ratios, r.GoodRate/best)
		fmt.Fprintf(m.out, "saturation, %d clients, over octet bench: %.3f\n", m.clients, r.GoodRate/best)
	}
	m.most, m.least = median(rates), slices.Min(rates)
	fmt.Fprintf(m.out, "saturation, median of %d: %.3f\n", m.rounds, median(ratios))
	return nil
}

// bench returns the pictures a second that octet bench reaches with a session on each core.
func (m *measurement) bench(ctx context.Context) (float64, error) {
	c := exec.CommandContext(ctx, m.octet, "bench", "--model", m.model, "--threads", "1", "--batch", "1", "--concurrency", fmt.Sprint(runtime.NumCPU()),
		"--duration", m.turn.String(), "--json")
	c.Stderr = os.Stderr
	text, err := c.Output()
	if err != nil {
		return 0, fmt.Errorf("octet bench: %w", err)
	}
	var report bench.Report
	if err := json.Unmarshal(text, &report); err != nil || len(report.Results) != 1 {
		return 0, errors.Join(fmt.Errorf("octet bench: %d results", len(report.Results)), err)
	}
	r := report.Results[0]
	runs, total := 0, 0.
	for _, round := range r.Rounds {
		runs, total = runs+round.Runs, total+float64(round.Runs)*round.Mean
	}
	return float64(r.Sessions) * float64(runs) / total * 1000, nil
}

// steadyLoad measures open loops at 80 % of saturation: of its median, and of its slowest round, which a machine that others use, too,
// still has when it is slow.
func (m *measurement) steadyLoad(ctx context.Context) error {
	for _, of := range []struct {
		name string
		rate float64
	}{{"saturation", m.most}, {"the slowest round", m.least}} {
		r, err := m.load(ctx, load.Options{Rate: 0.8 * of.rate, Warmup: 2 * time.Second, Duration: m.steady})
		if err != nil {
			return err
		}
		l := r.Of("200").Latency
		fmt.Fprintf(m.out, "open loop at 80 %% of %s, %.2f of the median, for %v: %d sent, %d good; over the idle p50: p50 %.2f, p90 %.2f, p99 %.2f, p99.9 %.2f\n",
			of.name, 0.8*of.rate/m.most, m.steady, r.Sent, r.Good, ratio(l.P50, m.quiet), ratio(l.P90, m.quiet), ratio(l.P99, m.quiet), ratio(l.P999, m.quiet))
	}
	return nil
}

// overloaded measures an open loop at 300 %, and the memory of the server.
func (m *measurement) overloaded(ctx context.Context) error {
	var memory []int64
	done := make(chan struct{})
	through := make(chan struct{})
	go func() {
		defer close(through)
		for {
			select {
			case <-done:
				return
			case <-time.After(m.overload / 20):
				if n, err := m.server.resident(); err == nil {
					memory = append(memory, n>>20)
				}
			}
		}
	}()
	r, err := m.load(ctx, load.Options{Rate: 3 * m.most, Warmup: time.Second, Duration: m.overload, MaxInFlight: 2000})
	close(done)
	<-through
	if err != nil {
		return err
	}
	fmt.Fprintf(m.out, "open loop at 300 %% for %v: %d sent, %d not sent", m.overload, r.Sent, r.Unsent)
	for _, o := range r.Outcomes {
		fmt.Fprintf(m.out, "; %s: %d", o.Code, o.Latency.Count)
	}
	fmt.Fprintf(m.out, "; good over saturation %.2f; p99 of the good %.2f s; memory in MiB %v\n", r.GoodRate/m.most, r.Of("200").Latency.P99.Seconds(), memory)
	return nil
}

// classify compares pictures with tensors at saturation.
func (m *measurement) classify(ctx context.Context) error {
	if m.pictures == "" {
		return nil
	}
	files, err := filepath.Glob(filepath.Join(m.pictures, "*"))
	if err != nil {
		return err
	}
	var list [][]byte
	for _, f := range files[:min(len(files), 64)] {
		data, err := os.ReadFile(f)
		if err != nil {
			return err
		}
		list = append(list, data)
	}
	r, err := m.load(ctx, load.Options{Pictures: list, Clients: m.clients, Warmup: time.Second, Duration: m.turn})
	if err != nil {
		return err
	}
	fmt.Fprintf(m.out, "pictures at saturation, over tensors: %.3f; %d of %d good\n", r.GoodRate/m.most, r.Good, r.Sent)
	return nil
}

// restart kills the server and measures how long it takes to be ready again.
func (m *measurement) restart(ctx context.Context) error {
	var times []float64
	for range 7 {
		if err := m.server.kill(); err != nil {
			return err
		}
		begin := time.Now()
		if err := m.server.again(ctx); err != nil {
			return err
		}
		times = append(times, time.Since(begin).Seconds())
	}
	fmt.Fprintf(m.out, "ready again after kill -9: median %.2f s, worst %.2f s of %d\n", median(times), slices.Max(times), len(times))
	return nil
}

// ratio returns a over b.
func ratio(a, b time.Duration) float64 { return float64(a) / float64(b) }

// median returns the median of a list, which it sorts.
func median(list []float64) float64 {
	slices.Sort(list)
	return (list[(len(list)-1)/2] + list[len(list)/2]) / 2
}
