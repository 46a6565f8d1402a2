package vision

import (
	"bytes"
	"fmt"
	"image"
	"image/gif"
)

// decodeGIF reads the first frame onto its canvas. What the frame leaves free has the transparent colour, or else the
// first one of the table. Transparent pixels have the colour of the table, which image/gif replaces by black.
func decodeGIF(data []byte) (*Image, error) {
	header, err := gif.DecodeConfig(bytes.NewReader(data))
	if err != nil {
		return nil, err
	}
	decoded, err := gif.Decode(bytes.NewReader(data))
	if err != nil {
		return nil, err
	}
	frame, ok := decoded.(*image.Paletted)
	if !ok {
		return nil, fmt.Errorf("%w: frame is a %T", ErrFormat, decoded)
	}
	table := paletteTable(frame.Palette)
	free := 0
	if i, color, ok := gifTransparent(data); ok {
		table[i], free = color, i
	}
	m, err := NewImage(header.Width, header.Height, 3)
	if err != nil {
		return nil, err
	}
	if table[free] != [3]uint8{} && frame.Rect != image.Rect(0, 0, m.Width, m.Height) {
		for i := 0; i < len(m.Pix); i += 3 {
			*(*[3]uint8)(m.Pix[i:]) = table[free]
		}
	}
	r := frame.Rect.Intersect(image.Rect(0, 0, m.Width, m.Height))
	for y := r.Min.Y; y < r.Max.Y; y++ {
		dst := m.Pix[3*(y*m.Width+r.Min.X):][:3*r.Dx()]
		expand(dst, frame.Pix[frame.PixOffset(r.Min.X, y):], table)
	}
	return m, nil
}

// gifTransparent finds the transparent index of the first frame and its colour in the frame's table (GIF89a, sections
// 17 to 23). It reports false where there is none.
func gifTransparent(data []byte) (index int, color [3]uint8, ok bool) {
	const tableFlag, extension, imageDescriptor, graphicControl = 0x80, 0x21, 0x2c, 0xf9
	if len(data) < 13 {
		return 0, color, false
	}
	var table []byte
	takeTable := func(at int, flags byte) int {
		if flags&tableFlag == 0 {
			return at
		}
		size := 3 << (flags&7 + 1)
		table = data[min(at, len(data)):min(at+size, len(data))]
		return at + size
	}
	at := takeTable(13, data[10])
	index = -1
	for at+10 <= len(data) {
		switch data[at] {
		case extension:
			if data[at+1] == graphicControl && data[at+2] == 4 && data[at+3]&1 != 0 {
				index = int(data[at+6])
			}
			at += 2
			for at < len(data) && data[at] != 0 {
				at += 1 + int(data[at])
			}
			at++
		case imageDescriptor:
			takeTable(at+10, data[at+9])
			if index < 0 || 3*index+3 > len(table) {
				return 0, color, false
			}
			return index, [3]uint8(table[3*index:]), true
		default:
			return 0, color, false
		}
	}
	return 0, color, false
}
