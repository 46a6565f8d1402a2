package main

import (
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"
)

func main() { os.Exit(run(os.Args[1:], os.Stdin, os.Stdout, os.Stderr)) }

// app is what the sub-commands share.
type app struct {
	stdin  io.Reader
	stdout io.Writer
	stderr io.Writer
}

// usageError is an error that wrong arguments cause.
type usageError struct{ error }

// run executes the command line and returns the exit status.
func run(args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	a := &app{stdin: stdin, stdout: stdout, stderr: stderr}
	root := &cobra.Command{
		Use:   "octet",
		Short: "Run quantized image classifiers",
		Long: "Octet runs quantized CNN classifiers on CPUs: convolution and dense layers directly on int8 and int4 weights.\n" +
			"MODEL is an ONNX or TFLite file, - for standard input, or a model inside the command: " + sampleNames() + ".",
		SilenceErrors: true,
		SilenceUsage:  true,
	}
	root.AddCommand(a.classifyCommand(), a.inspectCommand(), a.runCommand(), a.evalCommand(), a.cpuCommand(), a.digestCommand(), a.benchCommand(), a.quantizeCommand(), a.compareCommand(), a.generateCommand(), a.serveCommand(), a.loadCommand())
	root.SetArgs(args)
	root.SetIn(stdin)
	root.SetOut(stdout)
	root.SetErr(stderr)
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return usageError{err} })
	c, err := root.ExecuteC()
	if err == nil {
		return 0
	}
	fmt.Fprintf(stderr, "octet: %v\n", err)
	var usage usageError
	if errors.As(err, &usage) || c == root {
		fmt.Fprintf(stderr, "Try '%s --help'.\n", c.CommandPath())
		return 2
	}
	return 1
}

// arguments wraps cobra's check of positional arguments so that its errors count as wrong usage.
func arguments(check cobra.PositionalArgs) cobra.PositionalArgs {
	return func(c *cobra.Command, args []string) error {
		if err := check(c, args); err != nil {
			return usageError{err}
		}
		return nil
	}
}
