package qat

import (
	"fmt"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// DoDiff adds the gradients to those of the inputs, as Gorgonia's LispMachine has it, which differentiates while it runs.
func (o *fakeQuantize) DoDiff(_ G.ExecutionContext, inputs G.Nodes, output *G.Node) error {
	grad, err := output.Grad()
	if err != nil {
		return fmt.Errorf("%s: output: %w", o.name, err)
	}
	for i, n := range inputs {
		gradient, err := o.gradient(i, inputs[0], inputs[1], output)
		if err != nil {
			return err
		}
		if gradient == nil {
			continue
		}
		d, err := gradient.Do(inputs[0].Value(), inputs[1].Value(), grad)
		if err != nil {
			return err
		}
		sum, err := n.Grad()
		if err != nil {
			return fmt.Errorf("%s: input %d: %w", o.name, i, err)
		}
		if _, err := tensor.Add(sum, d, tensor.UseUnsafe()); err != nil {
			return fmt.Errorf("%s: input %d: %w", o.name, i, err)
		}
	}
	return nil
}
