package repository

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"runtime/debug"
	"time"

	"github.com/octet-ml/octet/digest"
	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/loader"
	"github.com/octet-ml/octet/runtime"
	"github.com/octet-ml/octet/serve/batch"
	"github.com/octet-ml/octet/vision"
)

// source is where a version is made from.
type source struct {
	name   string
	number int64
	format string
	graph  *graph.Graph
	labels vision.Labels
}

// load makes a version from its folder, checked and warmed up. A panic, which would be a bug of ours, fails the version and not the
// process.
func (r *Repository) load(ctx context.Context, c candidate) (v *Version, err error) {
	defer func() {
		if p := recover(); p != nil {
			r.options.Logger.Error("loading panicked", "model", c.name, "version", c.number, "panic", fmt.Sprint(p), "stack", string(debug.Stack()))
			v, err = nil, fmt.Errorf("bug: loading panicked: %v", p)
		}
	}()
	folder := filepath.Join(r.options.Dir, c.name)
	path, err := modelFile(filepath.Join(folder, fmt.Sprint(c.number)))
	if err != nil {
		return nil, err
	}
	var list []loader.Option
	for input, shape := range c.config.shapes {
		list = append(list, loader.WithInputShape(input, shape))
	}
	g, err := loader.Open(path, list...)
	if err != nil {
		return nil, err
	}
	labels, err := readLabels(folder, c.config)
	if err != nil {
		return nil, err
	}
	return r.make(ctx, source{name: c.name, number: c.number, format: filepath.Ext(path)[1:], graph: g, labels: labels}, c.config)
}

// make compiles a graph, checks it, and runs it at its smallest and its largest batch size. The context is looked at between steps.
func (r *Repository) make(ctx context.Context, from source, c Config) (*Version, error) {
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	p, err := r.compile(from, c)
	if err != nil {
		return nil, err
	}
	if c.Integer {
		if err := p.RequireInteger(); err != nil {
			return nil, err
		}
	}
	v := &Version{Model: from.name, Number: from.number, Config: c, Format: from.format, Program: p, Loaded: time.Now(), unused: make(chan struct{})}
	v.refs.Store(1)
	if err := v.bindPictures(from.labels); err != nil {
		return nil, err
	}
	s, err := r.try(ctx, v, c)
	if err != nil {
		return nil, err
	}
	v.Queue = batch.New(p, r.options.Cores, batch.Config{
		MaxDelay: time.Duration(c.MaxDelay), MaxQueue: c.MaxQueue, Session: s,
		Observe: func(b batch.Batch) {
			v.Stats.ran(b)
			r.failed(v, b.Err)
			if r.options.OnBatch != nil {
				r.options.OnBatch(v, b)
			}
		},
	})
	return v, nil
}

// try checks the digest of a version and warms it up, on a core that requests of other versions do without meanwhile.
func (r *Repository) try(ctx context.Context, v *Version, c Config) (s *runtime.Session, err error) {
	if err := r.options.Cores.Acquire(ctx); err != nil {
		return nil, err
	}
	defer r.options.Cores.Release()
	if v.Digest, err = checkDigest(v.Program, c.Digest); err != nil {
		return nil, err
	}
	return warmUp(v.Program)
}

// failed logs the error of a batch, nil where there is none: clients are not told all of it.
func (r *Repository) failed(v *Version, err error) {
	if err == nil {
		return
	}
	var stack []byte
	var panicked *batch.PanicError
	if errors.As(err, &panicked) {
		stack = panicked.Stack
	}
	r.options.Logger.Error("batch failed", "model", v.Model, "version", v.Number, "error", err, "stack", string(stack))
}

// warmUp returns a session that has run at the batch sizes of the first requests: plans are made and memory is touched.
func warmUp(p *runtime.Program) (*runtime.Session, error) {
	s, err := p.NewSession()
	if err != nil {
		return nil, err
	}
	s.Run()
	if p.Dynamic() && p.MaxBatch() > 1 {
		if err := s.SetBatch(1); err != nil {
			return nil, err
		}
		s.Run()
	}
	return s, nil
}

// compile compiles a graph for the configured batch size, or for the one that it is fixed at.
func (r *Repository) compile(from source, c Config) (*runtime.Program, error) {
	list := []runtime.Option{runtime.WithPool(r.options.Pool), runtime.Threads(r.threads(c))}
	if r.options.Kernels != "" {
		list = append(list, runtime.Kernels(r.options.Kernels))
	}
	p, err := runtime.Compile(from.graph, append(list, runtime.Batch(c.MaxBatch))...)
	if err == nil || c.MaxBatch == 1 {
		return p, err
	}
	// The batch size may be fixed, which Compile reports like any other obstacle: one example at a time may do.
	single, second := runtime.Compile(from.graph, append(list, runtime.Batch(1))...)
	if second != nil {
		return nil, second
	}
	r.options.Logger.Warn("model takes no batches", "model", from.name, "version", from.number, "reason", err)
	return single, nil
}

// threads returns the number of threads of a run that is alone.
func (r *Repository) threads(c Config) int {
	n := r.options.Cores.N()
	if c.Threads > 0 {
		n = min(n, c.Threads)
	}
	return n
}

// checkDigest returns the digest that the model's file carries, once it has been found to hold.
func checkDigest(p *runtime.Program, required bool) (string, error) {
	carried, ok := p.Metadata()[digest.Key]
	if !ok && !required {
		return "", nil
	}
	return carried, digest.Check(p)
}

// bindPictures decides how pictures become the model's input, and what its classes are called.
func (v *Version) bindPictures(labels vision.Labels) error {
	inputs := v.Program.Canonical().Inputs
	if len(inputs) != 1 {
		v.NoPicture = fmt.Errorf("%w: the model has %d inputs", vision.ErrInput, len(inputs))
	} else if spec, err := vision.SpecOf(inputs[0]); err != nil {
		v.NoPicture = err
	} else {
		pre, source, err := vision.Choose(spec, v.Program.Metadata(), "")
		v.Source = source.String()
		if v.Config.preprocess != nil {
			pre, v.Source, err = *v.Config.preprocess, "config.json", nil
			if own, _, second := vision.FromMetadata(v.Program.Metadata()); pre.Labels == nil && second == nil {
				pre.Labels = own.Labels
			}
		}
		if err != nil {
			return err
		}
		if labels == nil {
			labels = pre.Labels
		}
		if v.Pipeline, err = pre.Bind(spec); err != nil {
			v.NoPicture = err
		}
	}
	if v.NoPicture != nil && v.Config.preprocess != nil {
		return v.NoPicture
	}
	aligned, err := labels.Align(v.Classes())
	v.Labels = aligned
	return err
}

// Classes returns the number of scores of the first output for one example; 0 where examples do not lie one after the other.
func (v *Version) Classes() int {
	shape := v.Program.Outputs()[0].Shape
	if len(shape) > 0 && !shape[1:].Static() {
		return 0
	}
	n, err := shape.Elements()
	if err != nil {
		return 0
	}
	return max(n, -n)
}
