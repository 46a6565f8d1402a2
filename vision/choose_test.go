package vision

import (
	"errors"
	"image"
	"testing"

	"github.com/octet-ml/octet/graph"
)

func TestChoose(t *testing.T) {
	spec := InputSpec{DType: graph.Float32, Height: 224, Width: 224, Channels: 3, Layout: NCHW}
	own := map[string]string{MetadataKey: `{"preset": "caffe", "labels": ["a", "b"]}`}
	for _, c := range []struct {
		name     string
		metadata map[string]string
		preset   string
		source   string
		labels   int
		err      error
	}{
		{name: "guess", source: "preset torchvision (guessed)"},
		{name: "metadata", metadata: own, source: "the model's metadata", labels: 2},
		{name: "preset before metadata, but for labels", metadata: own, preset: "tf", source: "preset tf", labels: 2},
		{name: "malformed metadata", metadata: map[string]string{MetadataKey: "{"}, err: ErrPreprocess},
		{name: "preset in place of malformed metadata", metadata: map[string]string{MetadataKey: "{"}, preset: "unit", source: "preset unit"},
		{name: "unknown preset", preset: "none", err: ErrPreprocess},
	} {
		p, source, err := Choose(spec, c.metadata, c.preset)
		if !errors.Is(err, c.err) || err == nil && (source.String() != c.source || len(p.Labels) != c.labels) {
			t.Errorf("%s: got %v from %q, %d labels", c.name, err, source, len(p.Labels))
		}
	}
}

func TestSize(t *testing.T) {
	data := encodePNG(t, image.NewGray(image.Rect(0, 0, 7, 5)))
	if w, h, err := Size(data); err != nil || w != 7 || h != 5 {
		t.Errorf("got %dx%d, %v", w, h, err)
	}
	if _, _, err := Size(data, WithMaxPixels(34)); !errors.Is(err, ErrTooLarge) {
		t.Errorf("above the limit: got %v", err)
	}
	if _, _, err := Size([]byte("no picture")); !errors.Is(err, ErrFormat) {
		t.Errorf("no picture: got %v", err)
	}
}
