// Verdict says what a comparison by benchstat amounts to:
//
//	verdict NOISE.csv COMPARISON.csv
//
// Both files are written by benchstat -format csv. The comparison is of an old side with a new one, the noise of the old side's odd runs
// with its even ones. A benchmark is slower or faster where benchstat finds its time to differ significantly, and by more than the old
// side differs from itself. The exit status is 1 where a benchmark is slower, 2 where a file cannot be read.
package main

import (
	"fmt"
	"io"
	"os"
)

func main() { os.Exit(run(os.Args[1:], os.Stdout, os.Stderr)) }

// run executes the command line and returns the exit status.
func run(args []string, stdout, stderr io.Writer) int {
	if len(args) != 2 {
		fmt.Fprintln(stderr, "usage: verdict NOISE.csv COMPARISON.csv")
		return 2
	}
	var sides [2][]change
	for i, path := range args {
		var err error
		if sides[i], err = readFile(path); err != nil {
			fmt.Fprintf(stderr, "verdict: %v\n", err)
			return 2
		}
	}
	v := judge(sides[0], sides[1])
	v.print(stdout)
	if len(v.slower) > 0 {
		return 1
	}
	return 0
}

// readFile reads the times of a file, of which there must be some.
func readFile(path string) ([]change, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	out, err := read(f)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	if len(out) == 0 {
		return nil, fmt.Errorf("%s: no benchmark has a time on both sides", path)
	}
	return out, nil
}
