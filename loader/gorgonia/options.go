package gorgonia

import "fmt"

// batching says what becomes of the number of images that an expression graph is built for.
type batching uint8

const (
	batchIfPossible batching = iota
	batchDynamic
	batchFixed
)

// config is what options set.
type config struct {
	name     string
	batching batching
}

// Option changes how FromExprGraph works.
type Option func(*config) error

// Name sets the name of the graph; the default is "gorgonia".
func Name(name string) Option {
	return func(c *config) error {
		if name == "" {
			return fmt.Errorf("%w: empty name", ErrArgument)
		}
		c.name = name
		return nil
	}
}

// DynamicBatch makes it an error, wrapping ErrBatch, when the network cannot run on another number of images than the one that the
// expression graph is built for. By default the graph then has that number, and its metadata tell why.
func DynamicBatch() Option {
	return func(c *config) error {
		c.batching = batchDynamic
		return nil
	}
}

// FixedBatch keeps all dimensions as they are in the expression graph.
func FixedBatch() Option {
	return func(c *config) error {
		c.batching = batchFixed
		return nil
	}
}
