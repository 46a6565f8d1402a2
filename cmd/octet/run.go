package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/internal/npy"
	"github.com/octet-ml/octet/runtime"
)

// tensorRunner is the state of the run sub-command.
type tensorRunner struct {
	*app
	modelFlags
	inputs    []string
	outputDir string
}

func (a *app) runCommand() *cobra.Command {
	f := &tensorRunner{app: a}
	c := &cobra.Command{
		Use:   "run MODEL --input [NAME=]FILE.npy... --output-dir DIR",
		Short: "Run a model on raw tensors",
		Long: `Run computes a model's outputs from tensors in NumPy's .npy form and writes each output to DIR/NAME.npy.
A model with one input needs no NAME. The batch size is taken from the first input.`,
		Args: arguments(cobra.ExactArgs(1)),
		RunE: func(_ *cobra.Command, args []string) error { return f.run(args[0]) },
	}
	f.register(c)
	c.Flags().StringArrayVar(&f.inputs, "input", nil, "input tensor, [NAME=]FILE.npy (repeatable)")
	c.Flags().StringVar(&f.outputDir, "output-dir", ".", "folder for the outputs")
	return c
}

func (f *tensorRunner) run(model string) error {
	g, err := f.load(model)
	if err != nil {
		return err
	}
	inputs, err := f.read(g)
	if err != nil {
		return err
	}
	if v := g.Inputs[0]; len(v.Shape) > 0 && len(inputs[0].Shape) == len(v.Shape) {
		if d := v.Shape[0]; d < 0 || d == 1 {
			f.batch = inputs[0].Shape[0]
		}
	}
	p, err := f.compile(g)
	if err != nil {
		return err
	}
	outputs, err := p.Run(inputs...)
	if err != nil {
		return err
	}
	return f.write(p, outputs)
}

// read returns the tensors of the input flags in the order of the model's inputs.
func (f *tensorRunner) read(g *graph.Graph) ([]*graph.Tensor, error) {
	if len(g.Inputs) == 0 {
		return nil, fmt.Errorf("the model has no inputs")
	}
	files := make(map[string]string)
	for _, arg := range f.inputs {
		name, file, named := strings.Cut(arg, "=")
		if !named {
			if len(g.Inputs) != 1 {
				return nil, usageError{fmt.Errorf("--input %s: the model has %d inputs: want NAME=FILE", arg, len(g.Inputs))}
			}
			name, file = g.Inputs[0].Name, arg
		}
		files[name] = file
	}
	var out []*graph.Tensor
	for _, v := range g.Inputs {
		file, ok := files[v.Name]
		if !ok {
			return nil, usageError{fmt.Errorf("no --input for %q of type %v%v", v.Name, v.DType, v.Shape)}
		}
		delete(files, v.Name)
		t, err := npy.ReadFile(file)
		if err != nil {
			return nil, fmt.Errorf("input %q: %w", v.Name, err)
		}
		out = append(out, t)
	}
	for name := range files {
		return nil, usageError{fmt.Errorf("the model has no input %q", name)}
	}
	return out, nil
}

func (f *tensorRunner) write(p *runtime.Program, outputs []*graph.Tensor) error {
	if err := os.MkdirAll(f.outputDir, 0o777); err != nil {
		return err
	}
	for i, info := range p.Outputs() {
		path := filepath.Join(f.outputDir, fileName(info.Name)+".npy")
		if err := writeTensor(path, outputs[i]); err != nil {
			return err
		}
		fmt.Fprintf(f.stdout, "%s: %v%v\n", path, outputs[i].DType, outputs[i].Shape)
	}
	return nil
}

// fileName returns a value's name with what does not belong into a file name replaced.
func fileName(name string) string {
	return strings.Map(func(r rune) rune {
		if strings.ContainsRune(`/\:*?"<>|`, r) || r < ' ' {
			return '_'
		}
		return r
	}, name)
}
