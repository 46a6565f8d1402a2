package onnx

import (
	"fmt"

	"github.com/octet-ml/octet/graph"
)

// DecodeTensor reads the bytes of a TensorProto, the form in which ONNX stores inputs and outputs of its test cases. The
// tensor's Data may alias them. External data and types that graph does not have are an error.
func DecodeTensor(data []byte) (*graph.Tensor, error) {
	limits := Limits{}.withDefaults()
	p := &parser{limits: limits}
	t, err := p.tensor(field{bytes: data})
	if err != nil {
		return nil, fmt.Errorf("tensor: %w", err)
	}
	r := &reader{limits: limits}
	return r.tensor(t)
}
