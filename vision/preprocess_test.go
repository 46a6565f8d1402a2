package vision

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/octet-ml/octet/graph"
)

func TestParsePreprocess(t *testing.T) {
	full := `{"size": [96, 64], "resize": "shorter", "resize_to": 110, "filter": "bicubic", "fill": 7, "channels": "bgr",
		"scale": 0.5, "mean": [1, 2, 3], "std": [4], "layout": "nhwc", "quantize": "values", "labels": ["cat", "dog"]}`
	got, err := ParsePreprocess([]byte(full))
	if err != nil {
		t.Fatal(err)
	}
	want := Preprocess{
		Size: [2]int{96, 64}, Resize: ShorterSide, ResizeTo: 110, Filter: Bicubic, Fill: 7, Channels: BGR, Scale: 0.5,
		Mean: []float64{1, 2, 3}, Std: []float64{4}, Layout: NHWC, Quantize: QuantizeValues, Labels: Labels{"cat", "dog"},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
	based, err := ParsePreprocess([]byte(`{"filter": "box", "preset": "caffe", "mean": [9]}`))
	if err != nil {
		t.Fatal(err)
	}
	if want := (Preprocess{Filter: Box, Channels: BGR, Mean: []float64{9}}); !reflect.DeepEqual(based, want) {
		t.Errorf("preset and more: got %+v, want %+v", based, want)
	}
}

func TestParsePreprocessRefuses(t *testing.T) {
	for text, where := range map[string]string{
		``:                                       "JSON",
		`[]`:                                     "",
		`null`:                                   "JSON object",
		`7`:                                      "",
		`{"size": [224, 224]`:                    "line 1",
		"{\n\n\"size\": [224,, 224]}":            "line 3",
		"{\n\"scale\": \"big\"}":                 "line 2",
		`{"sizes": [224, 224]}`:                  `"sizes"`,
		`{"size": [224, 224]} {}`:                "after",
		`{"size": [0, 224]}`:                     "size",
		`{"size": [224]}`:                        "size",
		`{"size": [9000, 9000]}`:                 "size",
		`{"resize": "crop"}`:                     "resize",
		`{"resize_to": -1}`:                      "resize_to",
		`{"resize": "stretch", "resize_to": 9}`:  "resize_to",
		`{"crop_fraction": 2}`:                   "crop_fraction",
		`{"crop_fraction": 1e-300}`:              "crop_fraction",
		`{"filter": "cubic"}`:                    `"cubic"`,
		`{"filter": 3}`:                          "filter",
		`{"fill": 256}`:                          "fill",
		`{"channels": "rgba"}`:                   "channels",
		`{"layout": "NCHW"}`:                     "layout",
		`{"quantize": "int8"}`:                   "quantize",
		`{"quantize": "pixels", "scale": 0.5}`:   "contradicts",
		`{"scale": -1}`:                          "scale",
		`{"scale": 1e-300}`:                      "scale",
		`{"mean": [1, 2]}`:                       "mean",
		`{"mean": [1e300]}`:                      "mean",
		`{"std": [1, 0, 1]}`:                     "std",
		`{"channels": "grey", "std": [1, 1, 1]}`: "std",
		`{"preset": "imagenet"}`:                 `"imagenet"`,
		`{"labels": "cat"}`:                      "labels",
	} {
		_, err := ParsePreprocess([]byte(text))
		if !errors.Is(err, ErrPreprocess) || !strings.Contains(err.Error(), where) {
			t.Errorf("%s: want an error with %q, got %v", text, where, err)
		}
	}
	if _, err := ParsePreprocess(make([]byte, maxMetadata+1)); !errors.Is(err, ErrTooLarge) {
		t.Errorf("huge: got %v", err)
	}
}

func TestPresetsSurviveMetadata(t *testing.T) {
	if !slices.IsSorted(Presets()) || len(Presets()) != len(presets) {
		t.Errorf("presets %v", Presets())
	}
	for _, name := range Presets() {
		p, err := Preset(name)
		if err != nil {
			t.Fatal(err)
		}
		p.Size, p.Labels = [2]int{32, 48}, Labels{"a", "b, \"c\""}
		text, err := p.Metadata()
		if err != nil {
			t.Fatal(err)
		}
		got, ok, err := FromMetadata(map[string]string{MetadataKey: text})
		if err != nil || !ok || !reflect.DeepEqual(got, p) {
			t.Errorf("%s: %s came back as %+v (%v, %v)", name, text, got, ok, err)
		}
	}
	if _, err := Preset("none"); !errors.Is(err, ErrPreprocess) {
		t.Errorf("unknown preset: got %v", err)
	}
	if _, ok, err := FromMetadata(map[string]string{"other": "{"}); ok || err != nil {
		t.Errorf("no description: got %v, %v", ok, err)
	}
	if _, _, err := FromMetadata(map[string]string{MetadataKey: "{"}); !errors.Is(err, ErrPreprocess) {
		t.Errorf("bad description: got %v", err)
	}
	if _, err := (Preprocess{Fill: -1}).Metadata(); !errors.Is(err, ErrPreprocess) {
		t.Errorf("bad fill: got %v", err)
	}
}

func TestPresetsAreIndependent(t *testing.T) {
	a, _ := Preset("torchvision")
	a.Mean[0] = 99
	if b, _ := Preset("torchvision"); b.Mean[0] != 0.485 {
		t.Errorf("changing one preset changed the next: %v", b.Mean)
	}
}

func TestGuessPreset(t *testing.T) {
	for _, c := range []struct {
		spec InputSpec
		want string
	}{
		{InputSpec{DType: graph.Uint8, Height: 224, Width: 224, Channels: 3}, "raw"},
		{InputSpec{DType: graph.Int8, Height: 32, Width: 32, Channels: 3}, "raw"},
		{InputSpec{DType: graph.Float32, Height: 28, Width: 28, Channels: 1}, "mnist"},
		{InputSpec{DType: graph.Float32, Height: 32, Width: 32, Channels: 3, Layout: NCHW}, "cifar10"},
		{InputSpec{DType: graph.Float32, Height: 224, Width: 224, Channels: 3, Layout: NCHW}, "torchvision"},
		{InputSpec{DType: graph.Float32, Height: 224, Width: 224, Channels: 3, Layout: NHWC}, "tf"},
		{InputSpec{DType: graph.Float32, Channels: 3, Layout: NCHW}, "torchvision"},
	} {
		if got := GuessPreset(c.spec); got != c.want {
			t.Errorf("%+v: got %s, want %s", c.spec, got, c.want)
		}
	}
}

func TestSpecOf(t *testing.T) {
	quant := graph.PerTensor(0.5, 128)
	for _, c := range []struct {
		dtype graph.DType
		shape graph.Shape
		quant *graph.Quant
		want  InputSpec
	}{
		{graph.Float32, graph.Shape{graph.Batch, 3, 224, 192}, nil, InputSpec{DType: graph.Float32, Height: 224, Width: 192, Channels: 3, Layout: NCHW}},
		{graph.Uint8, graph.Shape{1, 224, 192, 3}, quant, InputSpec{DType: graph.Uint8, Height: 224, Width: 192, Channels: 3, Layout: NHWC, Scale: 0.5, ZeroPoint: 128}},
		{graph.Int8, graph.Shape{96, 96, 1}, nil, InputSpec{DType: graph.Int8, Height: 96, Width: 96, Channels: 1, Layout: NHWC}},
		{graph.Float16, graph.Shape{graph.Batch, 3, -1, -1}, nil, InputSpec{DType: graph.Float16, Channels: 3, Layout: NCHW}},
	} {
		v := graph.NewValue("image", c.dtype, c.shape)
		v.Quant = c.quant
		if got, err := SpecOf(v); err != nil || got != c.want {
			t.Errorf("%v %v: got %+v (%v), want %+v", c.dtype, c.shape, got, err, c.want)
		}
	}
	perChannel := &graph.Quant{Scale: []float32{1, 2, 3}, Axis: 1}
	for _, c := range []struct {
		dtype graph.DType
		shape graph.Shape
		quant *graph.Quant
		where string
	}{
		{graph.Float32, graph.Shape{1, 1000}, nil, "none of one picture"},
		{graph.Float32, graph.Shape{4, 3, 224, 224}, nil, "none of one picture"},
		{graph.Float32, nil, nil, "none of one picture"},
		{graph.Float32, graph.Shape{1, 64, 56, 56}, nil, "neither 1 nor 3"},
		{graph.Float32, graph.Shape{1, 3, 224, 3}, nil, "NCHW or NHWC"},
		{graph.Int64, graph.Shape{1, 3, 224, 224}, nil, "i64"},
		{graph.Float32, graph.Shape{1, 3, 224, 1 << 20}, nil, "1048576"},
		{graph.Uint8, graph.Shape{1, 3, 224, 224}, perChannel, "per tensor"},
	} {
		v := graph.NewValue("image", c.dtype, c.shape)
		v.Quant = c.quant
		_, err := SpecOf(v)
		if !errors.Is(err, ErrInput) || !strings.Contains(fmt.Sprint(err), c.where) || !strings.Contains(err.Error(), `"image"`) {
			t.Errorf("%v %v: want an error with %q, got %v", c.dtype, c.shape, c.where, err)
		}
	}
}
