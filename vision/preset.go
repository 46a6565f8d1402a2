package vision

import (
	"fmt"
	"slices"

	"github.com/octet-ml/octet/graph"
)

// presets are the usual ways to feed a classifier; none fixes the size or the layout, which the model's input tells.
var presets = []struct {
	name string
	make func() Preprocess
}{
	{"torchvision", func() Preprocess {
		return Preprocess{Scale: 1.0 / 255, Mean: []float64{0.485, 0.456, 0.406}, Std: []float64{0.229, 0.224, 0.225}}
	}},
	{"tf", func() Preprocess { return Preprocess{Scale: 1 / 127.5, Mean: []float64{1}} }},
	{"unit", func() Preprocess { return Preprocess{Scale: 1.0 / 255} }},
	{"raw", func() Preprocess { return Preprocess{} }},
	{"caffe", func() Preprocess {
		return Preprocess{Channels: BGR, Mean: []float64{103.939, 116.779, 123.68}}
	}},
	{"cifar10", func() Preprocess {
		return Preprocess{Resize: Stretch, Scale: 1.0 / 255, Mean: []float64{0.485, 0.456, 0.406}, Std: []float64{0.229, 0.224, 0.225}}
	}},
	{"mnist", func() Preprocess { return Preprocess{Resize: Stretch, Channels: Grey} }},
}

// Preset returns the description with the given name; an unknown one gives an error wrapping ErrPreprocess.
//
//	torchvision  RGB, (pixel/255 - ImageNet's mean) / its deviation; shorter side 1/0.875 of the input, centre crop
//	tf           likewise, pixel/127.5 - 1
//	unit         likewise, pixel/255
//	raw          likewise, pixels 0..255 (int8 inputs: -128..127)
//	caffe        likewise, BGR, less the mean of each channel
//	cifar10      torchvision's values, the whole picture
//	mnist        grey pixels 0..255, the whole picture
func Preset(name string) (Preprocess, error) {
	for _, p := range presets {
		if p.name == name {
			return p.make(), nil
		}
	}
	return Preprocess{}, fmt.Errorf("%w: unknown preset %q, want one of %v", ErrPreprocess, name, Presets())
}

// Presets returns the names of all presets, sorted.
func Presets() []string {
	var names []string
	for _, p := range presets {
		names = append(names, p.name)
	}
	slices.Sort(names)
	return names
}

// GuessPreset returns the name of the preset that an input of the given kind most likely wants, for a model that says
// nothing itself: raw for integers; for floats mnist for one channel, cifar10 for at most 64 x 64 pixels, torchvision
// for NCHW and tf for NHWC. It is a guess; results are poor rather than absent where it is wrong.
func GuessPreset(spec InputSpec) string {
	switch {
	case spec.DType == graph.Uint8 || spec.DType == graph.Int8:
		return "raw"
	case spec.Channels == 1:
		return "mnist"
	case spec.Height > 0 && spec.Height <= 64 && spec.Width <= 64:
		return "cifar10"
	case spec.Layout == NHWC:
		return "tf"
	}
	return "torchvision"
}
