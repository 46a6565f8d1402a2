package ops

import (
	"fmt"

	"github.com/octet-ml/octet/graph"
)

// Lower binds the node, whose shapes are bound to a batch size, to kernels. Errors say which node.
func Lower(t *Target, n *graph.Node) (*Lowered, error) {
	op, err := Lookup(n.Op)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", n.Where(), err)
	}
	lower := op.Lower
	if lower == nil {
		lower = lowerReference
	}
	l, err := lower(t, n)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", n.Where(), err)
	}
	return l, nil
}

// Evaluate computes the outputs of a node whose shapes are bound with its Reference, into new tensors.
func Evaluate(n *graph.Node, in []*graph.Tensor) ([]*graph.Tensor, error) {
	op, err := Lookup(n.Op)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", n.Where(), err)
	}
	out := make([]*graph.Tensor, len(n.Outputs))
	for i, v := range n.Outputs {
		if v != nil {
			out[i] = graph.NewTensor(v.DType, v.Shape...)
		}
	}
	if err := op.Reference(n, in, out); err != nil {
		return nil, fmt.Errorf("%s: %w", n.Where(), err)
	}
	return out, nil
}

// lowerReference runs the operator's Reference as a single tile.
func lowerReference(_ *Target, n *graph.Node) (*Lowered, error) {
	op, err := Lookup(n.Op)
	if err != nil {
		return nil, err
	}
	return &Lowered{Kernel: "reference", Bind: func(b Buffers) (Step, error) {
		s := &referenceStep{node: n, run: op.Reference}
		s.in = wrap(n.Inputs, b.In)
		s.out = wrap(n.Outputs, b.Out)
		return s, nil
	}}, nil
}

// wrap returns tensors over the buffers of the values.
func wrap(values []*graph.Value, data [][]byte) []*graph.Tensor {
	ts := make([]*graph.Tensor, len(values))
	for i, v := range values {
		if v != nil && data[i] != nil {
			ts[i] = &graph.Tensor{DType: v.DType, Shape: v.Shape, Data: data[i]}
		}
	}
	return ts
}

// referenceStep is a step that calls a Reference. Errors that data can cause are found by Infer, so one here is ours.
type referenceStep struct {
	node    *graph.Node
	run     func(*graph.Node, []*graph.Tensor, []*graph.Tensor) error
	in, out []*graph.Tensor
}

// Tiles returns 1.
func (s *referenceStep) Tiles() int { return 1 }

// Run computes the outputs.
func (s *referenceStep) Run(_ []byte, from, to int) {
	if from >= to {
		return
	}
	if err := s.run(s.node, s.in, s.out); err != nil {
		panic(fmt.Sprintf("bug: %s: %v", s.node.Where(), err))
	}
}

// Phases is steps that run one after another, each reading what those before it made. A runtime that spreads tiles over threads
// takes each as a step of its own; as one Step it is a single tile.
type Phases []Step

// Tiles returns 1.
func (p Phases) Tiles() int { return 1 }

// Run runs all phases.
func (p Phases) Run(scratch []byte, from, to int) {
	if from >= to {
		return
	}
	for _, s := range p {
		s.Run(scratch, 0, s.Tiles())
	}
}

// FuncStep is a step of n tiles that calls a function; for operators whose work is plain Go.
type FuncStep struct {
	N int
	F func(scratch []byte, from, to int)
}

// Tiles returns N.
func (s FuncStep) Tiles() int { return s.N }

// Run calls F.
func (s FuncStep) Run(scratch []byte, from, to int) { s.F(scratch, from, to) }
