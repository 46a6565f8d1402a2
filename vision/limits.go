package vision

import (
	"fmt"
	"image"
)

// The default limits of Decode. The greatest default picture takes about 200 MB as an Image, and while it is decoded
// up to about 16 bytes a pixel more (a progressive JPEG file keeps all its coefficients).
const (
	DefaultMaxBytes  = 32 << 20 // of the file
	DefaultMaxPixels = 1 << 26  // width times height, 67 million
)

// DecodeOption changes how Decode works.
type DecodeOption func(*decodeConfig) error

type decodeConfig struct {
	maxBytes  int64
	maxPixels int64
	keep      bool // leave the orientation as it is stored
	trace     *Trace
}

func newDecodeConfig(opts []DecodeOption) (*decodeConfig, error) {
	c := &decodeConfig{maxBytes: DefaultMaxBytes, maxPixels: DefaultMaxPixels}
	for _, o := range opts {
		if err := o(c); err != nil {
			return nil, err
		}
	}
	return c, nil
}

// WithMaxBytes limits the size of a file (default DefaultMaxBytes); n must be positive.
func WithMaxBytes(n int64) DecodeOption {
	return func(c *decodeConfig) error {
		if n < 1 {
			return fmt.Errorf("decode: limit of %d bytes: want a positive number", n)
		}
		c.maxBytes = n
		return nil
	}
}

// WithMaxPixels limits width times height (default DefaultMaxPixels); n must be positive. The limit is compared with
// the file's header before any pixel is decoded.
func WithMaxPixels(n int64) DecodeOption {
	return func(c *decodeConfig) error {
		if n < 1 {
			return fmt.Errorf("decode: limit of %d pixels: want a positive number", n)
		}
		c.maxPixels = n
		return nil
	}
}

// WithStoredOrientation leaves the picture as it is stored (default: turned upright by its Exif orientation).
func WithStoredOrientation() DecodeOption {
	return func(c *decodeConfig) error {
		c.keep = true
		return nil
	}
}

// WithTrace records the steps of decoding in t (default: nowhere).
func WithTrace(t *Trace) DecodeOption {
	return func(c *decodeConfig) error {
		c.trace = t
		return nil
	}
}

// checkHeader compares a file's header with the limits.
func (c *decodeConfig) checkHeader(h image.Config) error {
	if h.Width < 1 || h.Height < 1 {
		return fmt.Errorf("%w: size %dx%d", ErrFormat, h.Width, h.Height)
	}
	if int64(h.Width) > c.maxPixels/int64(h.Height) {
		return fmt.Errorf("%dx%d: more than %d pixels: %w", h.Width, h.Height, c.maxPixels, ErrTooLarge)
	}
	return nil
}
