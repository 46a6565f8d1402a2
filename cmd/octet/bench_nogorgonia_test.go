//go:build !gorgonia

package main

import (
	"strings"
	"testing"
)

func TestWithoutGorgoniaTheErrorSaysHowToHaveIt(t *testing.T) {
	status, _, errs := octet(nil, brief("--arch", "resnet8", "--engine", "int8,gorgonia")...)
	if want := "go run -tags gorgonia ./cmd/octet bench --engine int8,gorgonia"; status != 2 || !strings.Contains(errs, want) {
		t.Errorf("status %d, want 2 and %q: %s", status, want, errs)
	}
}
