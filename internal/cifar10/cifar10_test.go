package cifar10

import (
	"bytes"
	"image"
	"image/png"
	"testing"
)

func TestModelIsSmall(t *testing.T) {
	if n := len(Model()); n < 100_000 || n > 300_000 {
		t.Errorf("the model has %d bytes, want 100,000 to 300,000", n)
	}
}

func TestPictureIsASmallPNG(t *testing.T) {
	data := Picture()
	img, err := png.Decode(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	if len(data) > 8<<10 || img.Bounds() != image.Rect(0, 0, 128, 128) {
		t.Errorf("%d bytes, bounds %v, want a picture of 128 x 128 in at most 8 KiB", len(data), img.Bounds())
	}
}

func TestWhatIsReturnedIsACopy(t *testing.T) {
	for name, get := range map[string]func() []byte{"model": Model, "picture": Picture} {
		get()[0] ^= 0xff
		if a, b := get(), get(); &a[0] == &b[0] || a[0] != b[0] {
			t.Errorf("%s: shared between callers", name)
		}
	}
}
