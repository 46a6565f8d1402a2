package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// comparison is what benchstat prints of two packages, with units of each kind.
const comparison = `goos: linux
pkg: example.org/one
,main,,this tree,,,
,sec/op,CI,sec/op,CI,vs base,P
Conv/x=1-2,1.0e-07,2%,1.3e-07,2%,+30.00%,p=0.002 n=6
Pool-2,1.0e-07,2%,0.9e-07,2%,-10.00%,p=0.002 n=6
Small-2,1.0e-07,2%,1.015e-07,2%,+1.50%,p=0.002 n=6
Same-2,1.0e-07,2%,1.2e-07,90%,~,p=0.400 n=6
Noisy-2,1.0e-07,9%,1.2e-07,9%,+20.00%,p=0.041 n=6
None-2,0,0%,0,0%,~,p=1.000 n=6
Old-2,1.0e-07,2%
New-2,,,1.0e-07,2%
geomean,1.0e-07,,1.1e-07,,+10.00%,

,main,,this tree,,,
,GOPS,CI,GOPS,CI,vs base,P
Conv/x=1-2,207,2%,100,2%,-51.69%,p=0.002 n=6
geomean,206.99999999999994,,100,,-51.69%,

pkg: example.org/two
,main,,this tree,,,
,sec/op,CI,sec/op,CI,vs base,P
Conv/x=1-2,1.0e-07,2%,1.04e-07,2%,+4.00%,p=0.009 n=6
geomean,1.0e-07,,1.04e-07,,+4.00%,
`

// table is a comparison of one package, by the rows of times.
func table(rows ...string) string {
	return "pkg: example.org/one\n,a,,b,,,\n,sec/op,CI,sec/op,CI,vs base,P\n" + strings.Join(rows, "\n") + "\ngeomean,1,,1,,+0.00%,\n"
}

// verdictOf runs the command on files with the given texts.
func verdictOf(t *testing.T, noise, comparison string) (status int, out string) {
	t.Helper()
	dir := t.TempDir()
	var args []string
	for name, text := range map[string]string{"a.csv": noise, "b.csv": comparison} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	args = append(args, filepath.Join(dir, "a.csv"), filepath.Join(dir, "b.csv"))
	var stdout, stderr bytes.Buffer
	status = run(args, &stdout, &stderr)
	return status, stdout.String() + stderr.String()
}

func TestOnlyWhatIsBeyondTheNoiseCounts(t *testing.T) {
	var rows []string
	for range 19 {
		rows = append(rows, "Conv/x=1-2,1.0e-07,2%,0.98e-07,2%,~,p=0.100 n=3")
	}
	rows = append(rows, "Noisy-2,1.0e-07,2%,1.25e-07,2%,~,p=0.100 n=3") // the 20th
	status, out := verdictOf(t, table(rows...), comparison)
	want := `noise floor 2.0 %: so much do the old side's odd runs differ from its even ones, at most (of 19 in 20 benchmarks)
slower: example.org/one Conv/x=1-2 +30.0 % (p=0.002 n=6)
slower: example.org/two Conv/x=1-2 +4.0 % (p=0.009 n=6)
faster: example.org/one Pool-2 -10.0 % (p=0.002 n=6)
2 benchmarks differ significantly, but by less than the noise
verdict: of 6 benchmarks, 2 slower by 4.0 to 30.0 %, 1 faster by 10.0 %
`
	if status != 1 || out != want {
		t.Errorf("status %d:\n%s\nwant 1:\n%s", status, out, want)
	}
}

func TestVerdicts(t *testing.T) {
	quiet := table("Conv-2,1.0e-07,0%,1.001e-07,0%,~,p=0.700 n=3")
	for _, c := range []struct {
		noise, comparison string
		status            int
		want              string
	}{
		{quiet, table("Conv-2,1.0e-07,2%,0.9e-07,2%,-10.00%,p=0.002 n=6"), 0, "verdict: of 1 benchmark, 0 slower, 1 faster by 10.0 %\n"},
		{quiet, table("Conv-2,1.0e-07,2%,1.1e-07,2%,+10.00%,p=0.002 n=6"), 1, "verdict: of 1 benchmark, 1 slower by 10.0 %, 0 faster\n"},
		{quiet, table("Conv-2,1.0e-07,2%,1.1e-07,2%,~,p=0.132 n=6"), 0, "verdict: no difference that the noise allows to see, of 1 benchmark\n"},
		{quiet, table("Conv-2,1.0e-07,2%,1.009e-07,2%,+0.90%,p=0.002 n=6"), 0, "1 benchmark differs significantly, but by less than the noise\n"},
		{table("Conv-2,1.0e-07,2%,2.5e-07,2%,~,p=0.100 n=3"), table("Conv-2,1.0e-07,2%,0.25e-07,2%,-75.00%,p=0.002 n=6"), 0, "1 faster by 75.0 %\n"},
		{table("Conv-2,1.0e-07,2%,2.5e-07,2%,~,p=0.100 n=3"), table("Conv-2,1.0e-07,2%,0.5e-07,2%,-50.00%,p=0.002 n=6"), 0, "verdict: no difference"},
		{quiet, table("Conv-2,much,2%,1.1e-07,2%,~,p=0.132 n=6"), 2, "line 4: benchmark \"Conv-2\""},
		{quiet, "goos: linux\n", 2, "b.csv: no benchmark"},
		{"", quiet, 2, "a.csv: no benchmark"},
	} {
		if status, out := verdictOf(t, c.noise, c.comparison); status != c.status || !strings.Contains(out, c.want) {
			t.Errorf("status %d: %swant %d: %s", status, out, c.status, c.want)
		}
	}
	var stderr bytes.Buffer
	if status := run([]string{"none.csv"}, &stderr, &stderr); status != 2 || !strings.Contains(stderr.String(), "usage") {
		t.Errorf("status %d: %s", status, &stderr)
	}
	if status := run([]string{"none.csv", "none.csv"}, &stderr, &stderr); status != 2 || !strings.Contains(stderr.String(), "none.csv") {
		t.Errorf("status %d: %s", status, &stderr)
	}
}
