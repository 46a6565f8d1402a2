package cifar10

import _ "embed" // for the directives below

//go:embed cifar10.onnx
var model string

//go:embed ship.png
var picture string

// Model returns the bytes of the ONNX model, at most 300,000; the caller owns them.
func Model() []byte { return []byte(model) }

// Picture returns the bytes of a PNG, 128 x 128 RGB pixels, of a drawn ship at sea; the caller owns them.
func Picture() []byte { return []byte(picture) }
