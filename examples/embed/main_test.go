package main

import (
	"bytes"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/octet-ml/octet/examples/embed/digits"
	"github.com/octet-ml/octet/internal/testkit"
)

// maxProcessTime bounds the time that the processors spend on a whole run, start-up and compilation of the model included.
const maxProcessTime = 30 * time.Millisecond

func TestTheEmbeddedPictureIsASeven(t *testing.T) {
	scores, err := digits.TopKFile(bytes.NewReader(picture), 1)
	if err != nil || scores[0].Class != digits.Class7 || scores[0].Probability < 0.9 {
		t.Errorf("got %v, %v", scores, err)
	}
}

func TestABadPictureIsAnError(t *testing.T) {
	if err := run([]string{"main.go"}); err == nil {
		t.Error("no error")
	}
}

// The time is that of the processors, user and system, not the wall's: the median of several runs depends little on what else
// the machine does.
func TestARunTakesFewMilliseconds(t *testing.T) {
	bin := testkit.Build(t, "examples/embed")
	var times []time.Duration
	for range 9 {
		c := exec.Command(bin)
		out, err := c.Output()
		if err != nil || !strings.HasPrefix(string(out), "7 (") {
			t.Fatalf("%v: %q", err, out)
		}
		times = append(times, c.ProcessState.UserTime()+c.ProcessState.SystemTime())
	}
	slices.Sort(times)
	if median := times[len(times)/2]; median > maxProcessTime {
		t.Errorf("median %v of %v, want at most %v", median, times, maxProcessTime)
	}
}
