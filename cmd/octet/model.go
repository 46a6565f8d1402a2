package main

import (
	"fmt"
	"io"
	"math"
	"os"
	"time"

	"github.com/spf13/cobra"

	"github.com/octet-ml/octet/digest"
	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/loader"
	"github.com/octet-ml/octet/runtime"
)

// modelFlags are the flags of every sub-command that runs a model.
type modelFlags struct {
	threads        int
	batch          int
	kernels        string
	requireInteger bool
	profile        bool
	checkDigest    bool
}

func (f *modelFlags) register(c *cobra.Command) {
	c.Flags().IntVar(&f.threads, "threads", 0, "threads of one run (0: all cores)")
	c.Flags().StringVar(&f.kernels, "kernels", "", "instruction-set level (default: the best available; see octet cpu)")
	c.Flags().BoolVar(&f.requireInteger, "require-int8", false, "refuse a model whose convolutions or dense layers would run in float")
	c.Flags().BoolVar(&f.checkDigest, "check-digest", false, "first compute the model's digest and compare it with the one in its metadata")
}

// maxStdin bounds the bytes of a model or picture read from standard input.
const maxStdin = 1<<31 - 1

// readStdin returns all of standard input.
func (a *app) readStdin() ([]byte, error) {
	data, err := io.ReadAll(io.LimitReader(a.stdin, maxStdin+1))
	if err != nil {
		return nil, fmt.Errorf("standard input: %w", err)
	}
	if len(data) > maxStdin {
		return nil, fmt.Errorf("standard input: more than %d bytes", maxStdin)
	}
	return data, nil
}

// fileless returns the bytes of a model that is in no file: standard input for the path "-", or the embedded model of that name. It
// returns nil for other paths.
func (a *app) fileless(path string) ([]byte, error) {
	if s, ok := findSample(path); ok {
		return s.model(), nil
	}
	if path != "-" {
		return nil, nil
	}
	return a.readStdin()
}

// read returns the bytes of the model that load reads, without tensors that are in other files.
func (a *app) read(path string) ([]byte, error) {
	data, err := a.fileless(path)
	if err == nil && data == nil {
		return os.ReadFile(path)
	}
	return data, err
}

// load reads the model file at path, "-" for standard input, or the embedded model of that name.
func (a *app) load(path string) (*graph.Graph, error) {
	data, err := a.fileless(path)
	if err != nil {
		return nil, err
	}
	if data == nil {
		return loader.Open(path)
	}
	g, err := loader.Decode(data)
	if err != nil && path == "-" {
		return nil, fmt.Errorf("standard input: %w", err)
	}
	return g, err
}

// compile makes a program for the flags.
func (f *modelFlags) compile(g *graph.Graph) (*runtime.Program, error) {
	options := []runtime.Option{runtime.Threads(f.threads), runtime.Batch(max(f.batch, 1)), runtime.Float32()}
	if f.kernels != "" {
		options = append(options, runtime.Kernels(f.kernels))
	}
	if f.profile {
		options = append(options, runtime.Profile())
	}
	p, err := runtime.Compile(g, options...)
	if err != nil {
		return nil, err
	}
	if f.requireInteger {
		if err := p.RequireInteger(); err != nil {
			return nil, err
		}
	}
	if f.checkDigest {
		if err := digest.Check(p); err != nil {
			return nil, err
		}
	}
	return p, nil
}

// precision names the arithmetic of a program's convolutions and dense layers.
func precision(p *runtime.Program) string {
	counts := map[string]int{}
	for _, s := range p.Steps() {
		if s.MACs > 0 {
			if s.DType.IsFloat() {
				counts["fp32"]++
			} else {
				counts["int8"]++
			}
		}
	}
	switch {
	case counts["int8"] > 0 && counts["fp32"] > 0:
		return "mixed int8 and fp32"
	case counts["int8"] > 0:
		return "int8"
	}
	return "fp32"
}

// milliseconds prints a duration for people.
func milliseconds(d time.Duration) string {
	ms := float64(d) / float64(time.Millisecond)
	digits := max(0, 2-int(math.Floor(math.Log10(max(ms, 0.001)))))
	return fmt.Sprintf("%.*f ms", digits, ms)
}
