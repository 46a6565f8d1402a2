package digits

import (
	_ "embed" // for the directives below
	"strings"
)

//go:embed digits.onnx
var model string

//go:embed 7.png
var picture string

//go:embed labels.txt
var labels string

// Model returns the bytes of the ONNX model, a few tens of kilobytes; the caller owns them.
func Model() []byte { return []byte(model) }

// Picture returns the bytes of a PNG, 140 x 140 grey pixels, of a white seven on black; the caller owns them.
func Picture() []byte { return []byte(picture) }

// Labels returns the names of the ten classes in the order of the model's output: "0" to "9". The caller owns them.
func Labels() []string { return strings.Fields(labels) }
