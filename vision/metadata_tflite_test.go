package vision_test

import (
	"errors"
	"reflect"
	"strings"
	"testing"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/loader/tflite"
	"github.com/octet-ml/octet/vision"
)

func TestTFLiteMetadataDescribePreprocessing(t *testing.T) {
	for _, c := range []struct {
		name     string
		metadata map[string]string
		want     vision.Preprocess
		own      bool
	}{
		{"nothing", map[string]string{tflite.KeyName: "classifier"}, vision.Preprocess{}, false},
		{"one for all channels", map[string]string{tflite.KeyMean: "127.5", tflite.KeyStd: "127.5"},
			vision.Preprocess{Mean: []float64{127.5}, Std: []float64{127.5}}, true},
		{"one for each channel", map[string]string{tflite.KeyMean: "123.675,116.28,103.53", tflite.KeyStd: "58.395,57.12,57.375"},
			vision.Preprocess{Mean: []float64{123.675, 116.28, 103.53}, Std: []float64{58.395, 57.12, 57.375}}, true},
		{"no deviation", map[string]string{tflite.KeyMean: "128"}, vision.Preprocess{Mean: []float64{128}}, true},
		{"labels", map[string]string{tflite.KeyLabels: "cat\r\n\n 3 dogs \n\n"}, vision.Preprocess{Labels: vision.Labels{"cat", "", "3 dogs"}}, false},
		{"both", map[string]string{tflite.KeyStd: "255", tflite.KeyLabels: "cat\ndog"},
			vision.Preprocess{Std: []float64{255}, Labels: vision.Labels{"cat", "dog"}}, true},
		{"our own key comes first", map[string]string{tflite.KeyStd: "255", tflite.KeyLabels: "cat", vision.MetadataKey: `{"mean":[1],"filter":"bilinear"}`},
			vision.Preprocess{Mean: []float64{1}}, true},
	} {
		got, own, err := vision.FromMetadata(c.metadata)
		if err != nil || own != c.own || !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s: got %+v, %v, %v; want %+v, %v", c.name, got, own, err, c.want, c.own)
		}
	}
}

func TestMalformedTFLiteMetadataAreRefusedByName(t *testing.T) {
	for _, c := range []struct {
		key, text string
		want      error
	}{
		{tflite.KeyMean, "127.5,x", vision.ErrPreprocess},
		{tflite.KeyMean, "NaN", vision.ErrPreprocess},
		{tflite.KeyMean, ",", vision.ErrPreprocess},
		{tflite.KeyStd, "0", vision.ErrPreprocess},
		{tflite.KeyStd, "1,1,1,1", vision.ErrPreprocess},
		{tflite.KeyLabels, strings.Repeat("x\n", vision.MaxLabels) + "x", vision.ErrTooLarge},
	} {
		_, own, err := vision.FromMetadata(map[string]string{c.key: c.text})
		if own || !errors.Is(err, c.want) || !strings.Contains(err.Error(), c.key) {
			t.Errorf("%s %.20q: got %v, %v", c.key, c.text, own, err)
		}
	}
}

// TestTFLiteNormalizationCountsInPixels follows metadata of a file to the numbers in a float and in a quantized input.
func TestTFLiteNormalizationCountsInPixels(t *testing.T) {
	p, _, err := vision.FromMetadata(map[string]string{tflite.KeyMean: "127.5", tflite.KeyStd: "127.5"})
	if err != nil {
		t.Fatal(err)
	}
	m := &vision.Image{Width: 1, Height: 1, Channels: 3, Pix: []uint8{255, 0, 51}}
	spec := vision.InputSpec{DType: graph.Float32, Height: 1, Width: 1, Channels: 3, Layout: vision.NHWC}
	x := graph.NewTensor(graph.Float32, 1, 1, 1, 3)
	if err := p.Apply(m, spec, x.Data, nil); err != nil {
		t.Fatal(err)
	}
	if got := x.Floats(); !reflect.DeepEqual(got, []float32{1, -1, -0.6}) {
		t.Errorf("float: got %v", got)
	}
	spec.DType, spec.Scale, spec.ZeroPoint = graph.Uint8, 1.0/128, 128
	q := make([]byte, 3)
	if err := p.Apply(m, spec, q, nil); err != nil {
		t.Fatal(err)
	}
	if want := []byte{255, 0, 51}; !reflect.DeepEqual(q, want) {
		t.Errorf("quantized: got %v, want %v", q, want)
	}
}
