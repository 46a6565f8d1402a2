package main

import (
	"errors"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/octet-ml/octet/quantize"
)

// reportFlags ask for a report of what quantization cost.
type reportFlags struct {
	report string
	eval   string
	line   string // the command line
}

// registerReport adds the flags to the quantize sub-command.
func (f *reportFlags) registerReport(c *cobra.Command) {
	c.Flags().StringVar(&f.report, "report", "", "write a page about what it cost, as octet compare does, to this file")
	c.Flags().StringVar(&f.eval, "eval", "", "data set of that report: not the calibration pictures")
	c.PreRun = func(c *cobra.Command, args []string) { f.line = commandLine(c, args) }
}

// check returns an error where the flags do not go together.
func (f *reportFlags) check(model string) error {
	switch {
	case (f.report == "") != (f.eval == ""):
		return usageError{errors.New("--report and --eval go together")}
	case f.report != "" && model == "-":
		return usageError{errors.New("--report reads the model again: standard input cannot be")}
	}
	return nil
}

// writeReport compares the model with what was made of it and writes the page.
func (f *quantizer) writeReport(model string, r *quantize.Result) error {
	if f.report == "" {
		return nil
	}
	c := f.newComparer()
	c.preprocessFlags, c.data, c.threads, c.quiet, c.json = f.preprocessFlags, f.eval, f.threads, f.quiet, f.json
	p, err := c.compare(model, f.out, r)
	if err != nil {
		return err
	}
	p.Commands.Decisions = []string{f.line}
	return c.writePage(f.report, p)
}

// commandLine returns the command line of a sub-command with the flags that were given, for a shell.
func commandLine(c *cobra.Command, args []string) string {
	words := strings.Fields(c.CommandPath())
	for _, a := range args {
		words = append(words, shellWord(a))
	}
	c.Flags().Visit(func(flag *pflag.Flag) {
		values := []string{flag.Value.String()}
		if list, ok := flag.Value.(pflag.SliceValue); ok {
			values = list.GetSlice()
		}
		for _, v := range values {
			words = append(words, "--"+flag.Name+"="+shellWord(v))
		}
	})
	return strings.Join(words, " ")
}
