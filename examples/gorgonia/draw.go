package main

import (
	"image"
	"image/color"
	"image/png"
	"io"
	"math"
	"os"
	"path/filepath"
	"strconv"

	"github.com/octet-ml/octet/vision"
)

const (
	canvas = 140  // width and height of a picture, in pixels
	stroke = 6.6  // half the width of the pen
	slant  = 0.14 // columns per row
	glyph  = 88.0 // height of a digit between the pen's centres
)

// point is a place on the unit square, y down, or on the canvas.
type point struct{ x, y float64 }

// drawable lists the digits that draw knows, as the points their strokes pass.
var drawable = []struct {
	digit int
	path  []point
}{
	{3, append(arc(0.47, 0.26, 0.25, 0.24, -150, 90), arc(0.46, 0.74, 0.30, 0.25, -90, 155)...)},
	{7, []point{{0.14, 0.04}, {0.84, 0.04}, {0.70, 0.25}, {0.59, 0.46}, {0.51, 0.70}, {0.46, 1}}},
	{8, append(arc(0.5, 0.25, 0.24, 0.235, 90, 450), arc(0.5, 0.735, 0.29, 0.25, -90, 270)...)},
}

// arc returns points of an ellipse about (cx, cy) from one angle to another in degrees, clockwise from the right.
func arc(cx, cy, rx, ry, from, to float64) []point {
	const parts = 32
	var path []point
	for i := range parts + 1 {
		sin, cos := math.Sincos((from + (to-from)*float64(i)/parts) * math.Pi / 180)
		path = append(path, point{cx + rx*cos, cy + ry*sin})
	}
	return path
}

// render draws a path in white on black, slanted and antialiased, with its centre of mass in the middle as MNIST has it.
func render(path []point) *image.Gray {
	placed := make([]point, len(path))
	for i, p := range path {
		y := (p.y - 0.5) * glyph
		placed[i] = point{canvas/2 + (p.x-0.5)*glyph - slant*y, canvas/2 + y}
	}
	dx, dy := offCentre(paint(placed))
	for i := range placed {
		placed[i].x -= dx
		placed[i].y -= dy
	}
	return paint(placed)
}

// paint draws the open polygon through path with a round pen; a pixel's value is its coverage.
func paint(path []point) *image.Gray {
	img := image.NewGray(image.Rect(0, 0, canvas, canvas))
	for y := range canvas {
		for x := range canvas {
			nearest := math.Inf(1)
			for i := range path[1:] {
				nearest = min(nearest, distance(point{float64(x) + 0.5, float64(y) + 0.5}, path[i], path[i+1]))
			}
			coverage := min(max(stroke+0.5-nearest, 0), 1)
			img.SetGray(x, y, color.Gray{Y: uint8(math.Round(255 * coverage))})
		}
	}
	return img
}

// distance returns how far p is from the segment a b.
func distance(p, a, b point) float64 {
	dx, dy := b.x-a.x, b.y-a.y
	t := 0.0
	if square := float64(dx*dx) + float64(dy*dy); square > 0 {
		t = min(max((float64((p.x-a.x)*dx)+float64((p.y-a.y)*dy))/square, 0), 1)
	}
	return math.Hypot(p.x-a.x-float64(t*dx), p.y-a.y-float64(t*dy))
}

// offCentre returns how far the centre of mass lies from the middle.
func offCentre(img *image.Gray) (dx, dy float64) {
	var mass, mx, my float64
	for y := range canvas {
		for x := range canvas {
			v := float64(img.GrayAt(x, y).Y)
			mass += v
			mx += v * (float64(x) + 0.5)
			my += v * (float64(y) + 0.5)
		}
	}
	return math.Round(mx/mass - canvas/2), math.Round(my/mass - canvas/2)
}

// shrink returns a picture as a digit, resized as the model's preprocessing does.
func shrink(img *image.Gray) ([]uint8, error) {
	large, err := vision.FromImage(img)
	if err != nil {
		return nil, err
	}
	small, err := vision.Resize(large, side, side, preprocess().Filter)
	if err != nil {
		return nil, err
	}
	return small.Pix, nil
}

// drawInto writes every picture as dir/DIGIT.png.
func drawInto(dir string) error {
	for _, d := range drawable {
		f, err := os.Create(filepath.Join(dir, strconv.Itoa(d.digit)+".png"))
		if err != nil {
			return err
		}
		err = writePNG(f, render(d.path))
		if closed := f.Close(); err == nil {
			err = closed
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// writePNG writes a picture as small as PNG allows.
func writePNG(w io.Writer, img image.Image) error {
	encoder := png.Encoder{CompressionLevel: png.BestCompression}
	return encoder.Encode(w, img)
}
