package main

import (
	"image"
	"image/png"
	"os"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/octet-ml/octet/internal/testkit"
)

// readPNG returns the committed picture of a digit.
func readPNG(t *testing.T, digit int) image.Image {
	t.Helper()
	f, err := os.Open(filepath.Join(testkit.Root(), "internal", "digits", strconv.Itoa(digit)+".png"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	img, err := png.Decode(f)
	if err != nil {
		t.Fatalf("%s: %v", f.Name(), err)
	}
	return img
}

func TestDrawnPicturesAreTheCommittedOnes(t *testing.T) {
	for _, d := range drawable {
		committed, drawn := readPNG(t, d.digit), render(d.path)
		if committed.Bounds() != drawn.Bounds() {
			t.Fatalf("%d: bounds %v, drawn %v", d.digit, committed.Bounds(), drawn.Bounds())
		}
		for y := range canvas {
			for x := range canvas {
				// Other machines' math may round a coverage the other way.
				got, _, _, _ := committed.At(x, y).RGBA()
				if want := int(drawn.GrayAt(x, y).Y); int(got>>8)-want < -1 || int(got>>8)-want > 1 {
					t.Fatalf("%d: pixel (%d, %d) is %d, drawn %d", d.digit, x, y, got>>8, want)
				}
			}
		}
	}
}

func TestDrawnPicturesKeepAMargin(t *testing.T) {
	for _, d := range drawable {
		img := render(d.path)
		for i := range canvas {
			for _, at := range []image.Point{{X: i}, {Y: i}, {X: i, Y: canvas - 1}, {X: canvas - 1, Y: i}} {
				if v := img.GrayAt(at.X, at.Y).Y; v != 0 {
					t.Fatalf("%d: edge pixel %v is %d: the stroke leaves the canvas", d.digit, at, v)
				}
			}
		}
	}
}
