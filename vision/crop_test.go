package vision

import (
	"errors"
	"math"
	"testing"
)

// TestCenterCrop has the offsets and paddings that torchvision 0.20 gives; pixel (x, y) of the source is 10y+x+1.
func TestCenterCrop(t *testing.T) {
	for _, c := range []struct {
		width, height, cropW, cropH int
		pix                         []uint8
	}{
		{3, 3, 1, 1, []uint8{12}},
		{4, 1, 1, 1, []uint8{3}},                        // offset 1.5 rounds to 2
		{2, 1, 1, 1, []uint8{1}},                        // offset 0.5 rounds to 0
		{6, 1, 1, 1, []uint8{3}},                        // offset 2.5 rounds to 2
		{5, 2, 3, 2, []uint8{2, 3, 4, 12, 13, 14}},      // one axis
		{1, 1, 2, 2, []uint8{1, 9, 9, 9}},               // the odd pixel goes right and below
		{2, 1, 5, 1, []uint8{9, 1, 2, 9, 9}},            // likewise
		{4, 1, 2, 3, []uint8{9, 9, 2, 3, 9, 9}},         // crops across, pads down
		{3, 2, 3, 2, []uint8{1, 2, 3, 11, 12, 13}},      // nothing to do
		{1, 3, 3, 1, []uint8{9, 11, 9}},                 // pads across, crops down
		{2, 2, 2, 4, []uint8{9, 9, 1, 2, 11, 12, 9, 9}}, // even padding
	} {
		src, err := NewImage(c.width, c.height, 1)
		if err != nil {
			t.Fatal(err)
		}
		for i := range src.Pix {
			src.Pix[i] = uint8(i/c.width*10 + i%c.width + 1)
		}
		for _, channels := range []int{1, 3} {
			m := src
			if channels == 3 {
				m = src.RGB()
			}
			got, err := CenterCrop(m, c.cropW, c.cropH, 9)
			if err != nil {
				t.Fatal(err)
			}
			want := &Image{Width: c.cropW, Height: c.cropH, Channels: 1, Pix: c.pix}
			if string(got.RGB().Pix) != string(want.RGB().Pix) || got.Channels != channels {
				t.Errorf("%dx%d to %dx%d, %d channels: got %v, want %v", c.width, c.height, c.cropW, c.cropH, channels, got.Pix, c.pix)
			}
		}
	}
}

func TestCropRefusesBadRectangles(t *testing.T) {
	src := synthetic(t, "noise", 3, 5, 4)
	for _, r := range [][4]int{{0, 0, 0, 1}, {0, 0, 6, 1}, {-1, 0, 2, 2}, {4, 0, 2, 1}, {0, 3, 1, 2}, {0, math.MaxInt, 1, math.MaxInt}} {
		if _, err := Crop(src, r[0], r[1], r[2], r[3]); !errors.Is(err, ErrImage) {
			t.Errorf("%v: want ErrImage, got %v", r, err)
		}
	}
	m, err := Crop(src, 1, 2, 3, 2)
	if err != nil {
		t.Fatal(err)
	}
	if m.Width != 3 || m.Height != 2 || [3]uint8(m.Pix) != [3]uint8(src.Pix[3*(2*5+1):]) {
		t.Errorf("got %dx%d beginning %v", m.Width, m.Height, m.Pix[:3])
	}
	if _, err := CenterCrop(src, 0, 3, 0); !errors.Is(err, ErrImage) {
		t.Errorf("empty crop: got %v", err)
	}
	if _, err := CenterCrop(src, 1<<30, 3, 0); !errors.Is(err, ErrTooLarge) {
		t.Errorf("huge crop: got %v", err)
	}
}

func TestShorterSide(t *testing.T) {
	for _, c := range [][5]int{ // width, height, n, resized width, height
		{500, 375, 256, 341, 256}, {375, 500, 256, 256, 341}, {224, 224, 256, 256, 256}, {380, 256, 146, 216, 146},
		{1, 3, 7, 7, 21}, {1, 65535, 131072, 131072, maxSide + 1}, {65535, 1, 131072, maxSide + 1, 131072},
	} {
		if w, h := shorterSide(c[0], c[1], c[2]); w != c[3] || h != c[4] {
			t.Errorf("%dx%d, shorter side %d: got %dx%d, want %dx%d", c[0], c[1], c[2], w, h, c[3], c[4])
		}
	}
}

func TestFitInside(t *testing.T) {
	for _, c := range [][6]int{ // width, height, limits, fitted width, height
		{200, 100, 50, 50, 50, 25}, {100, 200, 50, 50, 25, 50}, {10, 10, 30, 20, 20, 20}, {1000, 1, 20, 20, 20, 1}, {7, 5, 7, 5, 7, 5},
	} {
		if w, h := fitInside(c[0], c[1], c[2], c[3]); w != c[4] || h != c[5] {
			t.Errorf("%dx%d in %dx%d: got %dx%d, want %dx%d", c[0], c[1], c[2], c[3], w, h, c[4], c[5])
		}
	}
}
