package main

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
)

// change is the time of a benchmark on two sides.
type change struct {
	name        string  // with the package
	delta       float64 // of the medians: new over old, less 1
	significant bool
	p           string // as benchstat prints it
}

// timeUnit is what benchstat calls a time. Other units are not judged: for some of them more is better.
const timeUnit = "sec/op"

// read reads the times of a comparison of two sides in benchstat's CSV form: a line for each key that changes ("pkg: ..."), then
// tables that begin with a row of sides and a row of columns (",sec/op,CI,sec/op,CI,vs base,P") and end with "geomean". Benchmarks
// that one side lacks are left out.
func read(r io.Reader) (out []change, err error) {
	c := csv.NewReader(r)
	c.FieldsPerRecord, c.LazyQuotes = -1, true
	var pkg, unit string
	for {
		row, err := c.Read()
		if errors.Is(err, io.EOF) {
			return out, nil
		}
		if err != nil {
			return nil, err
		}
		switch {
		case len(row) == 1:
			if p, ok := strings.CutPrefix(row[0], "pkg: "); ok {
				pkg = p
			}
		case row[0] == "" && len(row) > 2 && row[2] == "CI":
			unit = row[1]
		case row[0] == "" || row[0] == "geomean" || unit != timeUnit || len(row) < 7 || row[1] == "" || row[3] == "":
		default:
			x, err := readRow(row)
			if err != nil {
				line, _ := c.FieldPos(0)
				return nil, fmt.Errorf("line %d: %w", line, err)
			}
			if x.name = strings.TrimSpace(pkg + " " + x.name); x.p != "" {
				out = append(out, x)
			}
		}
	}
}

// readRow reads a benchmark: its name, old median and interval, new median and interval, the difference or "~", and p. A benchmark
// that reports no time, which is 0, has no p.
func readRow(row []string) (change, error) {
	var medians [2]float64
	for i := range medians {
		v, err := strconv.ParseFloat(row[1+2*i], 64)
		if err != nil {
			return change{}, fmt.Errorf("benchmark %q: %w", row[0], err)
		}
		medians[i] = v
	}
	if medians[0] <= 0 {
		return change{name: row[0]}, nil
	}
	return change{name: row[0], delta: medians[1]/medians[0] - 1, significant: row[5] != "~" && row[5] != "?", p: row[6]}, nil
}
