package main

import (
	"errors"
	"fmt"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/octet-ml/octet/cmd/octet/internal/generate"
	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/loader"
	"github.com/octet-ml/octet/loader/onnx"
	"github.com/octet-ml/octet/vision"
)

// generator is the state of the generate sub-command.
type generator struct {
	*app
	modelFlags
	preprocessFlags
	name string
	out  string
}

func (a *app) generateCommand() *cobra.Command {
	f := &generator{app: a}
	c := &cobra.Command{
		Use:   "generate MODEL --package NAME",
		Short: "Write a Go package with the model inside",
		Long: `Generate writes a Go package that names what is in pictures by a model that it embeds: Classify and TopK, a type for the
classes with constants for their labels, the preprocessing, and a test that pins what the model computes. Programs that
import it need no file at run time. Preprocessing and labels come from the flags, else from the model's
metadata; else preprocessing is guessed from the input, as the command and the package's comment then say.`,
		Args: arguments(cobra.ExactArgs(1)),
		RunE: func(_ *cobra.Command, args []string) error { return f.run(args[0]) },
	}
	c.Flags().StringVar(&f.name, "package", "", "name of the package")
	c.Flags().StringVarP(&f.out, "out", "o", "", "folder to write (default: the name of the package)")
	c.Flags().StringVar(&f.preset, "preset", "", fmt.Sprintf("preprocessing: one of %v", vision.Presets()))
	c.Flags().StringVar(&f.labels, "labels", "", "file with the names of the classes")
	return c
}

func (f *generator) run(path string) error {
	if f.name == "" {
		return usageError{errors.New("--package is needed")}
	}
	if err := generate.CheckName(f.name); err != nil {
		return usageError{fmt.Errorf("--package %w", err)}
	}
	m := generate.Model{Package: f.name, File: filepath.Base(path)}
	var g *graph.Graph
	var err error
	if m.Data, g, err = f.whole(path); err != nil {
		return err
	}
	if m.Format, err = loader.Format(m.Data); err != nil {
		return err
	}
	if m.Program, err = f.compile(g); err != nil {
		return err
	}
	if m.Preprocess, m.Source, err = f.preprocess(m.Program); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	files, err := generate.Files(m)
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	if f.out == "" {
		f.out = f.name
	}
	if err := generate.Write(f.out, f.name, files); err != nil {
		return err
	}
	fmt.Fprintf(f.stdout, "wrote %s: package %s, model of %d bytes, preprocessing from %s\n", f.out, f.name, len(m.Data), m.Source)
	if m.Preprocess.Labels == nil {
		fmt.Fprintln(f.stderr, "octet: the model has no labels, so classes have numbers only; --labels names them")
	}
	return nil
}

// whole returns a model file in one piece and its graph. One whose tensors are in other files is written anew.
func (f *generator) whole(path string) ([]byte, *graph.Graph, error) {
	data, err := f.read(path)
	if err != nil {
		return nil, nil, err
	}
	g, err := loader.Decode(data)
	if errors.Is(err, loader.ErrExternal) && path != "-" {
		if g, err = loader.Open(path); err != nil {
			return nil, nil, err
		}
		if data, err = onnx.Encode(g, onnx.WriteOptions{}); err == nil {
			g, err = loader.Decode(data)
		}
	}
	if err != nil {
		return nil, nil, fmt.Errorf("%s: %w", path, err)
	}
	return data, g, nil
}
