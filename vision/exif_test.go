package vision

import (
	"bytes"
	"encoding/binary"
	"testing"
)

// tiff returns a TIFF structure whose directory holds one entry.
func tiff(order binary.AppendByteOrder, tag, kind uint16, count uint32, value uint32) []byte {
	b := []byte("II\x2a\x00")
	if order == binary.AppendByteOrder(binary.BigEndian) {
		b = []byte("MM\x00\x2a")
	}
	b = order.AppendUint32(b, 8)
	b = order.AppendUint16(b, 1)
	b = order.AppendUint16(b, tag)
	b = order.AppendUint16(b, kind)
	b = order.AppendUint32(b, count)
	if kind == 3 {
		b = order.AppendUint16(b, uint16(value))
		return append(b, 0, 0, 0, 0, 0, 0)
	}
	b = order.AppendUint32(b, value)
	return append(b, 0, 0, 0, 0)
}

func TestExifOrientation(t *testing.T) {
	little, big := binary.LittleEndian, binary.BigEndian
	for name, c := range map[string]struct {
		data []byte
		want orientation
	}{
		"little endian":   {tiff(little, 0x112, 3, 1, 6), 6},
		"big endian":      {tiff(big, 0x112, 3, 1, 8), 8},
		"long":            {tiff(big, 0x112, 4, 1, 3), 3},
		"no Exif":         {nil, upright},
		"zero":            {tiff(little, 0x112, 3, 1, 0), upright},
		"nine":            {tiff(little, 0x112, 3, 1, 9), upright},
		"two values":      {tiff(little, 0x112, 3, 2, 6), upright},
		"wrong type":      {tiff(little, 0x112, 2, 1, 6), upright},
		"other tag":       {tiff(little, 0x110, 3, 1, 6), upright},
		"cut entry":       {tiff(little, 0x112, 3, 1, 6)[:20], upright},
		"cut directory":   {tiff(little, 0x112, 3, 1, 6)[:9], upright},
		"not TIFF":        {[]byte("XX\x2a\x00\x08\x00\x00\x00\x00\x00"), upright},
		"directory far":   {append([]byte("II\x2a\x00\xff\xff\xff\xff"), make([]byte, 20)...), upright},
		"directory at 7f": {append([]byte("MM\x00\x2a\x7f\xff\xff\xff"), make([]byte, 20)...), upright},
	} {
		if got := exifOrientation(c.data); got != c.want {
			t.Errorf("%s: got %d, want %d", name, got, c.want)
		}
	}
}

// TestExifContainersSurviveCuts says that a file cut anywhere gives no Exif data or a part of the file, without a panic.
func TestExifContainersSurviveCuts(t *testing.T) {
	for _, c := range []struct {
		file string
		find func([]byte) []byte
		want orientation
	}{{"jexif5_23x14.jpg", jpegExif, 5}, {"exif6.png", pngExif, 6}, {"exif8.webp", webpExif, 8}} {
		data := fixture(t, c.file)
		if got := exifOrientation(c.find(data)); got != c.want {
			t.Errorf("%s: orientation %d, want %d", c.file, got, c.want)
		}
		for n := range data {
			if part := c.find(data[:n]); !bytes.Contains(data, part) {
				t.Fatalf("%s cut to %d bytes: Exif data is not in the file", c.file, n)
			}
		}
	}
	if part := pngExif(append([]byte("\x89PNG\r\n\x1a\n\xff\xff\xff\xffeXIf"), make([]byte, 20)...)); part != nil {
		t.Errorf("chunk beyond the file: got %d bytes", len(part))
	}
}

// TestOrientation turns a picture of 3 x 2 numbered pixels; the wanted rows are those of Exif 2.32, 4.6.5.1.1.
func TestOrientation(t *testing.T) {
	for o, want := range map[orientation]struct {
		width int
		pix   string
	}{
		1: {3, "abcdef"}, 2: {3, "cbafed"}, 3: {3, "fedcba"}, 4: {3, "defabc"},
		5: {2, "adbecf"}, 6: {2, "daebfc"}, 7: {2, "fcebda"}, 8: {2, "cfbead"},
	} {
		grey := oriented(&Image{Width: 3, Height: 2, Channels: 1, Pix: []byte("abcdef")}, o)
		if grey.Width != want.width || grey.Height != 6/want.width || string(grey.Pix) != want.pix {
			t.Errorf("%d: got %dx%d %s, want %s", o, grey.Width, grey.Height, grey.Pix, want.pix)
		}
		src := &Image{Width: 3, Height: 2, Channels: 1, Pix: []byte("abcdef")}
		if rgb := oriented(src.RGB(), o); !bytes.Equal(rgb.Pix, grey.RGB().Pix) || rgb.Width != grey.Width {
			t.Errorf("%d: colour differs from grey", o)
		}
	}
}
