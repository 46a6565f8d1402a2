package digits

import (
	"embed"
	"strings"
)

//go:embed digits.onnx
var model string

//go:embed 3.png 7.png 8.png
var pictures embed.FS

//go:embed labels.txt
var labels string

// Model returns the bytes of the ONNX model, a few tens of kilobytes; the caller owns them.
func Model() []byte { return []byte(model) }

// Picture returns the bytes of a PNG, 140 x 140 grey pixels, of a white seven on black; the caller owns them.
func Picture() []byte { return Pictures()["7.png"] }

// Pictures returns the bytes of three such PNGs, of a three, a seven and an eight, by the names of their files; the caller owns them.
func Pictures() map[string][]byte {
	all := make(map[string][]byte)
	for _, name := range []string{"3.png", "7.png", "8.png"} {
		all[name], _ = pictures.ReadFile(name) // it is embedded
	}
	return all
}

// Labels returns the names of the ten classes in the order of the model's output: "0" to "9". The caller owns them.
func Labels() []string { return strings.Fields(labels) }
