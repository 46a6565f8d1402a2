package vision

import (
	"errors"
	"testing"
)

func TestNewImageRefusesBadSizes(t *testing.T) {
	for _, c := range []struct {
		width, height, channels int
		want                    error
	}{
		{0, 1, 3, ErrImage}, {1, -1, 3, ErrImage}, {1, 1, 2, ErrImage}, {1, 1, 4, ErrImage}, {1, 1, 0, ErrImage},
		{1 << 30, 1 << 30, 1, ErrTooLarge}, {1 << 15, 1 << 15, 3, ErrTooLarge},
	} {
		if _, err := NewImage(c.width, c.height, c.channels); !errors.Is(err, c.want) {
			t.Errorf("%dx%dx%d: want %v, got %v", c.width, c.height, c.channels, c.want, err)
		}
	}
}

// TestGreyEqualsPillow has values of Pillow's convert("L").
func TestGreyEqualsPillow(t *testing.T) {
	m := &Image{Width: 6, Height: 1, Channels: 3, Pix: []uint8{
		255, 0, 0, 0, 255, 0, 0, 0, 255, 255, 255, 255, 1, 2, 3, 200, 100, 50,
	}}
	if got, want := m.Grey(), []uint8{76, 150, 29, 255, 2, 124}; string(got.Pix) != string(want) {
		t.Errorf("got %v, want %v", got.Pix, want)
	}
	grey := m.Grey()
	if grey.Grey() != grey || m.RGB() != m {
		t.Error("a picture that needs no conversion was copied")
	}
	if back := grey.RGB().Grey(); string(back.Pix) != string(grey.Pix) {
		t.Errorf("grey to colour and back: got %v, want %v", back.Pix, grey.Pix)
	}
}
