package main

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/octet-ml/octet/bench"
	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/loader/onnx"
)

// exporter is the state of the bench export sub-command.
type exporter struct {
	*app
	arch, precision, output string
}

func (a *app) benchExportCommand() *cobra.Command {
	f := &exporter{app: a}
	c := &cobra.Command{
		Use:   "export --arch NAME -o FILE.onnx",
		Short: "Write a benchmark model as ONNX",
		Long: `Export writes a published architecture with synthetic weights as standard ONNX, so that other runtimes run the same file:
opset 13, or the first later one that has the model's operators (14 for HardSwish, 21 for 4-bit weights). Quantized models
are in QDQ form. The same arguments write the same bytes on every machine. Architectures: ` + strings.Join(bench.Names(), ", ") + ".",
		Args: arguments(cobra.NoArgs),
		RunE: func(_ *cobra.Command, _ []string) error { return f.run() },
	}
	c.Flags().StringVar(&f.arch, "arch", "", "architecture")
	c.Flags().StringVar(&f.precision, "precision", "int8", strings.Join(bench.Precisions(), ", "))
	c.Flags().StringVarP(&f.output, "output", "o", "", "file to write, - for standard output")
	return c
}

func (f *exporter) run() error {
	if f.arch == "" || f.output == "" {
		return usageError{fmt.Errorf("--arch and --output are needed")}
	}
	g, err := buildArch(f.arch, f.precision)
	if err != nil {
		return err
	}
	write := func(w io.Writer) error { return onnx.Write(w, g, onnx.WriteOptions{}) }
	if f.output == "-" {
		return write(f.stdout)
	}
	if err := writeFile(f.output, write); err != nil {
		return err
	}
	fmt.Fprintf(f.stdout, "%s: %s\n", f.output, g.Name)
	return nil
}

// buildArch returns the graph of an architecture; unknown names count as wrong usage.
func buildArch(name, precision string) (*graph.Graph, error) {
	p, err := bench.ParsePrecision(precision)
	if err != nil {
		return nil, usageError{fmt.Errorf("--precision: %w", err)}
	}
	a, err := bench.Lookup(name)
	if err != nil {
		return nil, usageError{fmt.Errorf("--arch: %w", err)}
	}
	return a.Build(p)
}

// writeFile lets write fill a file, which is removed where that goes wrong.
func writeFile(path string, write func(w io.Writer) error) error {
	file, err := os.Create(path)
	if err != nil {
		return err
	}
	w := bufio.NewWriter(file)
	err = write(w)
	for _, finish := range []func() error{w.Flush, file.Close} {
		if e := finish(); err == nil {
			err = e
		}
	}
	if err != nil {
		os.Remove(path)
		return fmt.Errorf("%s: %w", path, err)
	}
	return nil
}
