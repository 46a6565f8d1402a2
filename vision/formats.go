package vision

import (
	"bytes"
	"fmt"
	"image"
	"image/gif"
	"image/jpeg"
	"image/png"
	"io"

	"golang.org/x/image/bmp"
	"golang.org/x/image/webp"
)

// format is one row of the table of picture formats.
type format struct {
	name   string
	match  func(data []byte) bool
	header func(r io.Reader) (image.Config, error)
	decode func(data []byte) (*Image, error)
	exif   func(data []byte) []byte // the embedded TIFF structure, nil where there is none
	// density is the most pixels that a byte of a whole file can stand for, 0 where there is no bound: a header that
	// claims more is a lie that would only waste memory.
	density int64
}

// The densities: a bit of a JPEG file can stand for a block of 8 x 8 pixels, deflate expands up to 1032 times (to 8
// pixels a byte), a GIF code is at least 9 bits where it can stand for many of at most 4096 pixels.
var formats = [...]format{
	{"JPEG", prefixed("\xff\xd8\xff"), jpeg.DecodeConfig, decodeWith(jpeg.Decode), jpegExif, 8 * 64},
	{"PNG", prefixed("\x89PNG\r\n\x1a\n"), png.DecodeConfig, decodeWith(png.Decode), pngExif, 8 * 1032},
	{"GIF", prefixed("GIF8"), gif.DecodeConfig, decodeGIF, noExif, 4096},
	{"WebP", isWebP, webp.DecodeConfig, decodeWebP, webpExif, 0},
	{"BMP", prefixed("BM"), bmp.DecodeConfig, decodeWith(bmp.Decode), noExif, 8},
}

// Formats returns the names of the picture formats that Decode reads.
func Formats() []string {
	var names []string
	for _, f := range formats {
		names = append(names, f.name)
	}
	return names
}

func prefixed(magic string) func([]byte) bool {
	return func(data []byte) bool { return bytes.HasPrefix(data, []byte(magic)) }
}

func isWebP(data []byte) bool {
	return len(data) >= 12 && string(data[:4]) == "RIFF" && string(data[8:12]) == "WEBP"
}

// decodeWith decodes with a decoder whose result FromImage converts.
func decodeWith(decode func(io.Reader) (image.Image, error)) func([]byte) (*Image, error) {
	return func(data []byte) (*Image, error) {
		src, err := decode(bytes.NewReader(data))
		if err != nil {
			return nil, err
		}
		return FromImage(src)
	}
}

// decodeWebP decodes with libwebp's colour conversion, which is not the one that image.YCbCr stands for.
func decodeWebP(data []byte) (*Image, error) {
	const flags, animation = 20, 1 << 1 // of the VP8X chunk (WebP Container Specification, Extended File Format)
	if len(data) > flags && string(data[12:16]) == "VP8X" && data[flags]&animation != 0 {
		return nil, fmt.Errorf("%w: an animation", ErrFormat)
	}
	src, err := webp.Decode(bytes.NewReader(data))
	if err != nil {
		return nil, err
	}
	switch src := src.(type) {
	case *image.YCbCr:
		return fromYCbCr(src, vp8Color)
	case *image.NYCbCrA:
		return fromYCbCr(&src.YCbCr, vp8Color)
	}
	return FromImage(src)
}
