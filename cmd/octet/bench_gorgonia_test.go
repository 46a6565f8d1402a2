//go:build gorgonia

package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

func TestBenchRunsGorgonia(t *testing.T) {
	page := filepath.Join(t.TempDir(), "report.html")
	status, out, errs := octet(nil, brief("--arch", "resnet8", "--engine", "fp32,gorgonia,int8", "--batch", "2", "--html", page)...)
	if status != 0 || errs != "" {
		t.Fatalf("status %d: %s", status, errs)
	}
	if rows := regexp.MustCompile(`(?m)^ *(octet +fp32|gorgonia +fp32|octet +int8) `).FindAllString(out, -1); len(rows) != 6 {
		t.Errorf("%d rows, want 6:\n%s", len(rows), out)
	}
	if html, err := os.ReadFile(page); err != nil || !strings.Contains(string(html), "gorgonia fp32, 1 thread") {
		t.Errorf("%v: the page has no series of gorgonia", err)
	}
	status, out, errs = octet(nil, brief("--arch", "resnet8", "--engine", "gorgonia", "--benchstat")...)
	if status != 0 || !strings.Contains(out, "BenchmarkRun/resnet8/gorgonia_fp32/batch=1/") {
		t.Errorf("status %d: %s%s", status, out, errs)
	}
}

func TestBenchGoesOnWithoutWhatGorgoniaLacks(t *testing.T) {
	status, out, errs := octet(nil, brief("--arch", "mobilenetv1", "--engine", "gorgonia,int8", "--batch", "2")...)
	if status != 0 || strings.Count(errs, "\n") != 1 || !strings.HasPrefix(errs, "octet: gorgonia does not run mobilenetv1: ") || !strings.Contains(errs, `Conv "conv2" (32 groups)`) {
		t.Errorf("status %d: %s", status, errs)
	}
	if strings.Contains(out, "gorgonia") || !strings.Contains(out, "int8") {
		t.Errorf("output:\n%s", out)
	}
	if status, _, errs = octet(nil, brief("--arch", "mobilenetv1", "--engine", "gorgonia")...); status != 1 || !strings.Contains(errs, "nothing was measured") {
		t.Errorf("status %d: %s", status, errs)
	}
	if status, _, errs = octet(nil, "bench", "--profile", "--arch", "resnet8", "--engine", "gorgonia"); status != 2 || !strings.Contains(errs, "only Octet has a profile") {
		t.Errorf("status %d: %s", status, errs)
	}
}
