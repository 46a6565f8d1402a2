package vision

import (
	"bytes"
	"errors"
	"fmt"
	"image"
	"io"
)

// Decode reads a picture of one of the Formats and turns it upright; grey files give 1 channel, all others 3.
//
// It gives what Pillow's ImageOps.exif_transpose and convert("RGB") give: alpha is dropped, not blended; palettes are
// expanded; CMYK follows Adobe's inverted convention. Unlike Pillow it reduces 16-bit grey to its high byte, as both do
// for 16-bit colour. Only the first frame of a GIF file is read. Animated WebP, CMYK JPEG without Adobe's marker and BMP with
// compression are refused; an orientation that stands in XMP only is ignored.
//
// At most as many bytes as the limit are read from r. Errors wrap ErrFormat or ErrTooLarge, or are those of r.
func Decode(r io.Reader, opts ...DecodeOption) (*Image, error) {
	c, err := newDecodeConfig(opts)
	if err != nil {
		return nil, err
	}
	data, err := io.ReadAll(io.LimitReader(r, c.maxBytes+1))
	if err != nil {
		return nil, fmt.Errorf("read picture: %w", err)
	}
	return c.decode(data)
}

// DecodeBytes is Decode for a file in memory, which it neither changes nor keeps.
func DecodeBytes(data []byte, opts ...DecodeOption) (*Image, error) {
	c, err := newDecodeConfig(opts)
	if err != nil {
		return nil, err
	}
	return c.decode(data)
}

// Size returns the size of a picture as it is stored, in pixels, from the header of its file: what Decode would have to decode. It is
// checked against the limits and the length of the file. Errors wrap ErrFormat or ErrTooLarge.
func Size(data []byte, opts ...DecodeOption) (width, height int, err error) {
	c, err := newDecodeConfig(opts)
	if err != nil {
		return 0, 0, err
	}
	f, err := c.format(data)
	if err != nil {
		return 0, 0, err
	}
	header, err := c.header(f, data)
	if err != nil {
		return 0, 0, fmt.Errorf("decode %s: %w", f.name, err)
	}
	return header.Width, header.Height, nil
}

// format returns the format of a file that is not too long.
func (c *decodeConfig) format(data []byte) (*format, error) {
	if int64(len(data)) > c.maxBytes {
		return nil, fmt.Errorf("picture: more than %d bytes: %w", c.maxBytes, ErrTooLarge)
	}
	for i := range formats {
		if f := &formats[i]; f.match(data) {
			return f, nil
		}
	}
	return nil, fmt.Errorf("%w: first bytes % x are of none of %v", ErrFormat, data[:min(len(data), 8)], Formats())
}

func (c *decodeConfig) decode(data []byte) (*Image, error) {
	f, err := c.format(data)
	if err != nil {
		return nil, err
	}
	m, err := c.decodeFormat(f, data)
	if err != nil {
		return nil, fmt.Errorf("decode %s: %w", f.name, err)
	}
	return m, nil
}

// recovered makes a panic of a decoder, which is not our code, an error.
func recovered(err *error) {
	if p := recover(); p != nil {
		*err = fmt.Errorf("%w: decoder panicked: %v", ErrFormat, p)
	}
}

// header returns the header of a file of format f once it is within the limits.
func (c *decodeConfig) header(f *format, data []byte) (header image.Config, err error) {
	defer recovered(&err)
	if header, err = f.header(bytes.NewReader(data)); err != nil {
		return header, formatError(err)
	}
	if err := c.checkHeader(header); err != nil {
		return header, err
	}
	if pixels := int64(header.Width) * int64(header.Height); f.density > 0 && pixels/f.density > int64(len(data)) {
		return header, fmt.Errorf("%w: %dx%d pixels cannot be in %d bytes", ErrFormat, header.Width, header.Height, len(data))
	}
	return header, nil
}

// decodeFormat decodes a file of format f.
func (c *decodeConfig) decodeFormat(f *format, data []byte) (m *Image, err error) {
	defer recovered(&err)
	header, err := c.header(f, data)
	if err != nil {
		return nil, err
	}
	m, err = f.decode(data)
	if err != nil {
		return nil, formatError(err)
	}
	if m.Width != header.Width || m.Height != header.Height {
		return nil, fmt.Errorf("%w: header says %dx%d, picture is %dx%d", ErrFormat, header.Width, header.Height, m.Width, m.Height)
	}
	c.trace.image("decode", m, f.name)
	if c.keep {
		return m, nil
	}
	o := exifOrientation(f.exif(data))
	m = oriented(m, o)
	if o != upright {
		c.trace.image("orient", m, fmt.Sprintf("Exif orientation %d", o))
	}
	return m, nil
}

// formatError makes a decoder's error wrap ErrFormat.
func formatError(err error) error {
	if errors.Is(err, ErrTooLarge) || errors.Is(err, ErrFormat) {
		return err
	}
	if errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF) {
		return fmt.Errorf("%w: file is cut short", ErrFormat)
	}
	return fmt.Errorf("%w: %w", ErrFormat, err)
}
