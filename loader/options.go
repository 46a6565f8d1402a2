package loader

import (
	"errors"
	"fmt"
	"io/fs"

	"github.com/octet-ml/octet/graph"
)

// Limits bounds what a model may make the loader allocate. A zero field means its default.
type Limits struct {
	FileBytes     int64 // of the model; default 2 GiB
	ExternalBytes int64 // of all tensors stored in other files; default 4 GiB
	DecodedBytes  int64 // of tensors that the file holds in another form than memory does; default 1 GiB
	Nodes         int   // default 1<<18
}

// Option changes how a model is read.
type Option func(*options) error

type options struct {
	limits Limits
	shapes map[string]graph.Shape
	folder fs.FS
}

// WithLimits replaces the default limits. Negative ones are an error.
func WithLimits(l Limits) Option {
	return func(o *options) error {
		if l.FileBytes < 0 || l.ExternalBytes < 0 || l.DecodedBytes < 0 || l.Nodes < 0 {
			return fmt.Errorf("limits %+v: negative", l)
		}
		o.limits = l
		return nil
	}
}

// WithInputShape gives the input of that name a shape, for dimensions that the file leaves open; sizes that the file states
// must agree. A dimension of graph.Batch is the batch size.
func WithInputShape(name string, shape graph.Shape) Option {
	return func(o *options) error {
		if name == "" {
			return errors.New("shape of an input without a name")
		}
		if _, err := shape.Elements(); err != nil {
			return fmt.Errorf("input %q: %w", name, err)
		}
		if o.shapes == nil {
			o.shapes = make(map[string]graph.Shape)
		}
		o.shapes[name] = shape.Clone()
		return nil
	}
}

// WithFolder names the file system that tensors stored outside the model are read from, relative to its root. Open uses
// the model's folder by default, which symbolic links cannot leave; Decode refuses such tensors by default.
func WithFolder(folder fs.FS) Option {
	return func(o *options) error {
		o.folder = folder
		return nil
	}
}

func newOptions(list []Option) (*options, error) {
	o := new(options)
	for _, set := range list {
		if err := set(o); err != nil {
			return nil, fmt.Errorf("loader: %w", err)
		}
	}
	if o.limits.FileBytes == 0 {
		o.limits.FileBytes = 2 << 30
	}
	return o, nil
}
