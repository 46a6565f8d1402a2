package report_test

import (
	"bytes"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/octet-ml/octet/bench"
	"github.com/octet-ml/octet/bench/report"
	"github.com/octet-ml/octet/internal/testkit"
)

// measured is results and profiles of resnet8.
func measured(t *testing.T) report.Data {
	t.Helper()
	var cells []bench.Cell
	for _, p := range []bench.Precision{bench.FP32, bench.Int8} {
		g, err := bench.Build("resnet8", p)
		if err != nil {
			t.Fatal(err)
		}
		for _, batch := range []int{1, 2} {
			cells = append(cells, bench.Cell{Model: "resnet8 <&>", Precision: p, Graph: g, Threads: 1, Batch: batch})
		}
	}
	o := bench.Options{Duration: 4 * time.Millisecond}
	r, err := bench.Measure(cells, o)
	if err != nil {
		t.Fatal(err)
	}
	d := report.Data{Report: r, Bandwidth: 10}
	for _, c := range []bench.Cell{cells[0], cells[2]} {
		p, err := bench.Profile(c, r.Peak, o)
		if err != nil {
			t.Fatal(err)
		}
		d.Profiles = append(d.Profiles, p)
	}
	return d
}

func TestThePageIsWholeAndByItself(t *testing.T) {
	d := measured(t)
	var out bytes.Buffer
	if err := report.Write(&out, d); err != nil {
		t.Fatal(err)
	}
	page := out.String()
	for _, want := range []string{
		"resnet8 &lt;&amp;&gt;", "Latency against batch", "Throughput against threads", "Roofline", "Time of layers", "Memory over the steps", d.Machine.Go, "int8, 1 thread",
	} {
		if !strings.Contains(page, want) {
			t.Errorf("no %q", want)
		}
	}
	if n := strings.Count(page, "<svg"); n != 5 {
		t.Errorf("%d pictures, want 5", n)
	}
	testkit.CheckPage(t, page)
}

func TestAnotherEngineHasItsOwnSeries(t *testing.T) {
	d := measured(t)
	d.Results[3].Engine, d.Results[3].Arena = "other", 0
	var out bytes.Buffer
	if err := report.Write(&out, d); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"<td>other</td><td>int8</td>", "other int8, 1 thread", "<td>-</td>"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("no %q", want)
		}
	}
}

func TestOneResultMakesAPage(t *testing.T) {
	d := measured(t)
	d.Results, d.Profiles = d.Results[:1], nil
	var out bytes.Buffer
	if err := report.Write(&out, d); err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(out.String(), "<svg"); n != 2 {
		t.Errorf("%d pictures, want 2", n)
	}
}

func TestNothingMakesNoPage(t *testing.T) {
	if err := report.Write(io.Discard, report.Data{Report: &bench.Report{}}); err == nil {
		t.Error("no error")
	}
}
