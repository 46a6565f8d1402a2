package vision

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/octet-ml/octet/graph"
)

// FuzzDecodeImage says that any bytes give a consistent picture within the limits, or one of two errors.
func FuzzDecodeImage(f *testing.F) {
	for _, name := range []string{
		"j420_5x4.jpg", "j444_3x3.jpg", "jgrey_37x29.jpg", "jexif6_23x14.jpg", "jcmyk_37x29.jpg", "jprogressive_61x43.jpg",
		"p4.png", "exif7l.png", "la16.png", "transparent_offset.gif", "l.gif", "lossy_3x5.webp", "lossless.webp",
		"alpha_lossy.webp", "exif8.webp", "1.bmp", "p.bmp",
	} {
		data, err := os.ReadFile(filepath.Join("testdata", "decode", name))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	const maxPixels = 1 << 16
	f.Fuzz(func(t *testing.T, data []byte) {
		m, err := DecodeBytes(data, WithMaxPixels(maxPixels), WithTrace(&Trace{}))
		if err != nil {
			if !errors.Is(err, ErrFormat) && !errors.Is(err, ErrTooLarge) {
				t.Fatalf("error without a sentinel: %v", err)
			}
			return
		}
		if err := m.Check(); err != nil {
			t.Fatal(err)
		}
		if m.Width*m.Height > maxPixels {
			t.Fatalf("%dx%d is beyond the limit", m.Width, m.Height)
		}
	})
}

// FuzzPreprocessJSON says that what ParsePreprocess accepts can be stored, read back the same, and used.
func FuzzPreprocessJSON(f *testing.F) {
	for _, name := range Presets() {
		p, err := Preset(name)
		if err != nil {
			f.Fatal(err)
		}
		text, err := p.Metadata()
		if err != nil {
			f.Fatal(err)
		}
		f.Add([]byte(text))
	}
	f.Add([]byte(`{"preset": "caffe", "size": [8, 6], "resize": "letterbox", "fill": 9, "quantize": "values", "labels": ["a"]}`))
	f.Add([]byte(`{"resize_to": 11, "crop_fraction": 0.5, "filter": "lanczos", "layout": "nhwc", "std": [2], "scale": 1e-9}`))
	m := synthetic(f, "noise", 3, 7, 5)
	f.Fuzz(func(t *testing.T, data []byte) {
		p, err := ParsePreprocess(data)
		if err != nil {
			if !errors.Is(err, ErrPreprocess) {
				t.Fatalf("error without a sentinel: %v", err)
			}
			return
		}
		text, err := p.Metadata()
		if err != nil {
			t.Fatal(err)
		}
		back, err := ParsePreprocess([]byte(text))
		if err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		if again, _ := json.Marshal(back); string(again) != text {
			t.Fatalf("%s came back as %s", text, again)
		}
		if max(p.Size[0], p.Size[1], p.ResizeTo) > 64 {
			return
		}
		for _, spec := range []InputSpec{
			{DType: graph.Float32, Height: 4, Width: 6, Channels: 3, Layout: NCHW},
			{DType: graph.Int8, Height: 8, Width: 6, Channels: 1, Layout: NHWC, Scale: 0.5, ZeroPoint: 3},
			{DType: graph.Uint8, Channels: 3},
		} {
			l, err := p.Bind(spec)
			if err != nil {
				if !errors.Is(err, ErrInput) {
					t.Fatalf("%s: error without a sentinel: %v", text, err)
				}
				continue
			}
			if err := l.Apply(m, make([]byte, l.Spec().Bytes()), &Trace{}); err != nil {
				t.Fatalf("%s: %v", text, err)
			}
		}
	})
}
