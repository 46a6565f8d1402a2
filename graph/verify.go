package graph

import (
	"errors"
	"fmt"
)

// ErrInvalid is wrapped by every error of Verify.
var ErrInvalid = errors.New("invalid graph")

// Verify returns an error, wrapping ErrInvalid, unless the graph is well formed: names of values are unique and not empty;
// every value read is an input, a constant or the output of an earlier node; producers are right; constants fit their type
// and shape; a Quant fits its value where the type and shape are known.
func (g *Graph) Verify() error {
	c := verifier{names: make(map[string]*Value), defined: make(map[*Value]bool)}
	for _, v := range g.Inputs {
		if v == nil {
			return fmt.Errorf("%w: an input is nil", ErrInvalid)
		}
		if v.Producer != nil || c.defined[v] {
			return fmt.Errorf("%w: input %q is also produced by a node or given twice", ErrInvalid, v.Name)
		}
		if err := c.define(v); err != nil {
			return fmt.Errorf("%w: input %q: %w", ErrInvalid, v.Name, err)
		}
	}
	for i, n := range g.Nodes {
		if n == nil {
			return fmt.Errorf("%w: node %d is nil", ErrInvalid, i)
		}
		if err := c.node(n); err != nil {
			return fmt.Errorf("%w: %s: %w", ErrInvalid, n.Where(), err)
		}
	}
	if len(g.Outputs) == 0 {
		return fmt.Errorf("%w: no outputs", ErrInvalid)
	}
	for _, v := range g.Outputs {
		if v == nil {
			return fmt.Errorf("%w: an output is nil", ErrInvalid)
		}
		if err := c.use(v); err != nil {
			return fmt.Errorf("%w: output: %w", ErrInvalid, err)
		}
	}
	return nil
}

// verifier holds what Verify has met so far.
type verifier struct {
	names   map[string]*Value
	defined map[*Value]bool
}

func (c *verifier) node(n *Node) error {
	if n.Op == "" {
		return errors.New("no operator")
	}
	for _, v := range n.Inputs {
		if v == nil {
			continue
		}
		if err := c.use(v); err != nil {
			return err
		}
	}
	for _, v := range n.Outputs {
		if v == nil {
			continue
		}
		if v.Producer != n {
			return fmt.Errorf("output %q: its producer is another node", v.Name)
		}
		if v.Const != nil {
			return fmt.Errorf("output %q is a constant", v.Name)
		}
		if c.defined[v] {
			return fmt.Errorf("output %q is produced twice", v.Name)
		}
		if err := c.define(v); err != nil {
			return fmt.Errorf("output %q: %w", v.Name, err)
		}
	}
	return nil
}

// use checks that v may be read here; constants define themselves.
func (c *verifier) use(v *Value) error {
	if c.defined[v] {
		return nil
	}
	if v.Const == nil {
		return fmt.Errorf("value %q is read before it is produced", v.Name)
	}
	if v.Producer != nil {
		return fmt.Errorf("constant %q has a producer", v.Name)
	}
	if err := c.define(v); err != nil {
		return fmt.Errorf("constant %q: %w", v.Name, err)
	}
	return nil
}

func (c *verifier) define(v *Value) error {
	if v.Name == "" {
		return errors.New("value without a name")
	}
	if other := c.names[v.Name]; other != nil && other != v {
		return errors.New("another value has the same name")
	}
	c.names[v.Name] = v
	c.defined[v] = true
	if v.Const != nil {
		if v.Const.DType != v.DType || !v.Const.Shape.Equal(v.Shape) {
			return fmt.Errorf("value is %v%v, its tensor %v%v", v.DType, v.Shape, v.Const.DType, v.Const.Shape)
		}
		if err := v.Const.Check(); err != nil {
			return err
		}
	}
	if v.DType == Invalid {
		return nil
	}
	if v.DType >= numDTypes {
		return fmt.Errorf("unknown %v", v.DType)
	}
	if v.Shape == nil && v.Producer != nil {
		return nil // not inferred yet
	}
	if v.Quant != nil {
		if err := v.Quant.Check(v.DType, v.Shape); err != nil {
			return fmt.Errorf("quantization: %w", err)
		}
	}
	if _, err := v.Shape.Elements(); err != nil {
		return err
	}
	return nil
}
