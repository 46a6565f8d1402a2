package repository

import (
	"fmt"
	"regexp"
	"strconv"
)

// nameForm is what the name of a model looks like: no separator, no leading dot.
var nameForm = regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9_.+-]{0,127}$`)

// lostAndFound is a folder that some file systems have in their root; it is not a model.
const lostAndFound = "lost+found"

// checkName returns an error wrapping ErrName unless name can be that of a model.
func checkName(name string) error {
	if !nameForm.MatchString(name) || name == lostAndFound {
		return fmt.Errorf("%w: model %.140q", ErrName, name)
	}
	return nil
}

// parseVersion returns a version's number; only its shortest form counts.
func parseVersion(s string) (int64, error) {
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil || n < 0 || strconv.FormatInt(n, 10) != s {
		return 0, fmt.Errorf("%w: version %.40q: want a number", ErrName, s)
	}
	return n, nil
}
