package main

import (
	"fmt"
	"os"

	"github.com/octet-ml/octet/runtime"
	"github.com/octet-ml/octet/vision"
)

// preprocessFlags choose how pictures become tensors.
type preprocessFlags struct {
	preset string
	labels string
}

// pipeline returns the preprocessing for a program's only input, and the labels for its outputs. It takes, in this order: the
// preset flag, the model's own metadata, a guess from the input. Labels come from their flag, else from the metadata.
func (f *preprocessFlags) pipeline(p *runtime.Program) (*vision.Pipeline, string, vision.Labels, error) {
	pre, source, err := f.preprocess(p)
	if err != nil {
		return nil, "", nil, err
	}
	l, err := bind(pre, p)
	return l, source, pre.Labels, err
}

// bind returns the preprocessing for a program's first input.
func bind(pre vision.Preprocess, p *runtime.Program) (*vision.Pipeline, error) {
	spec, err := vision.SpecOf(p.Canonical().Inputs[0])
	if err != nil {
		return nil, err
	}
	return pre.Bind(spec)
}

// preprocess returns what pipeline binds, with the labels, and where it is from.
func (f *preprocessFlags) preprocess(p *runtime.Program) (pre vision.Preprocess, source string, err error) {
	inputs := p.Inputs()
	if len(inputs) != 1 {
		return pre, "", fmt.Errorf("the model has %d inputs: want one picture", len(inputs))
	}
	spec, err := vision.SpecOf(p.Canonical().Inputs[0])
	if err != nil {
		return pre, "", err
	}
	pre, chosen, err := vision.Choose(spec, p.Metadata(), f.preset)
	switch {
	case err != nil && f.preset != "":
		return pre, "", usageError{err}
	case err != nil:
		return pre, "", fmt.Errorf("%w (--preset takes its place)", err)
	}
	source = chosen.String()
	if chosen.Guessed {
		source = "preset " + chosen.Preset + " (guessed; --preset chooses another)"
	}
	labels, named := pre.Labels, "labels of the model's metadata"
	if f.labels != "" {
		data, err := os.ReadFile(f.labels)
		if err != nil {
			return pre, "", err
		}
		if labels, err = vision.ParseLabels(data); err != nil {
			return pre, "", fmt.Errorf("%s: %w", f.labels, err)
		}
		named = f.labels
	}
	if labels, err = labels.Align(classes(p)); err != nil {
		return pre, "", fmt.Errorf("%s: %w", named, err)
	}
	pre.Labels = labels
	return pre, source, nil
}

// classes returns the number of scores of a program's first output for one picture.
func classes(p *runtime.Program) int {
	n, err := p.Outputs()[0].Shape.Elements()
	if err != nil {
		return 0
	}
	return max(n, -n)
}

// readPicture returns the picture at path, "-" for standard input.
func (a *app) readPicture(path string, t *vision.Trace) (*vision.Image, error) {
	var data []byte
	var err error
	if path == "-" {
		data, err = a.readStdin()
	} else {
		data, err = os.ReadFile(path)
	}
	if err != nil {
		return nil, err
	}
	m, err := vision.DecodeBytes(data, vision.WithTrace(t))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return m, nil
}
