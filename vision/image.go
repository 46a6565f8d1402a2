package vision

import (
	"fmt"
	"math"
)

// Image is an 8-bit picture of interleaved pixels, rows from the top, without padding.
//
// Channels is 3 for red, green, blue and 1 for grey. Pix has Width*Height*Channels elements; pixel (x, y) begins at
// (y*Width+x)*Channels. Reading one from several goroutines is safe.
type Image struct {
	Width, Height int
	Channels      int
	Pix           []uint8
}

// NewImage returns a black picture. It returns an error wrapping ErrImage for a size below 1 or a number of channels
// other than 1 and 3, ErrTooLarge for more than 2³¹-1 bytes.
func NewImage(width, height, channels int) (*Image, error) {
	n, err := pixBytes(width, height, channels)
	if err != nil {
		return nil, err
	}
	return &Image{Width: width, Height: height, Channels: channels, Pix: make([]uint8, n)}, nil
}

// pixBytes returns the number of bytes of a picture, at most 2³¹-1.
func pixBytes(width, height, channels int) (int, error) {
	if width < 1 || height < 1 {
		return 0, fmt.Errorf("%w: size %dx%d", ErrImage, width, height)
	}
	if channels != 1 && channels != 3 {
		return 0, fmt.Errorf("%w: want 1 or 3 channels, got %d", ErrImage, channels)
	}
	if width > math.MaxInt32/channels/height {
		return 0, fmt.Errorf("size %dx%d: %w", width, height, ErrTooLarge)
	}
	return width * height * channels, nil
}

// Check returns an error wrapping ErrImage or ErrTooLarge unless the fields of m agree.
func (m *Image) Check() error {
	if m == nil {
		return fmt.Errorf("%w: nil", ErrImage)
	}
	n, err := pixBytes(m.Width, m.Height, m.Channels)
	if err != nil {
		return err
	}
	if len(m.Pix) != n {
		return fmt.Errorf("%w: %dx%d with %d channels: want %d bytes, got %d", ErrImage, m.Width, m.Height, m.Channels, n, len(m.Pix))
	}
	return nil
}

// RGB returns m where it has 3 channels, else a copy whose three channels are all grey.
func (m *Image) RGB() *Image {
	if m.Channels == 3 {
		return m
	}
	out := &Image{Width: m.Width, Height: m.Height, Channels: 3, Pix: make([]uint8, 3*len(m.Pix))}
	for i, v := range m.Pix {
		p := out.Pix[3*i : 3*i+3 : 3*i+3]
		p[0], p[1], p[2] = v, v, v
	}
	return out
}

// Grey returns m where it has 1 channel, else its luma by ITU-R BT.601 in 16-bit fixed point, as Pillow's convert("L"):
// (19595 R + 38470 G + 7471 B + 2¹⁵) >> 16.
func (m *Image) Grey() *Image {
	if m.Channels == 1 {
		return m
	}
	out := &Image{Width: m.Width, Height: m.Height, Channels: 1, Pix: make([]uint8, len(m.Pix)/3)}
	for i := range out.Pix {
		p := m.Pix[3*i : 3*i+3 : 3*i+3]
		out.Pix[i] = uint8((19595*uint32(p[0]) + 38470*uint32(p[1]) + 7471*uint32(p[2]) + 1<<15) >> 16)
	}
	return out
}

// valueRange returns the least and the greatest element.
func (m *Image) valueRange() (lo, hi uint8) {
	lo = 255
	for _, v := range m.Pix {
		lo, hi = min(lo, v), max(hi, v)
	}
	return lo, hi
}
