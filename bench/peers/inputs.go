package main

import (
	"errors"
	"fmt"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/loader"
	"github.com/octet-ml/octet/runtime"
)

// maxTensorBytes bounds a tensor at the edge of a model.
const maxTensorBytes = 1 << 30

// errFixedBatch is returned when a model has another batch size than the one asked for, and no other.
var errFixedBatch = errors.New("fixed batch size")

// edge is the inputs and outputs of a model, graph.Batch standing for the batch size.
type edge struct {
	inputs, outputs []runtime.ValueInfo
	program         *runtime.Program
}

// readEdge opens and compiles a model for the sake of its inputs and outputs; files seldom state the types of the latter.
func readEdge(path string) (*edge, error) {
	g, err := loader.Open(path)
	if err != nil {
		return nil, err
	}
	p, err := runtime.Compile(g, runtime.Threads(1))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return &edge{inputs: p.Inputs(), outputs: p.Outputs(), program: p}, nil
}

// job returns the job of running the model at a batch size, or an error that wraps errFixedBatch.
func (e *edge) job(path string, threads, batch int) (*job, error) {
	j := &job{Model: path, Threads: threads, Batch: batch}
	for _, v := range e.inputs {
		if len(v.Shape) == 0 || v.Shape[0] >= 0 && v.Shape[0] != batch {
			return nil, fmt.Errorf("%w: input %q has the shape %v", errFixedBatch, v.Name, v.Shape)
		}
	}
	var err error
	if j.Inputs, err = specs(e.inputs, batch); err != nil {
		return nil, err
	}
	j.Outputs, err = specs(e.outputs, batch)
	return j, err
}

func specs(values []runtime.ValueInfo, batch int) ([]tensorSpec, error) {
	out := make([]tensorSpec, len(values))
	for i, v := range values {
		out[i] = tensorSpec{Name: v.Name, DType: v.DType.String(), Shape: v.Shape.Bind(batch)}
		if _, err := out[i].bytes(); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// bytes returns the size of the tensor.
func (t *tensorSpec) bytes() (int, error) {
	d, err := graph.ParseDType(t.DType)
	if err != nil {
		return 0, fmt.Errorf("tensor %q: %w", t.Name, err)
	}
	shape := graph.Shape(t.Shape)
	n, err := shape.Elements()
	if err != nil || !shape.Static() || n > maxTensorBytes || d.Bytes(n) > maxTensorBytes {
		return 0, fmt.Errorf("tensor %q: shape %v: more than %d bytes, or not a size", t.Name, t.Shape, maxTensorBytes)
	}
	return d.Bytes(n), nil
}
