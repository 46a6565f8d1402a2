package repository

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"time"

	"github.com/octet-ml/octet/digest"
	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/loader"
	"github.com/octet-ml/octet/runtime"
	"github.com/octet-ml/octet/serve/batch"
	"github.com/octet-ml/octet/vision"
)

// modelFiles are the names that a version's file may have.
var modelFiles = []string{"model.onnx", "model.tflite"}

// modelFile returns the path of the model in a version's folder.
func modelFile(folder string) (string, error) {
	for _, name := range modelFiles {
		path := filepath.Join(folder, name)
		if _, err := os.Stat(path); err == nil {
			return path, nil
		} else if !errors.Is(err, fs.ErrNotExist) {
			return "", err
		}
	}
	return "", fmt.Errorf("%w: %s has none of %v", ErrNotFound, folder, modelFiles)
}

// load makes a version from its folder, checked and warmed up.
func (r *Repository) load(ctx context.Context, name string, number int64, c Config) (*Version, error) {
	folder := filepath.Join(r.options.Dir, name, fmt.Sprint(number))
	path, err := modelFile(folder)
	if err != nil {
		return nil, err
	}
	var list []loader.Option
	for input, shape := range c.shapes {
		list = append(list, loader.WithInputShape(input, shape))
	}
	g, err := loader.Open(path, list...)
	if err != nil {
		return nil, err
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	labels, err := readLabels(filepath.Join(r.options.Dir, name), c.Labels)
	if err != nil {
		return nil, err
	}
	format := filepath.Ext(path)[1:]
	return r.make(name, number, format, g, labels, c)
}

// readLabels reads the labels of a model; the default file may be missing.
func readLabels(folder, file string) (vision.Labels, error) {
	named := file != ""
	if !named {
		file = "labels.txt"
	}
	if !filepath.IsLocal(file) {
		return nil, fmt.Errorf("%w: labels: %q leaves the model's folder", ErrConfig, file)
	}
	f, err := os.Open(filepath.Join(folder, file))
	if err != nil {
		if !named && errors.Is(err, fs.ErrNotExist) {
			return nil, nil
		}
		return nil, err
	}
	defer f.Close()
	labels, err := vision.ReadLabels(f)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	return labels, nil
}

// make compiles a graph, checks it, and runs it once at its largest batch size.
func (r *Repository) make(name string, number int64, format string, g *graph.Graph, labels vision.Labels, c Config) (*Version, error) {
	p, err := r.compile(g, c)
	if err != nil {
		return nil, err
	}
	if c.Integer {
		if err := p.RequireInteger(); err != nil {
			return nil, err
		}
	}
	v := &Version{Model: name, Number: number, Config: c, Format: format, Program: p, Loaded: time.Now(), unused: make(chan struct{})}
	v.refs.Store(1)
	if v.Digest, err = checkDigest(p, c.Digest); err != nil {
		return nil, err
	}
	if err := v.bindPictures(labels); err != nil {
		return nil, err
	}
	s, err := p.NewSession()
	if err != nil {
		return nil, err
	}
	s.Run()
	v.Stats = r.stats(name, number)
	v.Queue = batch.New(p, r.options.Cores, batch.Config{
		MaxDelay: time.Duration(c.MaxDelay), MaxQueue: c.MaxQueue,
		Observe: func(b batch.Batch) {
			v.Stats.ran(b)
			if r.options.OnBatch != nil {
				r.options.OnBatch(v, b)
			}
		},
	})
	return v, nil
}

// compile compiles a graph for the configured batch size, or for the one that it is fixed at.
func (r *Repository) compile(g *graph.Graph, c Config) (*runtime.Program, error) {
	list := []runtime.Option{runtime.WithPool(r.options.Pool), runtime.Threads(r.threads(c))}
	if r.options.Kernels != "" {
		list = append(list, runtime.Kernels(r.options.Kernels))
	}
	p, err := runtime.Compile(g, append(list, runtime.Batch(c.MaxBatch))...)
	if err == nil || c.MaxBatch == 1 {
		return p, err
	}
	// The batch size may be fixed, which Compile reports like any other obstacle: one example at a time may do.
	single, second := runtime.Compile(g, append(list, runtime.Batch(1))...)
	if second != nil {
		return nil, second
	}
	r.options.Logger.Warn("model takes no batches", "model", g.Name, "reason", err)
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

// Classes returns the number of scores of the first output for one example.
func (v *Version) Classes() int {
	n := 1
	for i, d := range v.Program.Outputs()[0].Shape {
		switch {
		case i == 0 && d < 0:
			n *= -d
		case d < 0:
			return 0 // depends on the batch
		case d > 0 && n > math.MaxInt32/d:
			return 0
		default:
			n *= d
		}
	}
	return n
}
