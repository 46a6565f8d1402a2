package vision

import (
	"fmt"
	"math"
)

// Crop returns the pixels x ≤ column < x+width, y ≤ row < y+height of src as a copy. A rectangle that is empty or leaves
// src gives an error wrapping ErrImage.
func Crop(src *Image, x, y, width, height int) (*Image, error) {
	if err := src.Check(); err != nil {
		return nil, err
	}
	if width < 1 || height < 1 || x < 0 || y < 0 || width > src.Width-x || height > src.Height-y {
		return nil, fmt.Errorf("%w: crop %dx%d at (%d, %d) of %dx%d", ErrImage, width, height, x, y, src.Width, src.Height)
	}
	return cropped(src, rect{x, y, x + width, y + height}), nil
}

// CenterCrop returns the middle width x height pixels of src, as torchvision's CenterCrop: the offset is half the
// difference, halves rounded to even. Where src is smaller it is first padded with fill in all channels, the odd pixel
// to the right and below. Errors wrap ErrImage or ErrTooLarge.
func CenterCrop(src *Image, width, height int, fill uint8) (*Image, error) {
	if err := src.Check(); err != nil {
		return nil, err
	}
	if _, err := pixBytes(width, height, src.Channels); err != nil {
		return nil, fmt.Errorf("centre crop: %w", err)
	}
	keepW, keepH := min(width, src.Width), min(height, src.Height)
	x, y := cropOffset(src.Width, keepW), cropOffset(src.Height, keepH)
	part := cropped(src, rect{x, y, x + keepW, y + keepH})
	return padded(part, width, height, fill), nil
}

// cropOffset returns where the middle kept of size samples begin.
func cropOffset(size, kept int) int { return int(math.RoundToEven(float64(size-kept) / 2)) }

// cropped returns a copy of region r of src, which must lie in it.
func cropped(src *Image, r rect) *Image {
	out := &Image{Width: r.x1 - r.x0, Height: r.y1 - r.y0, Channels: src.Channels}
	out.Pix = make([]uint8, 0, out.Width*out.Height*out.Channels)
	for y := r.y0; y < r.y1; y++ {
		line := src.Pix[y*src.Width*src.Channels:]
		out.Pix = append(out.Pix, line[r.x0*src.Channels:r.x1*src.Channels]...)
	}
	return out
}

// padded returns src in the middle of a picture of at least its size, or src itself where that is its size.
func padded(src *Image, width, height int, fill uint8) *Image {
	if width == src.Width && height == src.Height {
		return src
	}
	out := &Image{Width: width, Height: height, Channels: src.Channels, Pix: make([]uint8, width*height*src.Channels)}
	if fill != 0 {
		for i := range out.Pix {
			out.Pix[i] = fill
		}
	}
	left, top := (width-src.Width)/2, (height-src.Height)/2
	stride := src.Width * src.Channels
	for y := range src.Height {
		copy(out.Pix[((top+y)*width+left)*src.Channels:], src.Pix[y*stride:(y+1)*stride])
	}
	return out
}

// shorterSide returns the size at which the shorter side of a width x height picture is n and the longer one
// int(n*long/short), as torchvision's Resize(n). A longer side beyond maxSide, which no function resizes to, comes out
// as maxSide+1.
func shorterSide(width, height, n int) (int, int) {
	if width <= height {
		return n, int(min(int64(n)*int64(height)/int64(width), maxSide+1))
	}
	return int(min(int64(n)*int64(width)/int64(height), maxSide+1)), n
}

// fitInside returns the greatest size with the proportions of a width x height picture that fits into maxWidth x
// maxHeight, the free side rounded to nearest and at least 1.
func fitInside(width, height, maxWidth, maxHeight int) (int, int) {
	scale := min(float64(maxWidth)/float64(width), float64(maxHeight)/float64(height))
	w := int(math.Round(float64(width) * scale))
	h := int(math.Round(float64(height) * scale))
	return min(max(w, 1), maxWidth), min(max(h, 1), maxHeight)
}
