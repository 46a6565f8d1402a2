package main

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/octet-ml/octet/bench"
)

// taggedEngines are the engines that the command has where it is built with a tag of that name.
var taggedEngines = []string{"gorgonia"}

// variant is an arithmetic of an architecture, or another engine on its float form.
type variant struct {
	precision string
	engine    bench.Engine // nil is Octet
}

// nameVariants makes variants of the precisions or the engines that the command line names.
func (f *benchmark) nameVariants(c *cobra.Command) error {
	if len(f.engines) == 0 {
		for _, p := range f.precisions {
			f.variants = append(f.variants, variant{precision: p})
		}
		return nil
	}
	if c.Flags().Changed("precision") || f.model != "" {
		return usageError{errors.New("--engine excludes --precision and --model")}
	}
	for _, name := range f.engines {
		v, err := f.variant(name)
		if err != nil {
			return usageError{fmt.Errorf("--engine %s: %w", name, err)}
		}
		f.variants = append(f.variants, v)
	}
	return nil
}

// variant returns what an engine is called: a precision, octet- and a precision, or the name of another engine.
func (f *benchmark) variant(name string) (variant, error) {
	precision := strings.TrimPrefix(name, "octet-")
	if slices.Contains(bench.Precisions(), precision) {
		return variant{precision: precision}, nil
	}
	for _, e := range otherEngines() {
		if e.Name() == name {
			return variant{bench.FP32.String(), e}, nil
		}
	}
	if slices.Contains(taggedEngines, name) {
		return variant{}, fmt.Errorf("this command is built without it; use: go run -tags %s ./cmd/octet bench --engine %s", name, strings.Join(f.engines, ","))
	}
	return variant{}, fmt.Errorf("want one of %s, with or without octet- before it, or %s; ONNX Runtime and TensorFlow Lite are compared by make peers",
		strings.Join(bench.Precisions(), ", "), strings.Join(taggedEngines, ", "))
}

// reportRefusals says on one line for each engine what it cannot run and why.
func (f *benchmark) reportRefusals(r *bench.Report) error {
	var lines []string
	for _, x := range r.Refused {
		if line := fmt.Sprintf("octet: %s does not run %s: %s\n", x.Engine, x.Model, x.Reason); !slices.Contains(lines, line) {
			lines = append(lines, line)
		}
	}
	if _, err := fmt.Fprint(f.stderr, strings.Join(lines, "")); err != nil {
		return err
	}
	if len(r.Results) == 0 {
		return errors.New("nothing was measured")
	}
	return nil
}
