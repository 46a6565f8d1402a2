package testkit

import (
	"encoding/xml"
	"errors"
	"io"
	"strings"
	"testing"
)

// CheckPage fails t unless an HTML page is whole by itself: it loads nothing from outside, and its pictures are well-formed SVG
// without missing numbers.
func CheckPage(t testing.TB, page string) {
	t.Helper()
	for _, outside := range []string{"<script", `src="h`, `src="/`, "url(", "@import", `<link rel="stylesheet`} {
		if strings.Contains(page, outside) {
			t.Errorf("the page has %q", outside)
		}
	}
	for _, svg := range strings.Split(page, "<svg")[1:] {
		svg, _, _ = strings.Cut("<svg"+svg, "</svg>")
		x := xml.NewDecoder(strings.NewReader(svg + "</svg>"))
		for {
			if _, err := x.Token(); errors.Is(err, io.EOF) {
				break
			} else if err != nil {
				t.Fatalf("%v in %.200s", err, svg)
			}
		}
		if strings.Contains(svg, "NaN") || strings.Contains(svg, "Inf") {
			t.Errorf("a number is missing in %.200s", svg)
		}
	}
}
