package main

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/octet-ml/octet/internal/cpu"
	"github.com/octet-ml/octet/internal/opsdoc"
)

// allLevels is the value of inspect's --kernels where none is given.
const allLevels = "all"

// tables is the JSON form of inspect without a model.
type tables struct {
	Operators []opsdoc.Operator `json:"operators"`
	Levels    []opsdoc.Level    `json:"levels"`
}

// arguments returns the model, "" where the tables are wanted. As --kernels needs no value, one that follows it after a
// blank comes as an argument: a level among the arguments is taken for it.
func (f *inspector) arguments(c *cobra.Command, args []string) (string, error) {
	if f.kernels == allLevels && len(args) > 0 {
		i := slices.IndexFunc(args, func(s string) bool { _, err := cpu.ParseLevel(s); return err == nil })
		if i < 0 {
			_, err := cpu.ParseLevel(args[0])
			return "", usageError{fmt.Errorf("--kernels: want a level beside a model: %w", err)}
		}
		f.kernels = args[i]
		args = slices.Delete(slices.Clone(args), i, i+1)
	}
	if f.kernels != "" && len(args) == 0 {
		return "", nil
	}
	if err := cobra.ExactArgs(1)(c, args); err != nil {
		return "", usageError{err}
	}
	return args[0], nil
}

// tables prints the operators and the kernels of this machine's levels, or of the one that is asked for.
func (f *inspector) tables() error {
	levels, err := opsdoc.Levels()
	if err != nil {
		return err
	}
	if f.kernels != allLevels {
		if _, err := cpu.ParseLevel(f.kernels); err != nil {
			return usageError{fmt.Errorf("--kernels: %w", err)}
		}
		i := slices.IndexFunc(levels, func(l opsdoc.Level) bool { return l.Name == f.kernels })
		if i < 0 {
			return fmt.Errorf("this machine lacks level %s", f.kernels)
		}
		levels = levels[i : i+1]
	}
	t := tables{opsdoc.Operators(), levels}
	if f.json {
		e := json.NewEncoder(f.stdout)
		e.SetIndent("", "  ")
		return e.Encode(t)
	}
	return t.print(f.stdout)
}

// print writes the tables for people.
func (t *tables) print(out io.Writer) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "operator\tcan\tONNX\tTFLite")
	for _, o := range t.Operators {
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\n", o.Name, strings.Join(o.Can, ", "), strings.Join(o.ONNX, ", "), strings.Join(o.TFLite, ", "))
	}
	fmt.Fprintln(w, "\nlevel\ttype\tkernel")
	for _, l := range t.Levels {
		for _, name := range l.Int8 {
			fmt.Fprintf(w, "%s\tint8\t%s\n", l.Name, name)
		}
		for _, name := range l.Float32 {
			fmt.Fprintf(w, "%s\tfp32\t%s\n", l.Name, name)
		}
	}
	return w.Flush()
}
