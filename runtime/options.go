package runtime

import (
	"fmt"
	goruntime "runtime"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/internal/cpu"
)

// config is what the options of Compile set.
type config struct {
	threads int
	batch   int
	level   cpu.Level
	profile bool
	widen   bool
	pool    *Pool
	consts  map[string]*graph.Tensor
	cache   int // bytes of values that a core's cache keeps, for chains
}

// Option changes how Compile works.
type Option func(*config) error

// MaxBatch bounds the batch size that a program can be compiled for.
const MaxBatch = 1 << 16

// MaxThreads bounds the number of threads of a program.
const MaxThreads = 1 << 10

// Threads sets how many threads one run may use, including the caller's; 0, the default, means GOMAXPROCS.
func Threads(n int) Option {
	return func(c *config) error {
		if n < 0 || n > MaxThreads {
			return fmt.Errorf("%w: %d threads: want 0 to %d", ErrOption, n, MaxThreads)
		}
		c.threads = n
		return nil
	}
}

// Batch sets the largest batch size; the default is 1. The model's inputs need a dynamic first dimension or one fixed at 1.
func Batch(n int) Option {
	return func(c *config) error {
		if n < 1 || n > MaxBatch {
			return fmt.Errorf("%w: batch %d: want 1 to %d", ErrOption, n, MaxBatch)
		}
		c.batch = n
		return nil
	}
}

// Kernels sets the instruction-set level by name, such as "generic" or "avx2"; the default is the best one that the machine
// and OCTET_MAX_ISA allow. A level that the machine lacks is an error.
func Kernels(level string) Option {
	return func(c *config) error {
		l, err := cpu.ParseLevel(level)
		if err != nil {
			return fmt.Errorf("%w: %w", ErrOption, err)
		}
		c.level = l
		return nil
	}
}

// Profile makes sessions measure each step; see Session.Profile.
func Profile() Option {
	return func(c *config) error {
		c.profile = true
		return nil
	}
}

// Float32 makes the half-precision inputs and outputs of a model float32. Half-precision models are computed in float32 in any
// case; with this option nothing is rounded at their edge.
func Float32() Option {
	return func(c *config) error {
		c.widen = true
		return nil
	}
}

// WithPool makes the program use the workers of p instead of the pool that the process shares.
func WithPool(p *Pool) Option {
	return func(c *config) error {
		if p == nil {
			return fmt.Errorf("%w: nil pool", ErrOption)
		}
		c.pool = p
		return nil
	}
}

// Constant makes the model's input with the given name a constant. An input that decides the shapes of others, such as the
// second one of Reshape or Pad, needs that: shapes are fixed when a program is compiled.
func Constant(input string, t *graph.Tensor) Option {
	return func(c *config) error {
		if t == nil {
			return fmt.Errorf("%w: no tensor for input %q", ErrOption, input)
		}
		if err := t.Check(); err != nil {
			return fmt.Errorf("%w: input %q: %w", ErrOption, input, err)
		}
		if c.consts == nil {
			c.consts = make(map[string]*graph.Tensor)
		}
		c.consts[input] = t
		return nil
	}
}

func newConfig(options []Option) (*config, error) {
	level, err := cpu.Best()
	if err != nil {
		return nil, err
	}
	c := &config{batch: 1, level: level, cache: coreCache}
	for _, o := range options {
		if err := o(c); err != nil {
			return nil, err
		}
	}
	if c.threads == 0 {
		c.threads = goruntime.GOMAXPROCS(0)
	}
	if c.pool == nil {
		c.pool = sharedPool()
	}
	return c, nil
}
