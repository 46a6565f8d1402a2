package bulk

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"math"

	"github.com/octet-ml/octet/loader"
	"github.com/octet-ml/octet/runtime"
	"github.com/octet-ml/octet/vision"
)

// model is a compiled model with what turns pictures into its input and its output into classes.
type model struct {
	program  *runtime.Program
	pipeline *vision.Pipeline
	labels   vision.Labels
	digest   string // SHA-256 of the file, in hexadecimal
	classes  int
	source   string // where the preprocessing is from
}

// digestDigits is how many digits of the digest are in each row.
const digestDigits = 16

// loadModel reads and compiles the model of options that have their defaults.
func loadModel(ctx context.Context, files *storage, o Options) (*model, error) {
	data, err := files.read(ctx, o.Model, math.MaxInt64-1)
	if err != nil {
		return nil, fmt.Errorf("%w: %s: %w", ErrModel, o.Model, err)
	}
	sum := sha256.Sum256(data)
	m := &model{digest: hex.EncodeToString(sum[:])}
	if o.Digest != "" && o.Digest != m.digest {
		return nil, fmt.Errorf("%w: %s: SHA-256 %s: want %s", ErrModel, o.Model, m.digest, o.Digest)
	}
	g, err := loader.Decode(data)
	if err != nil {
		return nil, fmt.Errorf("%w: %s: %w", ErrModel, o.Model, err)
	}
	if m.program, err = runtime.Compile(g, runtime.Batch(o.Batch), runtime.Threads(1), runtime.Float32()); err != nil {
		return nil, fmt.Errorf("%w: %s: %w", ErrModel, o.Model, err)
	}
	if err := m.bind(ctx, files, o); err != nil {
		return nil, fmt.Errorf("%s: %w", o.Model, err)
	}
	return m, nil
}

// bind decides preprocessing and labels.
func (m *model) bind(ctx context.Context, files *storage, o Options) error {
	p := m.program
	if len(p.Inputs()) != 1 || !p.Dynamic() && p.MaxBatch() != 1 {
		return fmt.Errorf("%w: %d inputs, batch %d: want one input, and an open batch or one picture", ErrModel, len(p.Inputs()), p.MaxBatch())
	}
	spec, err := vision.SpecOf(p.Canonical().Inputs[0])
	if err != nil {
		return fmt.Errorf("%w: %w", ErrModel, err)
	}
	pre, source, err := vision.Choose(spec, p.Metadata(), o.Preset)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrOption, err)
	}
	m.source = source.String()
	if m.pipeline, err = pre.Bind(spec); err != nil {
		return fmt.Errorf("%w: %w", ErrOption, err)
	}
	n, err := p.Outputs()[0].Shape.Bind(1).Elements()
	if err != nil || n < 1 {
		return fmt.Errorf("%w: output %v", ErrModel, p.Outputs()[0].Shape)
	}
	m.classes = n
	m.labels = pre.Labels
	if o.Labels != "" {
		text, err := files.read(ctx, o.Labels, math.MaxInt64-1)
		if err != nil {
			return fmt.Errorf("%w: %s: %w", ErrOption, o.Labels, err)
		}
		if m.labels, err = vision.ParseLabels(text); err != nil {
			return fmt.Errorf("%w: %s: %w", ErrOption, o.Labels, err)
		}
	}
	if m.labels, err = m.labels.Align(m.classes); err != nil {
		return fmt.Errorf("%w: %w", ErrOption, err)
	}
	return nil
}

// top returns the best classes of the scores of a picture.
func (m *model) top(scores []float32, k int) []Class {
	best := vision.TopK(vision.Probabilities(scores), k)
	out := make([]Class, len(best))
	for i, c := range best {
		out[i] = Class{Index: c.Index, Label: m.labels.Name(c.Index), Probability: c.Score}
	}
	return out
}

// labelsDigest returns the hash of the labels.
func (m *model) labelsDigest() string { return digestOf(m.labels) }
