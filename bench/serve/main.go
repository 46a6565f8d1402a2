// Command serve measures octet serve against octet bench, as two processes and their client on one machine:
//
//	go run ./bench/serve --model mobilenet_v2.onnx
//
// In each round clients saturate the server for a while, then octet bench runs the same model in as many sessions as there are cores;
// throughput is compared round by round, so that what else the machine does weighs on both. After that come the latency of an idle
// server, an open loop at 80 % of saturation, one at 300 %, a kill -9 with a restart, and the processor time and memory of a server
// that does nothing. It prints ratios and counts, as the machine's own speed is nobody's else.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"runtime"
	"time"
)

// settings are the flags.
type settings struct {
	model    string
	octet    string
	rounds   int
	clients  int
	turn     time.Duration // of saturation and of octet bench in a round
	steady   time.Duration // at 80 %
	overload time.Duration // at 300 %
	pictures string        // folder; empty: none
}

func main() {
	var s settings
	flag.StringVar(&s.model, "model", "", "model file")
	flag.StringVar(&s.octet, "octet", "", "the octet command (default: built from ./cmd/octet)")
	flag.IntVar(&s.rounds, "rounds", 7, "rounds of saturation and bench")
	flag.IntVar(&s.clients, "clients", 64, "clients that saturate the server")
	flag.DurationVar(&s.turn, "turn", 5*time.Second, "time of each in a round")
	flag.DurationVar(&s.steady, "steady", time.Minute, "time at 80 % of saturation")
	flag.DurationVar(&s.overload, "overload", 20*time.Second, "time at 300 %")
	flag.StringVar(&s.pictures, "pictures", "", "folder with pictures to classify, too")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, s, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "serve:", err)
		os.Exit(1)
	}
}

// run measures and prints.
func run(ctx context.Context, s settings, out io.Writer) (err error) {
	if s.model == "" || s.rounds < 1 || s.clients < 1 {
		return errors.New("want --model FILE, and at least one round and one client")
	}
	work, err := os.MkdirTemp("", "octet-serve-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(work)
	if s.octet == "" {
		s.octet = filepath.Join(work, "octet")
		if text, err := exec.CommandContext(ctx, "go", "build", "-o", s.octet, "./cmd/octet").CombinedOutput(); err != nil {
			return fmt.Errorf("go build: %w\n%s", err, text)
		}
	}
	data, err := os.ReadFile(s.model)
	if err != nil {
		return err
	}
	folder := filepath.Join(work, "models", modelName, "1")
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(folder, "model"+filepath.Ext(s.model)), data, 0o644); err != nil {
		return err
	}
	server, err := start(ctx, s.octet, filepath.Join(work, "models"))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, server.stop()) }()
	fmt.Fprintf(out, "%s, %d cores, %s\n", filepath.Base(s.model), runtime.NumCPU(), runtime.Version())
	m := &measurement{settings: s, server: server, out: out}
	for _, part := range []func(context.Context) error{m.idle, m.saturation, m.steadyLoad, m.overloaded, m.classify, m.restart} {
		if err := part(ctx); err != nil {
			return err
		}
	}
	return nil
}
