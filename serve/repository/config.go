package repository

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"time"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/vision"
)

// Config says how a model is served: config.json in its folder. Zero fields mean the defaults of Options.Defaults, then those
// that are named here.
type Config struct {
	MaxBatch int      `json:"max_batch,omitempty"` // examples of a batch; default 8; 1 where the model's batch size is fixed
	MaxDelay Duration `json:"max_delay,omitempty"` // how long a request may wait for others to fill a batch; default 0
	MaxQueue int      `json:"max_queue,omitempty"` // examples that may wait; default batch.DefaultMaxQueue
	Timeout  Duration `json:"timeout,omitempty"`   // deadline of requests that bring none; default 30s
	Threads  int      `json:"threads,omitempty"`   // of a run that is alone; default all cores

	Versions VersionPolicy `json:"versions,omitzero"` // which versions are served; default: the latest

	Preprocess  json.RawMessage  `json:"preprocess,omitempty"`   // see vision.ParsePreprocess; default: vision.Choose
	Labels      string           `json:"labels,omitempty"`       // file in the model's folder; default labels.txt where there is one
	InputShapes map[string][]int `json:"input_shapes,omitempty"` // for dimensions that the file leaves open; -1 is the batch
	Integer     bool             `json:"integer,omitempty"`      // refuse a model with float convolutions or dense layers
	Digest      bool             `json:"digest,omitempty"`       // refuse a model whose file carries no digest
	shapes      map[string]graph.Shape
	preprocess  *vision.Preprocess
}

// VersionPolicy says which versions of a model are served: the Latest ones, All, or those that are listed.
type VersionPolicy struct {
	Latest   int     `json:"latest,omitempty"`
	All      bool    `json:"all,omitempty"`
	Specific []int64 `json:"specific,omitempty"`
}

// Duration is a time.Duration that JSON writes as a string, such as "2ms".
type Duration time.Duration

// MarshalText returns the form of time.Duration.String.
func (d Duration) MarshalText() ([]byte, error) { return []byte(time.Duration(d).String()), nil }

// UnmarshalText reads the form of time.ParseDuration.
func (d *Duration) UnmarshalText(text []byte) error {
	v, err := time.ParseDuration(string(text))
	*d = Duration(v)
	return err
}

// Bounds of a Config.
const (
	maxConfigBytes = 16 << 20
	mostBatch      = 1 << 10
	mostQueue      = 1 << 20
	mostThreads    = 1 << 10
	mostVersions   = 1 << 10
)

// ParseConfig reads config.json. Unknown keys, impossible values and anything after the object give an error that wraps ErrConfig.
func ParseConfig(data []byte) (Config, error) {
	var c Config
	if len(data) > maxConfigBytes {
		return c, fmt.Errorf("%w: %d bytes: the limit is %d", ErrConfig, len(data), maxConfigBytes)
	}
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	if err := d.Decode(&c); err != nil {
		return c, fmt.Errorf("%w: %w", ErrConfig, err)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return c, fmt.Errorf("%w: more after the object", ErrConfig)
	}
	return c, c.check()
}

// check returns an error wrapping ErrConfig for impossible values, and parses what is in another form.
func (c *Config) check() error {
	bad := func(format string, args ...any) error {
		return fmt.Errorf("%w: %w", ErrConfig, fmt.Errorf(format, args...))
	}
	for _, v := range []struct {
		key     string
		n, most int
	}{{"max_batch", c.MaxBatch, mostBatch}, {"max_queue", c.MaxQueue, mostQueue}, {"threads", c.Threads, mostThreads}} {
		if v.n < 0 || v.n > v.most {
			return bad("%s: %d: want 0 to %d", v.key, v.n, v.most)
		}
	}
	if d := time.Duration(c.MaxDelay); d < 0 || d > time.Minute {
		return bad("max_delay: %v: want 0 to 1m", d)
	}
	if c.Timeout < 0 {
		return bad("timeout: %v: want a positive time", time.Duration(c.Timeout))
	}
	kinds := 0
	for _, set := range []bool{c.Versions.Latest != 0, c.Versions.All, c.Versions.Specific != nil} {
		if set {
			kinds++
		}
	}
	if kinds > 1 || c.Versions.Latest < 0 {
		return bad("versions: want one of latest (at least 1), all and specific")
	}
	if list := c.Versions.Specific; list != nil && (len(list) == 0 || len(list) > mostVersions || slices.Min(list) < 0) {
		return bad("versions: specific: want 1 to %d numbers from 0", mostVersions)
	}
	if c.Labels != "" && !filepath.IsLocal(c.Labels) {
		return bad("labels: %.140q leaves the model's folder", c.Labels)
	}
	c.shapes = nil
	for name, shape := range c.InputShapes {
		s := make(graph.Shape, len(shape))
		for i, n := range shape {
			switch {
			case n == -1:
				s[i] = graph.Batch
			case n > 0:
				s[i] = n
			default:
				return bad("input_shapes: %s: %v: want positive dimensions, -1 for the batch", name, shape)
			}
		}
		if c.shapes == nil {
			c.shapes = make(map[string]graph.Shape)
		}
		c.shapes[name] = s
	}
	c.preprocess = nil
	if c.Preprocess != nil {
		p, err := vision.ParsePreprocess(c.Preprocess)
		if err != nil {
			return bad("preprocess: %w", err)
		}
		c.preprocess = &p
	}
	return nil
}

// or returns c with zero fields set to those of d.
func (c Config) or(d Config) Config {
	set(&c.MaxBatch, d.MaxBatch)
	set(&c.MaxDelay, d.MaxDelay)
	set(&c.MaxQueue, d.MaxQueue)
	set(&c.Timeout, d.Timeout)
	set(&c.Threads, d.Threads)
	if c.Versions.Latest == 0 && !c.Versions.All && c.Versions.Specific == nil {
		c.Versions = d.Versions
	}
	set(&c.Labels, d.Labels)
	if c.Preprocess == nil {
		c.Preprocess, c.preprocess = d.Preprocess, d.preprocess
	}
	if c.InputShapes == nil {
		c.InputShapes, c.shapes = d.InputShapes, d.shapes
	}
	c.Integer = c.Integer || d.Integer
	c.Digest = c.Digest || d.Digest
	return c
}

// set sets a zero value to another one.
func set[T comparable](v *T, to T) {
	var zero T
	if *v == zero {
		*v = to
	}
}

// defaults are the values that Config names.
var defaults = Config{MaxBatch: 8, Timeout: Duration(30 * time.Second), Versions: VersionPolicy{Latest: 1}}

// choose returns how many versions are to serve, and which of those that there are, given in ascending order, in order of preference:
// where a version of the latest cannot be loaded, the one before it does. Missing ones of a list are an error.
func (p VersionPolicy) choose(have []int64) (order []int64, n int, missing error) {
	switch {
	case p.All:
		return have, len(have), nil
	case p.Specific == nil:
		order = slices.Clone(have)
		slices.Reverse(order)
		return order, min(max(1, p.Latest), len(have)), nil
	}
	for _, n := range have {
		if slices.Contains(p.Specific, n) {
			order = append(order, n)
		}
	}
	for _, n := range p.Specific {
		if !slices.Contains(have, n) {
			missing = errors.Join(missing, fmt.Errorf("%w: version %d of the list in versions", ErrNotFound, n))
		}
	}
	return order, len(order), missing
}
