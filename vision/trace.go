package vision

import (
	"fmt"
	"strings"
)

// Step is one step on the way from a file to a tensor.
type Step struct {
	Name     string  `json:"name"` // decode, orient, grey, resize, crop, pad, normalize or layout
	Width    int     `json:"width"`
	Height   int     `json:"height"`
	Channels int     `json:"channels"`
	Min      float64 `json:"min"` // least and greatest value after the step, within what a crop keeps
	Max      float64 `json:"max"`
	Detail   string  `json:"detail,omitempty"`
}

// String returns a line such as "resize     256x341x3  0..255      bilinear".
func (s Step) String() string {
	size := fmt.Sprintf("%dx%dx%d", s.Width, s.Height, s.Channels)
	values := fmt.Sprintf("%.4g..%.4g", s.Min, s.Max)
	return strings.TrimRight(fmt.Sprintf("%-9s %-13s %-16s %s", s.Name, size, values, s.Detail), " ")
}

// Trace records the steps that a picture goes through, with the sizes and the range of values after each. A nil Trace
// records nothing. It must not be used by two goroutines at once.
type Trace struct {
	Steps []Step
}

// String returns a line for each step.
func (t *Trace) String() string {
	if t == nil {
		return ""
	}
	var b strings.Builder
	for _, s := range t.Steps {
		b.WriteString(s.String())
		b.WriteByte('\n')
	}
	return b.String()
}

// image records a step that left m.
func (t *Trace) image(name string, m *Image, detail string) {
	t.part(name, m.Width, m.Height, m, detail)
}

// part records a step that left a picture of the given size, of which only m has been computed.
func (t *Trace) part(name string, width, height int, m *Image, detail string) {
	if t == nil {
		return
	}
	lo, hi := m.valueRange()
	t.Steps = append(t.Steps, Step{name, width, height, m.Channels, float64(lo), float64(hi), detail})
}
