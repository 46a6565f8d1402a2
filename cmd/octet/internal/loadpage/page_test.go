package loadpage

import (
	"strings"
	"testing"
	"time"

	"github.com/octet-ml/octet/internal/testkit"
	"github.com/octet-ml/octet/serve/load"
)

func TestThePageHasTheTableAndTwoPictures(t *testing.T) {
	one := load.Outcome{Code: "refused", Latency: load.Latency{Count: 1, Max: time.Second}, Example: "a <b>",
		Histogram: []load.Bin{{From: time.Second, To: 2 * time.Second, Count: 1}},
		Quantiles: []load.Quantile{{Share: 0, Time: time.Second}, {Share: 1, Time: time.Second}}}
	many := load.Outcome{Code: "200", Good: true, Latency: load.Latency{Count: 99, P50: 1234 * time.Microsecond},
		Histogram: []load.Bin{{From: 0, To: time.Millisecond, Count: 90}, {From: time.Millisecond, To: 2 * time.Millisecond}, {From: 2 * time.Millisecond, To: 3 * time.Millisecond, Count: 9}},
		Quantiles: []load.Quantile{{Share: 0}, {Share: 0.5, Time: 1234 * time.Microsecond}, {Share: 1, Time: 3 * time.Millisecond}}}
	for name, outcomes := range map[string][]load.Outcome{"one": {one}, "both": {many, one}} {
		var out strings.Builder
		if err := Write(&out, &load.Report{Model: "m", Rate: 10, Sent: 100, Outcomes: outcomes}); err != nil {
			t.Fatal(name, err)
		}
		testkit.CheckPage(t, out.String())
		for _, want := range []string{"<td>refused</td>", "1.00 %", "refused, the first: <code>a &lt;b&gt;</code>", "late", "Latency by share of requests"} {
			if !strings.Contains(out.String(), want) {
				t.Errorf("%s: no %q in %.2500s", name, want, out.String())
			}
		}
		if n := strings.Count(out.String(), "<svg"); n != 2 {
			t.Errorf("%s: %d pictures", name, n)
		}
	}
}

func TestWithoutRequestsThereIsNoPage(t *testing.T) {
	if err := Write(&strings.Builder{}, &load.Report{}); err == nil {
		t.Error("no error")
	}
}
