package gorgonia

import (
	"fmt"

	"gorgonia.org/tensor"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/runtime"
)

// Run runs a program on the tensors x, one for each of its inputs in order, and returns its outputs. The batch size is taken from
// the tensors; float64 becomes float32. Errors wrap ErrTensor or runtime.ErrInput. It is safe for concurrent use.
func Run(program *runtime.Program, x ...*tensor.Dense) ([]*tensor.Dense, error) {
	inputs := make([]*graph.Tensor, len(x))
	for i, d := range x {
		t, err := Tensor(d)
		if err != nil {
			return nil, fmt.Errorf("input %d: %w", i, err)
		}
		inputs[i] = t
	}
	outputs, err := program.Run(inputs...)
	if err != nil {
		return nil, err
	}
	out := make([]*tensor.Dense, len(outputs))
	for i, t := range outputs {
		if out[i], err = Dense(t); err != nil {
			return nil, fmt.Errorf("output %d: %w", i, err)
		}
	}
	return out, nil
}
